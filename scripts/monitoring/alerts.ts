/**
 * The alerts, once: the chart's rules are made of these. What stands in angle brackets is a value of the chart, put in when it is
 * rendered: a threshold, or the address of the runbook. Every resource is looked at across processes (`max by`), because another
 * process may lead a moment later.
 */
import { parse } from "yaml";
import { z } from "zod";

export interface Alert {
  readonly name: string;
  readonly expr: string;
  /** How long it must hold; a threshold in angle brackets. */
  readonly for: string;
  readonly severity: "critical" | "warning" | "info";
  readonly summary: string;
  readonly description: string;
}

const ID = "namespace, name";
const condition = (type: string): string => `max by (${ID}) (ceilometer_upgrade_condition{type="${type}"}) == 1`;
const underWay = (matcher = ""): string =>
  `max by (${ID}, step) (ceilometer_upgrade_step_state{state=~"Running|Waiting|Held|Failed"${matcher}}) == 1`;
/** Clocks stand still: paused, or waiting for an approval or a window. */
const STILL = `max by (${ID}) (ceilometer_upgrade_state{state=~"Paused|Waiting"}) == 1`;
const UPGRADE = "CeilometerUpgrade {{ $labels.namespace }}/{{ $labels.name }}";
const LOOK = "kubectl -n {{ $labels.namespace }} describe cmu {{ $labels.name }}";

export const ALERTS: readonly Alert[] = [
  {
    name: "CeilometerUpgradeStalled",
    expr: `max by (${ID}, step, gate, reason, object) (time() - ceilometer_upgrade_waiting_since_timestamp_seconds) and on (${ID}) (${condition("Stalled")})`,
    for: "<stalledFor>",
    severity: "warning",
    summary: `${UPGRADE} waits for somebody: {{ $labels.reason }}`,
    description: `Step {{ $labels.step }} does not go on because of {{ $labels.object }}, for {{ $value | humanizeDuration }}. What to do: ${LOOK}`,
  },
  {
    name: "CeilometerUpgradeWaitingForApproval",
    expr: condition("AwaitingApproval"),
    for: "<approvalFor>",
    severity: "info",
    summary: `${UPGRADE} waits for an approval`,
    description: `Somebody has to approve what comes next, for this plan: ${LOOK}`,
  },
  {
    name: "CeilometerUpgradeStepTooLong",
    expr: `max by (${ID}, step) (time() - ceilometer_upgrade_step_started_timestamp_seconds) > <stepTooLongSeconds> and on (${ID}, step) (${underWay()}) unless on (${ID}) (${STILL})`,
    for: "1m",
    severity: "warning",
    summary: `${UPGRADE}: the step {{ $labels.step }} takes long`,
    description: `It began {{ $value | humanizeDuration }} ago. What it waits for: ${LOOK}`,
  },
  {
    name: "CeilometerUpgradePollingGap",
    expr: `max by (${ID}) (ceilometer_upgrade_agents_available{component="polling"}) == 0 and on (${ID}) (${underWay(', step="polling"')})`,
    for: "<pollingGapFor>",
    severity: "critical",
    summary: `${UPGRADE}: nobody polls`,
    description: `No polling agent, old or new, is available while they are upgraded: every sample of this time is lost. ${LOOK}`,
  },
  {
    name: "CeilometerUpgradeRiskAcceptedExpiring",
    expr: `min by (${ID}, check) (ceilometer_upgrade_accepted_risk_expiry_timestamp_seconds) - time() < <riskExpiringSeconds> unless on (${ID}) (${condition("Ready")})`,
    for: "5m",
    severity: "info",
    summary: `${UPGRADE}: an accepted risk expires`,
    description:
      "The acceptance of {{ $labels.check }} expires in {{ $value | humanizeDuration }}; afterwards it holds an attempt that has not begun",
  },
  {
    name: "CeilometerUpgradeRolledBack",
    expr: `max by (${ID}) (ceilometer_upgrade_state{state="RolledBack"}) == 1`,
    for: "1m",
    severity: "info",
    summary: `${UPGRADE} was rolled back`,
    description: `The workloads are what they were before; the database keeps its new schema. Why: ${LOOK}`,
  },
  {
    name: "CeilometerUpgradeDriftDetected",
    expr: `max by (${ID}) (ceilometer_upgrade_drifted_workloads) > 0`,
    for: "<driftFor>",
    severity: "warning",
    summary: `${UPGRADE}: {{ $value }} workloads are not at the target any more`,
    description: `Somebody took them off after the upgrade had completed. Which: ${LOOK}`,
  },
  {
    name: "CeilometerUpgradeOperatorNoLeader",
    expr: "max by (job) (ceilometer_upgrade_operator_leader) == 0 or absent(ceilometer_upgrade_operator_leader)",
    for: "<noLeaderFor>",
    severity: "critical",
    summary: "No process of the Ceilometer upgrade operator leads",
    description: "Nothing is upgraded, and what is down in an upgrade under way stays down",
  },
  {
    name: "CeilometerUpgradeOperatorWatchStale",
    expr: "time() - ceilometer_upgrade_operator_watch_last_contact_timestamp_seconds > <watchStaleSeconds>",
    for: "1m",
    severity: "warning",
    summary: "The Ceilometer upgrade operator hears nothing of {{ $labels.resource }}",
    description:
      "It was last heard of {{ $value | humanizeDuration }} ago; the operator does not decide on what it cannot read",
  },
  {
    name: "CeilometerUpgradeOperatorFailing",
    expr: 'sum by (job) (increase(ceilometer_upgrade_operator_reconciles_total{result="failed"}[15m])) > 5',
    for: "5m",
    severity: "warning",
    summary: "Looks of the Ceilometer upgrade operator fail",
    description: "{{ $value | humanize }} in a quarter of an hour: read its log for lines at level error",
  },
  {
    name: "CeilometerUpgradeOperatorNotificationsDropped",
    expr: 'sum by (job) (increase(ceilometer_upgrade_operator_notifications_total{result="dropped"}[1h])) > 0',
    for: "1m",
    severity: "warning",
    summary: "Notifications of Ceilometer upgrades are given up",
    description: "The webhook did not take {{ $value | humanize }} of them; upgrades go on all the same",
  },
];

