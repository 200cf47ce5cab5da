/** The metrics of the table, kept and served for Prometheus. */
import { setImmediate as turn } from "node:timers/promises";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type Log, silentLog } from "../runtime/logger.ts";
import {
  isOfResource,
  type LabelsOf,
  METRICS,
  type Metric,
  type MetricName,
  metricNames,
  type Named,
  type OfResource,
} from "./metric-table.ts";
import { createResourcePage, type ResourcePage } from "./resource-page.ts";

export interface Metrics extends Pick<ResourcePage, "show" | "hide"> {
  readonly contentType: string;
  /** The whole page, in Prometheus' text format. Others have their turns while it is made. */
  text(): Promise<string>;
  add<N extends Named<"counter">>(metric: N, labels: LabelsOf<N>, by?: number): void;
  observe<N extends Named<"histogram">>(metric: N, labels: LabelsOf<N>, value: number): void;
  set<N extends Exclude<Named<"gauge">, OfResource>>(metric: N, labels: LabelsOf<N>, value: number): void;
}

type Instrument = Counter | Gauge | Histogram;

/** `collect` is called before each scrape, for what is cheaper to ask than to follow. */
export function createMetrics(collect: (metrics: Metrics) => void = () => undefined, log: Log = silentLog): Metrics {
  const registry = new Registry();
  const ofOperator = metricNames().filter((name) => !isOfResource(name));
  const instruments = new Map<MetricName, Instrument>(
    ofOperator.map((name) => [name, instrument(name, METRICS[name], registry)]),
  );
  const find = <T extends Instrument>(name: MetricName, type: new (...args: never[]) => T): T => {
    const found = instruments.get(name);
    if (!(found instanceof type)) throw new Error(`${name} is no such metric`);
    return found;
  };
  const resources = createResourcePage((key, err) =>
    log.error({ key, err }, "a mistake of the program in the metrics of a resource; the others have theirs"),
  );

  const metrics: Metrics = {
    contentType: registry.contentType,
    async text() {
      collect(metrics);
      await resources.refresh();
      const parts: string[] = [];
      for (const name of metricNames()) {
        if (isOfResource(name)) {
          parts.push(`${head(name, METRICS[name])}\n${resources.lines(name)}`);
          await turn();
        } else parts.push(`${await registry.getSingleMetricAsString(name)}\n`);
      }
      return parts.join("\n");
    },
    add: (metric, labels, by = 1) => find(metric, Counter).inc({ ...labels }, by),
    observe: (metric, labels, value) => find(metric, Histogram).observe({ ...labels }, value),
    set: (metric, labels, value) => find(metric, Gauge).set({ ...labels }, value),
    show: resources.show,
    hide: resources.hide,
  };
  return metrics;
}

const head = (name: MetricName, { help, type }: Metric): string => `# HELP ${name} ${help}\n# TYPE ${name} ${type}`;

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
