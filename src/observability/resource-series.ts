/** What is true of a resource at the moment, as series: made of its report and of nothing that was before. */
import { CONDITION_TYPES } from "../api/v1alpha1/conditions.ts";
import { STEP_STATES, type StepStatus } from "../api/v1alpha1/schema.ts";
import { AGENT_COMPONENTS } from "../model/component.ts";
import { PHASES } from "../model/decision.ts";
import { parseTime } from "../model/time.ts";
import type { Sample } from "./metric-table.ts";
import type { UpgradeReport } from "./upgrade-report.ts";
import type { Wait } from "./waits.ts";

interface Identity {
  readonly namespace: string;
  readonly name: string;
}

/** Those of single components say what the steps say. */
const STEERING = CONDITION_TYPES.filter((type) => !type.endsWith("Upgraded"));

const seconds = (ms: number): number => ms / 1000;

export function seriesOf(report: UpgradeReport, wait: Wait | undefined): readonly Sample[] {
  const { namespace, name } = report.metadata;
  const id = { namespace, name };
  return [
    ...info(id, report),
    ...PHASES.map(
      (state): Sample => ({
        metric: "ceilometer_upgrade_state",
        labels: { ...id, state },
        value: state === report.decision.phase ? 1 : 0,
      }),
    ),
    ...STEERING.map((type): Sample => {
      const condition = report.status.conditions?.find((each) => each.type === type);
      return {
        metric: "ceilometer_upgrade_condition",
        labels: { ...id, type },
        value: condition?.status === "True" ? 1 : 0,
      };
    }),
    ...(report.status.steps ?? []).flatMap((step) => stepSeries(id, step)),
    ...waiting(id, wait),
    ...findings(id, report),
    ...maintenance(id, report),
    ...risks(id, report),
    {
      metric: "ceilometer_upgrade_drifted_workloads",
      labels: id,
      value: report.decision.drifted?.length ?? 0,
    },
    ...agents(id, report),
  ];
}

function info(id: Identity, { spec, status }: UpgradeReport): readonly Sample[] {
  if (spec === undefined) return [];
  const labels = {
    ...id,
    from: status.release?.current ?? "",
    to: spec.target.release,
    strategy: spec.strategy,
    mode: spec.mode,
    plan: status.plan?.hash ?? "",
  };
  return [{ metric: "ceilometer_upgrade_info", labels, value: 1 }];
}

function stepSeries(id: Identity, { name: step, state, startedAt, finishedAt }: StepStatus): readonly Sample[] {
  const began = parseTime(startedAt);
  const ended = parseTime(finishedAt);
  const labels = { ...id, step };
  return [
    ...STEP_STATES.map(
      (each): Sample => ({
        metric: "ceilometer_upgrade_step_state",
        labels: { ...labels, state: each },
        value: each === state ? 1 : 0,
      }),
    ),
    ...(began === undefined
      ? []
      : [{ metric: "ceilometer_upgrade_step_started_timestamp_seconds", labels, value: seconds(began) } as const]),
    ...(ended === undefined
      ? []
      : [{ metric: "ceilometer_upgrade_step_finished_timestamp_seconds", labels, value: seconds(ended) } as const]),
  ];
}

function waiting(id: Identity, wait: Wait | undefined): readonly Sample[] {
  if (wait === undefined) return [];
  const { step, reason, gate, object, since } = wait;
  return [
    {
      metric: "ceilometer_upgrade_waiting_since_timestamp_seconds",
      labels: { ...id, step, reason, gate, object },
      value: seconds(since),
    },
  ];
}

function findings(id: Identity, { decision }: UpgradeReport): readonly Sample[] {
  return (["Error", "Warning"] as const).map((severity) => ({
    metric: "ceilometer_upgrade_findings",
    labels: { ...id, severity },
    value: decision.findings.filter((each) => each.severity === severity).length,
  }));
}

/** None where there are no windows: then every time is one. */
function maintenance(id: Identity, { status: { maintenance: windows } }: UpgradeReport): readonly Sample[] {
  if (windows === undefined) return [];
  return [{ metric: "ceilometer_upgrade_maintenance_window_open", labels: id, value: windows.open ? 1 : 0 }];
}

/** What the resource accepts, by field or annotation, and what an attempt under way was begun on. */
function risks(id: Identity, { spec: stored, decision: { record, spec = stored } }: UpgradeReport): readonly Sample[] {
  const recorded = record?.ended === undefined ? (record?.acceptedRisks ?? []) : [];
  const accepted = new Map(
    [...recorded, ...(spec?.acceptedRisks ?? [])].map((risk) => [`${risk.check}/${risk.object}`, risk]),
  );
  const byCheck = Map.groupBy(accepted.values(), ({ check }) => check);
  return [...byCheck].flatMap(([check, all]): readonly Sample[] => {
    const expiries = all.map(({ expiresAt }) => parseTime(expiresAt)).filter((at) => at !== undefined);
    const labels = { ...id, check };
    return [
      { metric: "ceilometer_upgrade_accepted_risks", labels, value: all.length },
      ...(expiries.length === 0
        ? []
        : [
            {
              metric: "ceilometer_upgrade_accepted_risk_expiry_timestamp_seconds",
              labels,
              value: seconds(Math.min(...expiries)),
            } as const,
          ]),
    ];
  });
}

/** Of the workloads in the attempt record, the isolated groups among them; none of what cannot be read. */
function agents(id: Identity, { decision: { record }, workloads }: UpgradeReport): readonly Sample[] {
  if (record === undefined || workloads.seen !== "present") return [];
  return AGENT_COMPONENTS.flatMap((component): readonly Sample[] => {
    const targets = record.targets.filter((target) => target.component === component);
    if (targets.length === 0) return [];
    const wanted = new Set(
      targets.flatMap(({ kind, name, polling }) => [
        `${kind}/${name}`,
        ...(polling?.isolated === undefined ? [] : [`${polling.isolated.kind}/${polling.isolated.name}`]),
      ]),
    );
    const value = workloads.value
      .filter(({ kind, metadata }) => wanted.has(`${kind}/${metadata.name}`))
      .reduce((sum, { status }) => sum + status.available, 0);
    return [{ metric: "ceilometer_upgrade_agents_available", labels: { ...id, component }, value }];
  });
}
