import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { ALERTS, anchorOf, defaultsOf, filledIn, placeholdersOf, ruleGroups } from "./alerts.ts";
import { dashboard } from "./dashboard.ts";
import { expressionsOf } from "./dashboard-queries.ts";
import { problemsOf } from "./promql.ts";
import { findPromtool, promtool } from "./promtool.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");
const defaults = defaultsOf(await read("charts/ceilometer-upgrade-operator/values.schema.json"));
const rules = filledIn(stringify(ruleGroups(), { lineWidth: 0 }), defaults);

test.each(ALERTS.map((alert) => [alert.name, alert] as const))(
  "%s asks for series and labels that exist",
  (_, { expr }) => {
    expect(problemsOf(filledIn(expr, defaults))).toEqual([]);
  },
);

test("every threshold of the chart is used, and no other", () => {
  expect(placeholdersOf(JSON.stringify(ruleGroups())).toSorted()).toEqual([...defaults.keys()].toSorted());
});

test("every alert has an entry in the runbook", async () => {
  const headings = [...(await read("docs/runbook.md")).matchAll(/^#{2,6} (.+)$/gm)].map(([, heading = ""]) => heading);
  const anchors = headings.map((heading) => heading.toLowerCase());
  expect(ALERTS.map(anchorOf).filter((anchor) => !anchors.includes(anchor))).toEqual([]);
});

const ID = 'namespace="openstack",name="ceilometer"';
/** With the labels of a scrape, which no alert may depend on. */
const series = (metric: string, labels: string, values: string) => ({
  series: `ceilometer_upgrade_${metric}{${[labels, 'job="operator",pod="operator-0"'].filter(Boolean).join(",")}}`,
  values,
});
const condition = (type: string, values: string) => series("condition", `${ID},type="${type}"`, values);
const step = (name: string, state: string, values = "1x600") =>
  series("step_state", `${ID},step="${name}",state="${state}"`, values);
const state = (name: string) => series("state", `${ID},state="${name}"`, "1x600");
const waiting = series(
  "waiting_since_timestamp_seconds",
  `${ID},step="polling",gate="Rollout",reason="CrashLoopBackOff",object="Pod/a"`,
  "0x600",
);

interface Scenario {
  readonly alert: string;
  readonly what: string;
  readonly series: readonly { readonly series: string; readonly values: string }[];
  /** Minutes after the start, at which it is looked at. */
  readonly at: number;
  readonly firing: number;
}

const agents = (values: string) => series("agents_available", `${ID},component="polling"`, values);
const started = series("step_started_timestamp_seconds", `${ID},step="polling"`, "0x600");
const expiry = series("accepted_risk_expiry_timestamp_seconds", `${ID},check="DefinitionRemoved"`, "36000x600");

/** Time begins at zero and a value holds for a minute. */
const SCENARIOS: readonly Scenario[] = [
  { alert: "Stalled", what: "held", series: [waiting, condition("Stalled", "1x600")], at: 10, firing: 1 },
  {
    alert: "Stalled",
    what: "held for a moment",
    series: [waiting, condition("Stalled", "1 1 0x600")],
    at: 10,
    firing: 0,
  },
  {
    alert: "Stalled",
    what: "waits and is not held",
    series: [waiting, condition("Stalled", "0x600")],
    at: 10,
    firing: 0,
  },
  { alert: "WaitingForApproval", what: "waits", series: [condition("AwaitingApproval", "1x600")], at: 5, firing: 1 },
  { alert: "WaitingForApproval", what: "does not", series: [condition("AwaitingApproval", "0x600")], at: 5, firing: 0 },
  { alert: "StepTooLong", what: "five hours", series: [started, step("polling", "Running")], at: 300, firing: 1 },
  { alert: "StepTooLong", what: "three hours", series: [started, step("polling", "Running")], at: 180, firing: 0 },
  { alert: "StepTooLong", what: "over", series: [started, step("polling", "Succeeded")], at: 300, firing: 0 },
  {
    alert: "StepTooLong",
    what: "paused",
    series: [started, step("polling", "Running"), state("Paused")],
    at: 300,
    firing: 0,
  },
  { alert: "PollingGap", what: "nobody polls", series: [agents("0x600"), step("polling", "Held")], at: 30, firing: 1 },
  { alert: "PollingGap", what: "one polls", series: [agents("1x600"), step("polling", "Held")], at: 30, firing: 0 },
  { alert: "PollingGap", what: "another step", series: [agents("0x600"), step("api", "Held")], at: 30, firing: 0 },
  {
    alert: "PollingGap",
    what: "shortly",
    series: [agents("1 0 0 0 1x600"), step("polling", "Running")],
    at: 30,
    firing: 0,
  },
  { alert: "RiskAcceptedExpiring", what: "in nine hours", series: [expiry], at: 60, firing: 1 },
  {
    alert: "RiskAcceptedExpiring",
    what: "of what is done",
    series: [expiry, condition("Ready", "1x600")],
    at: 60,
    firing: 0,
  },
  { alert: "RolledBack", what: "it was", series: [state("RolledBack")], at: 20, firing: 1 },
  { alert: "RolledBack", what: "it was not", series: [state("Completed")], at: 20, firing: 0 },
  { alert: "DriftDetected", what: "two", series: [series("drifted_workloads", ID, "2x600")], at: 20, firing: 1 },
  { alert: "DriftDetected", what: "none", series: [series("drifted_workloads", ID, "0x600")], at: 20, firing: 0 },
  {
    alert: "OperatorNoLeader",
    what: "none of two",
    series: [series("operator_leader", "", "0x600")],
    at: 20,
    firing: 1,
  },
  { alert: "OperatorNoLeader", what: "no process", series: [], at: 20, firing: 1 },
  { alert: "OperatorNoLeader", what: "one", series: [series("operator_leader", "", "1x600")], at: 20, firing: 0 },
  {
    alert: "OperatorWatchStale",
    what: "silent",
    series: [series("operator_watch_last_contact_timestamp_seconds", 'resource="pods"', "0+60x10 600x600")],
    at: 30,
    firing: 1,
  },
  {
    alert: "OperatorWatchStale",
    what: "heard of",
    series: [series("operator_watch_last_contact_timestamp_seconds", 'resource="pods"', "0+60x600")],
    at: 30,
    firing: 0,
  },
  {
    alert: "OperatorFailing",
    what: "again and again",
    series: [series("operator_reconciles_total", 'result="failed"', "0+1x600")],
    at: 60,
    firing: 1,
  },
  {
    alert: "OperatorFailing",
    what: "once",
    series: [series("operator_reconciles_total", 'result="failed"', "0 1x600")],
    at: 60,
    firing: 0,
  },
  ...(["dropped", "sent"] as const).map((result) => ({
    alert: "OperatorNotificationsDropped",
    what: result,
    series: [series("operator_notifications_total", `result="${result}"`, "0+1x600")],
    at: 20,
    firing: result === "dropped" ? 1 : 0,
  })),
];

test("every alert is tried both ways", () => {
  const tried = (fires: boolean) =>
    new Set(SCENARIOS.filter(({ firing }) => firing > 0 === fires).map(({ alert }) => `CeilometerUpgrade${alert}`));
  expect(tried(true)).toEqual(new Set(ALERTS.map(({ name }) => name)));
  expect(tried(false)).toEqual(new Set(ALERTS.map(({ name }) => name)));
});

const found = await findPromtool();

test("Prometheus itself reads every rule and query, and fires when it should and not otherwise", async (context) => {
  if ("why" in found) {
    process.stderr.write(`alerts are not tried by Prometheus: ${found.why}\n`);
    context.skip(found.why);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "alerts-"));
  try {
    const file = async (name: string, content: unknown): Promise<string> => {
      await writeFile(join(folder, name), typeof content === "string" ? content : stringify(content, { lineWidth: 0 }));
      return join(folder, name);
    };
    const queries = expressionsOf(dashboard()).map((expr, index) => ({ record: `query:${index}`, expr }));
    const all = await file("rules.yaml", rules);
    const shown = await file("queries.yaml", { groups: [{ name: "dashboard", rules: queries }] });
    expect(await promtool(found.path, ["check", "rules", all])).toContain(`${ALERTS.length} rules found`);
    expect(await promtool(found.path, ["check", "rules", shown])).toContain(`${queries.length} rules found`);
    const tests = SCENARIOS.map(({ alert, what, series: input_series, at, firing }) => ({
      name: `${alert}: ${what}`,
      interval: "1m",
      input_series,
      promql_expr_test: [
        {
          expr: `count(ALERTS{alertname="CeilometerUpgrade${alert}",alertstate="firing"})`,
          eval_time: `${at}m`,
          exp_samples: firing === 0 ? [] : [{ labels: "{}", value: firing }],
        },
      ],
    }));
    const suite = await file("tests.yaml", { rule_files: ["rules.yaml"], evaluation_interval: "1m", tests });
    expect(await promtool(found.path, ["test", "rules", suite])).toContain("SUCCESS");
  } finally {
    await rm(folder, { recursive: true });
  }
});
