/** What is wrong with a query, as far as its text shows: Prometheus' own grammar, and the table of metrics. */
import { parser } from "@prometheus-io/lezer-promql";
import { METRICS, type Metric } from "../../src/observability/metric-table.ts";

/** Labels that a scrape adds. */
const OF_TARGETS = new Set(["job", "instance", "pod", "container", "endpoint", "service"]);

function metricOf(series: string): Metric | undefined {
  const all = new Map<string, Metric>(Object.entries(METRICS));
  const found = all.get(series);
  if (found !== undefined) return found.type === "histogram" ? undefined : found;
  const [, name = "", suffix] = /^(.*)_(bucket|sum|count)$/.exec(series) ?? [];
  const histogram = all.get(name);
  if (histogram?.type !== "histogram") return undefined;
  return suffix === "bucket" ? { ...histogram, labels: { ...histogram.labels, le: "upper bound" } } : histogram;
}

/** Empty where it is a query that Prometheus reads, over series that exist, by labels that they have. */
export function problemsOf(query: string): readonly string[] {
  const problems: string[] = [];
  const grouped = new Set<string>();
  const known = new Set(OF_TARGETS);
  let selected: Metric | undefined;
  let inGroup = false;
  parser.parse(query).iterate({
    enter(node) {
      const text = query.slice(node.from, node.to);
      if (node.type.isError) problems.push(`is no PromQL at character ${node.from}: ${query.slice(node.from)}`);
      if (node.name === "GroupingLabels") inGroup = true;
      if (node.name === "Identifier") {
        selected = metricOf(text);
        if (selected === undefined) problems.push(`there is no series ${text}`);
        for (const label of Object.keys(selected?.labels ?? {})) known.add(label);
      }
      if (node.name !== "LabelName") return;
      if (inGroup) grouped.add(text);
      else if (selected !== undefined && !(text in selected.labels) && !OF_TARGETS.has(text))
        problems.push(`the series has no label ${text}`);
    },
    leave(node) {
      if (node.name === "GroupingLabels") inGroup = false;
    },
  });
  return [
    ...problems,
    ...[...grouped].filter((label) => !known.has(label)).map((label) => `nothing has a label ${label}`),
  ];
}
