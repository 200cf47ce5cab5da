/** What a dashboard asks, with Grafana's variables filled in as it does. */
import { z } from "zod";

const panels = z.object({
  panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })).default([]) })),
});

const VARIABLES: Readonly<Record<string, string>> = {
  $__range: "6h",
  $__rate_interval: "5m",
  $namespace: "openstack",
  $name: ".*",
};

export const expressionsOf = (dashboard: unknown): readonly string[] =>
  panels
    .parse(dashboard)
    .panels.flatMap(({ targets }) => targets)
    .map(({ expr }) => expr.replaceAll(/\$\w+/g, (name) => VARIABLES[name] ?? name));
