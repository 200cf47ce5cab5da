/** The metrics of the table, kept and served for Prometheus. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type Log, silentLog } from "../runtime/logger.ts";
import {
  type LabelsOf,
  METRICS,
  type Metric,
  type MetricName,
  metricNames,
  type Named,
  type Sample,
} from "./metric-table.ts";

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  add<N extends Named<"counter">>(metric: N, labels: LabelsOf<N>, by?: number): void;
  observe<N extends Named<"histogram">>(metric: N, labels: LabelsOf<N>, value: number): void;
  set<N extends Named<"gauge">>(metric: N, labels: LabelsOf<N>, value: number): void;
  /**
   * Exactly these are the series of a resource from now on; what it had before and is not among them goes. They are made when
   * somebody asks for the metrics: looks are many, and those who ask are few.
   */
  show(key: string, samples: () => readonly Sample[]): void;
  /** It has none any more, and nothing is kept of it even where nobody ever asks. */
  hide(key: string): void;
}

type Instrument = Counter | Gauge | Histogram;

/** `collect` is called before each scrape, for what is cheaper to ask than to follow. */
export function createMetrics(collect: (metrics: Metrics) => void = () => undefined, log: Log = silentLog): Metrics {
  const registry = new Registry();
  const instruments = new Map(metricNames().map((name) => [name, instrument(name, METRICS[name], registry)]));
  const find = <T extends Instrument>(name: MetricName, type: new (...args: never[]) => T): T => {
    const found = instruments.get(name);
    if (!(found instanceof type)) throw new Error(`${name} is no such metric`);
    return found;
  };
  /** The series that each resource has, by metric and labels. */
  const shown = new Map<string, ReadonlyMap<string, Sample>>();
  const pending = new Map<string, () => readonly Sample[]>();

  const showNow = (key: string, samples: readonly Sample[]): void => {
    const now = new Map(samples.map((sample) => [JSON.stringify([sample.metric, sample.labels]), sample]));
    const before = shown.get(key);
    for (const [series, { metric, labels }] of before ?? [])
      if (!now.has(series)) find(metric, Gauge).remove({ ...labels });
    for (const [series, { metric, labels, value }] of now)
      if (before?.get(series)?.value !== value) find(metric, Gauge).set({ ...labels }, value);
    if (now.size === 0) shown.delete(key);
    else shown.set(key, now);
  };

  const showPending = (): void => {
    for (const [key, samples] of pending) {
      try {
        showNow(key, samples());
      } catch (error) {
        log.error({ key, err: error }, "a mistake of the program in the metrics of a resource; the others have theirs");
      }
    }
    pending.clear();
  };

  const metrics: Metrics = {
    contentType: registry.contentType,
    text() {
      collect(metrics);
      showPending();
      return registry.metrics();
    },
    add: (metric, labels, by = 1) => find(metric, Counter).inc({ ...labels }, by),
    observe: (metric, labels, value) => find(metric, Histogram).observe({ ...labels }, value),
    set: (metric, labels, value) => find(metric, Gauge).set({ ...labels }, value),
    show: (key, samples) => void pending.set(key, samples),
    hide(key) {
      pending.delete(key);
      showNow(key, []);
    },
  };
  return metrics;
}

function instrument(name: string, { type, help, labels, buckets }: Metric, registry: Registry): Instrument {
  const common = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  switch (type) {
    case "counter":
      return new Counter(common);
    case "gauge":
      return new Gauge(common);
    case "histogram":
      return new Histogram({ ...common, ...(buckets === undefined ? {} : { buckets: [...buckets] }) });
  }
}
