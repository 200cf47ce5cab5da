/** The Grafana dashboard, once: built with Grafana's own types, so that what it does not know cannot be written. */
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { STEP_STATES } from "../../src/api/v1alpha1/schema.ts";
import { PHASES } from "../../src/model/decision.ts";
import { type Colours, DATASOURCE, lines, placeInList, stat, table, timeline } from "./panels.ts";

const ID = "namespace, name";
const SELECTED = '{namespace=~"$namespace",name=~"$name"}';
const of = (metric: string): string => `ceilometer_upgrade_${metric}${SELECTED}`;
const own = (metric: string): string => `ceilometer_upgrade_operator_${metric}`;

const GOOD = "green";
const BAD = "red";
const COLOURS: Colours = {
  Succeeded: GOOD,
  Completed: GOOD,
  NoChange: GOOD,
  Running: "blue",
  Progressing: "blue",
  Preflight: "light-blue",
  Waiting: "yellow",
  Paused: "yellow",
  Planned: "purple",
  RolledBack: "light-orange",
  Held: BAD,
  Failed: "dark-red",
  Unreadable: "orange",
};
/** One that has no colour yet is seen all the same. */
const coloured = (states: readonly string[]): Colours =>
  Object.fromEntries(states.map((state) => [state, COLOURS[state] ?? "text"]));