export const anchorOf = ({ name }: Alert): string => name.toLowerCase();

/** The spec of a PrometheusRule, with values of the chart in angle brackets. */
export function ruleGroups(): unknown {
  const rules = ALERTS.map((alert) => ({
    alert: alert.name,
    expr: alert.expr,
    for: alert.for,
    labels: { severity: alert.severity },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `<runbookBaseUrl>#${anchorOf(alert)}`,
    },
  }));
  return { groups: [{ name: "ceilometer-upgrade", rules }] };
}

/** What stands in angle brackets in a text, and a PromQL comparison is not. */
export const placeholdersOf = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/<([a-zA-Z]+)>/g)].map(([, name = ""]) => name)),
];

const schema = z.object({
  properties: z.object({
    alerts: z.object({
      properties: z.object({
        runbookBaseUrl: z.object({ default: z.string() }),
        thresholds: z.object({
          properties: z.record(z.string(), z.object({ default: z.union([z.string(), z.int()]) })),
        }),
      }),
    }),
  }),
});

/** The chart's default of each value that may stand in angle brackets. */
export function defaultsOf(valuesSchema: string): ReadonlyMap<string, string> {
  const { runbookBaseUrl, thresholds } = schema.parse(parse(valuesSchema)).properties.alerts.properties;
  const all = new Map<string, { readonly default: string | number }>(Object.entries(thresholds.properties));
  all.set("runbookBaseUrl", runbookBaseUrl);
  return new Map([...all].map(([name, value]) => [name, String(value.default)]));
}

export const filledIn = (text: string, values: ReadonlyMap<string, string>): string =>
  text.replaceAll(/<([a-zA-Z]+)>/g, (found, name: string) => values.get(name) ?? found);
