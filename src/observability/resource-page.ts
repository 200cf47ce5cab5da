/**
 * The part of the page of metrics that grows with the resources. It is text from the start, made a few resources at a time: a library that
 * holds an object for each series and writes them all in one go keeps a lease from being renewed, where there are tens of thousands.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { OfResource, Sample } from "./metric-table.ts";

export interface ResourcePage {
  /** Exactly these are the series of a resource from now on. They are made when somebody asks: looks are many, and those who ask are few. */
  show(key: string, samples: () => readonly Sample[]): void;
  /** It has none any more, and nothing is kept of it even where nobody ever asks. */
  hide(key: string): void;
  /** Writes what has changed since the last time, in turns. */
  refresh(): Promise<void>;
  /** The lines of one metric, of all resources, each with its end; as of the last refresh. */
  lines(metric: OfResource): string;
}

type Lines = ReadonlyMap<OfResource, string>;

/** Some seventy series each: a few milliseconds. */
const RESOURCES_A_TURN = 16;

/** `onMistake`: the series of a resource could not be made; it keeps those that it had. */
export function createResourcePage(onMistake: (key: string, error: unknown) => void): ResourcePage {
  const written = new Map<string, Lines>();
  const pending = new Map<string, () => readonly Sample[]>();

  const write = (key: string, samples: () => readonly Sample[]): void => {
    pending.delete(key);
    try {
      written.set(key, linesOf(samples()));
    } catch (error) {
      onMistake(key, error);
    }
  };

  return {
    show: (key, samples) => void pending.set(key, samples),
    hide(key) {
      pending.delete(key);
      written.delete(key);
    },
    async refresh() {
      // Of now: a resource that is looked at again meanwhile is written again the next time, or this would never end.
      for (const [index, key] of [...pending.keys()].entries()) {
        if (index > 0 && index % RESOURCES_A_TURN === 0) await turn();
        const samples = pending.get(key);
        if (samples !== undefined) write(key, samples);
      }
    },
    lines: (metric) => [...written.values()].map((lines) => lines.get(metric) ?? "").join(""),
  };
}

function linesOf(samples: readonly Sample[]): Lines {
  const byMetric = Map.groupBy(samples, ({ metric }) => metric);
  return new Map([...byMetric].map(([metric, all]) => [metric, all.map(lineOf).join("")]));
}

/** One line of Prometheus' text format 0.0.4. */
function lineOf({ metric, labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${metric}{${pairs.join(",")}} ${value}\n`;
}

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