function variable(name: string, label: string, matcher: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(`label_values(ceilometer_upgrade_info${matcher}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .includeAll(true)
    .allValue(".*")
    .multi(true);
}

const upgrades = [
  timeline({ title: "Upgrades", about: "The state of each resource in time", width: 24, height: 5 }, coloured(PHASES), {
    expr: placeInList(of("state"), ID, PHASES),
    legend: "{{namespace}}/{{name}}",
  }),
  timeline(
    { title: "Steps", about: "The state of each step in time: an upgrade from left to right", width: 24, height: 9 },
    coloured(STEP_STATES),
    { expr: placeInList(of("step_state"), `${ID}, step`, STEP_STATES), legend: "{{name}}: {{step}}" },
  ),
  table(
    {
      title: "What is waited for",
      about:
        "Step, reason, gate and object, with how long it has been waited. What to do is in the runbook under the reason",
      width: 16,
      height: 7,
    },
    "s",
    `sort_desc(max by (${ID}, step, reason, gate, object) (time() - ${of("waiting_since_timestamp_seconds")}))`,
  ),
  lines(
    {
      title: "Available agents",
      about: "Old and new ones. Where polling is at zero, samples are lost",
      width: 8,
      height: 7,
    },
    "short",
    [{ expr: `max by (${ID}, component) (${of("agents_available")})`, legend: "{{name}}: {{component}}" }],
  ),
  table(
    { title: "From, to, and the plan", about: "What each resource is about", width: 12, height: 6 },
    "short",
    `max by (${ID}, from, to, strategy, mode, plan) (${of("info")})`,
  ),
  table(
    {
      title: "Time that steps have taken",
      about: "Of the steps that have ended, and so far of the one that has not",
      width: 12,
      height: 6,
    },
    "s",
    `max by (${ID}, step) (${of("step_finished_timestamp_seconds")} - ${of("step_started_timestamp_seconds")})
  or max by (${ID}, step) (time() - ${of("step_started_timestamp_seconds")})`,
  ),
  table(
    {
      title: "Accepted risks",
      about: "With the time until the first acceptance of each check expires",
      width: 12,
      height: 6,
    },
    "s",
    `min by (${ID}, check) (${of("accepted_risk_expiry_timestamp_seconds")} - time())`,
  ),
  table(
    {
      title: "Where the time went",
      about: "Waits that ended in this range, by what was waited for, over all resources",
      width: 12,
      height: 6,
    },
    "s",
    "sort_desc(sum by (gate, reason) (increase(ceilometer_upgrade_wait_duration_seconds_sum[$__range])) > 0)",
  ),
];

const operator = [
  stat({ title: "Leader", about: "The process that leads", width: 6, height: 4 }, "short", {
    expr: `max by (pod) (${own("leader")} == 1)`,
    legend: "{{pod}}",
  }),
  stat({ title: "Version", about: "Of each process", width: 6, height: 4 }, "short", {
    expr: `count by (version) (${own("build_info")})`,
    legend: "{{version}}",
  }),
  stat(
    {
      title: "Silence",
      about: "Since the slowest watch was last heard of; about a minute is usual",
      width: 6,
      height: 4,
    },
    "s",
    { expr: `max(time() - ${own("watch_last_contact_timestamp_seconds")})`, legend: "" },
  ),
  stat({ title: "Lease", about: "Since it was last renewed; two seconds are usual", width: 6, height: 4 }, "s", {
    expr: `min(time() - ${own("lease_renewed_timestamp_seconds")})`,
    legend: "",
  }),
  lines({ title: "Looks", about: "By how they ended. Those that fail are tried again", width: 8, height: 7 }, "ops", [
    { expr: `sum by (result) (rate(${own("reconciles_total")}[$__rate_interval]))`, legend: "{{result}}" },
  ]),
  lines(
    { title: "How long a look takes", about: "With its write", width: 8, height: 7 },
    "s",
    [0.5, 0.99].map((share) => ({
      expr: `histogram_quantile(${share}, sum by (le) (rate(${own("reconcile_duration_seconds_bucket")}[$__rate_interval])))`,
      legend: `${share * 100} %`,
    })),
  ),
  lines({ title: "Queue", about: "What is due, and what was tried again", width: 8, height: 7 }, "short", [
    { expr: `sum(${own("queue_depth")})`, legend: "due" },
    { expr: `sum(rate(${own("queue_retries_total")}[$__rate_interval]))`, legend: "retries a second" },
  ]),
  lines({ title: "Writes", about: "Those that carry upgrades out, and those of status", width: 8, height: 7 }, "ops", [
    { expr: `sum by (kind, result) (rate(${own("writes_total")}[$__rate_interval]))`, legend: "{{kind}} {{result}}" },
    { expr: `sum by (result) (rate(${own("status_writes_total")}[$__rate_interval]))`, legend: "status {{result}}" },
  ]),
  lines({ title: "Requests to the API server", about: "By verb and status", width: 8, height: 7 }, "reqps", [
    { expr: `sum by (verb, code) (rate(${own("api_requests_total")}[$__rate_interval]))`, legend: "{{verb}} {{code}}" },
  ]),
  lines({ title: "Watches", about: "Lists that were read anew, and faults", width: 8, height: 7 }, "ops", [
    { expr: `sum by (resource) (rate(${own("watch_lists_total")}[$__rate_interval]))`, legend: "list {{resource}}" },
    {
      expr: `sum by (resource, fault) (rate(${own("watch_faults_total")}[$__rate_interval]))`,
      legend: "{{fault}} {{resource}}",
    },
  ]),
  lines(
    { title: "Told to people", about: "Events, and notifications by what came of them", width: 24, height: 5 },
    "short",
    [
      { expr: `sum by (type) (increase(${own("events_total")}[$__rate_interval]))`, legend: "Event {{type}}" },
      {
        expr: `sum by (result) (increase(${own("notifications_total")}[$__rate_interval]))`,
        legend: "notification {{result}}",
      },
    ],
  ),
];

/** What Grafana imports. */
export function dashboard(): unknown {
  const builder = new DashboardBuilder("Ceilometer upgrades")
    .uid("ceilometer-upgrades")
    .description("Upgrades of Ceilometer: where each is, what blocks it, what it costs; and the operator")
    .tags(["ceilometer", "openstack"])
    .readonly()
    .time({ from: "now-6h", to: "now" })
    .refresh("30s")
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .withVariable(variable("namespace", "Namespace", ""))
    .withVariable(variable("name", "Resource", '{namespace=~"$namespace"}'))
    .tooltip(DashboardCursorSync.Crosshair);
  let id = 0;
  for (const [row, panels] of [
    ["Upgrades", upgrades],
    ["The operator", operator],
  ] as const) {
    builder.withRow(new RowBuilder(row).id(++id));
    for (const panel of panels) builder.withPanel(panel.id(++id));
  }
  return builder.build();
}
