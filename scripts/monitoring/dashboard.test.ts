import { expect, test } from "vitest";
import { z } from "zod";
import { dashboard } from "./dashboard.ts";
import { expressionsOf } from "./dashboard-queries.ts";
import { problemsOf } from "./promql.ts";

const panel = z.object({
  id: z.int(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z.array(z.object({ refId: z.string(), expr: z.string() })).default([]),
  datasource: z.object({ uid: z.string() }).optional(),
});
const shown = z
  .object({
    uid: z.string().max(40),
    schemaVersion: z.int(),
    templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.string() })) }),
    panels: z.array(panel),
  })
  .parse(dashboard());

test("every query is PromQL over series and labels that exist", () => {
  const queries = expressionsOf(dashboard());
  expect(queries.length).toBeGreaterThan(15);
  expect(queries.map((query) => [query, problemsOf(query)]).filter(([, problems]) => problems?.length !== 0)).toEqual(
    [],
  );
});

test("every variable that a query names exists, and lists values of a series that exists", () => {
  const names = shown.templating.list.map(({ name }) => name);
  const used = shown.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/\$[a-z]\w*/g) ?? []));
  expect([...new Set(used)].filter((name) => !names.includes(name.slice(1)))).toEqual([]);
  const queries = shown.templating.list.map(({ query }) => /^label_values\((.*), (\w+)\)$/.exec(query));
  for (const [, series = "", label = ""] of queries.filter((match) => match !== null))
    expect(problemsOf(`count by (${label}) (${series})`)).toEqual([]);
});

test("panels have ids of their own, do not lie on each other, and say what they show and whom they ask", () => {
  const { panels } = shown;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const over = panels.filter((a) =>
    panels.some(
      (b) =>
        a !== b &&
        a.gridPos.x < b.gridPos.x + b.gridPos.w &&
        b.gridPos.x < a.gridPos.x + a.gridPos.w &&
        a.gridPos.y < b.gridPos.y + b.gridPos.h &&
        b.gridPos.y < a.gridPos.y + a.gridPos.h,
    ),
  );
  expect(over.map(({ title }) => title)).toEqual([]);
  expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  const mute = panels.filter(
    ({ type, description, datasource, targets }) =>
      type !== "row" && (description === undefined || datasource?.uid !== "${datasource}" || targets.length === 0),
  );
  expect(mute.map(({ title }) => title)).toEqual([]);
});

test("an upgrade is a timeline of its steps", () => {
  const timelines = shown.panels.filter(({ type }) => type === "state-timeline");
  expect(timelines.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join()).toContain(
    "ceilometer_upgrade_step_state",
  );
});
