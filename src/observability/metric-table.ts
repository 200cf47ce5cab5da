/**
 * Every metric, once: the registry, the reference page, the alerts and the dashboard are made from this table or held against it.
 *
 * Names are API. Series of a resource carry its namespace and name and go when it goes; histograms and counters carry neither, so
 * that what has happened stays and their number does not grow with the resources. Times are timestamps and not ages, as Prometheus
 * advises: `time() - …` gives the age at the moment of the query.
 */

type Labels = Readonly<Record<string, string>>;

export interface Metric {
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  /** Each label with what its values are. */
  readonly labels: Labels;
  /** Upper bounds, of a histogram only, in the unit of its name. */
  readonly buckets?: readonly number[];
}

const RESOURCE = { namespace: "of the resource", name: "of the resource" } as const;
const STEP = "the component";
const REASON = "see the reasons";
const RESOURCE_KIND = "plural of what is watched";

/** A few times a day, from a second to a week. */
const LONG = [1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400, 604_800] as const;
const SHORT = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60] as const;

export const METRICS = {
  ceilometer_upgrade_info: {
    type: "gauge",
    help: "1, with what the resource is about.",
    labels: {
      ...RESOURCE,
      from: "the release before, empty while it is not known",
      to: "the target release",
      strategy: "Full or Partial",
      mode: "Apply or Plan",
      plan: "the hash of the plan, empty before there is one",
    },
  },
  ceilometer_upgrade_state: {
    type: "gauge",
    help: "1 for the state that a resource is in, 0 for the others.",
    labels: { ...RESOURCE, state: "each state" },
  },
  ceilometer_upgrade_condition: {
    type: "gauge",
    help: "1 while the condition is True, 0 while it is False or Unknown.",
    labels: { ...RESOURCE, type: "type of the condition; those of single components are steps here" },
  },
  ceilometer_upgrade_step_state: {
    type: "gauge",
    help: "1 for the state that a step is in, 0 for the others.",
    labels: { ...RESOURCE, step: STEP, state: "each state of a step" },
  },
  ceilometer_upgrade_step_started_timestamp_seconds: {
    type: "gauge",
    help: "When the step began, in seconds since the epoch.",
    labels: { ...RESOURCE, step: STEP },
  },
  ceilometer_upgrade_step_finished_timestamp_seconds: {
    type: "gauge",
    help: "When the step ended, in seconds since the epoch; absent while it has not.",
    labels: { ...RESOURCE, step: STEP },
  },
  ceilometer_upgrade_step_duration_seconds: {
    type: "histogram",
    help: "How long steps took that have succeeded, pauses and waits included, in seconds.",
    labels: { strategy: "Full or Partial", step: STEP },
    buckets: LONG,
  },
  ceilometer_upgrade_attempt_duration_seconds: {
    type: "histogram",
    help: "How long attempts took that have ended, in seconds.",
    labels: { strategy: "Full or Partial", outcome: "Completed, Partial, RolledBack or Failed" },
    buckets: LONG,
  },
  ceilometer_upgrade_waiting_since_timestamp_seconds: {
    type: "gauge",
    help: "What the resource waits for, since when, in seconds since the epoch; absent while it waits for nothing.",
    labels: {
      ...RESOURCE,
      step: "the component; before the first step, and between two, what the column Step says",
      reason: REASON,
      gate: "what says no, empty where nothing does and it takes its time",
      object: "what is waited for, where it is one object",
    },
  },
  ceilometer_upgrade_wait_duration_seconds: {
    type: "histogram",
    help: "How long resources waited, by what for, in seconds; observed when the wait is over.",
    labels: { gate: "what said no, `Extra` for gates of the resource, empty where nothing did", reason: REASON },
    buckets: LONG,
  },
  ceilometer_upgrade_stalls_total: {
    type: "counter",
    help: "How often a resource came to a point where somebody has to do something.",
    labels: { reason: REASON },
  },
  ceilometer_upgrade_findings: {
    type: "gauge",
    help: "What checks have to say of the resource at the moment.",
    labels: { ...RESOURCE, severity: "Error or Warning" },
  },
  ceilometer_upgrade_maintenance_window_open: {
    type: "gauge",
    help: "1 while a maintenance window of the resource is open, else 0; absent where it has none.",
    labels: RESOURCE,
  },
  ceilometer_upgrade_accepted_risks: {
    type: "gauge",
    help: "Risks that are accepted by name, whether they match anything or not.",
    labels: { ...RESOURCE, check: "the reason that is accepted" },
  },
  ceilometer_upgrade_accepted_risk_expiry_timestamp_seconds: {
    type: "gauge",
    help: "When the first acceptance of this check expires, in seconds since the epoch.",
    labels: { ...RESOURCE, check: "the reason that is accepted" },
  },
  ceilometer_upgrade_drifted_workloads: {
    type: "gauge",
    help: "Workloads that somebody took off the target after the upgrade had completed.",
    labels: RESOURCE,
  },
  ceilometer_upgrade_agents_available: {
    type: "gauge",
    help: "Available agents, old and new, of the workloads that the attempt is about; absent before there is one.",
    labels: { ...RESOURCE, component: STEP },
  },
  ceilometer_upgrade_operator_build_info: {
    type: "gauge",
    help: "1, with the version of the operator.",
    labels: { version: "of the operator" },
  },
  ceilometer_upgrade_operator_leader: {
    type: "gauge",
    help: "1 while this process leads, 0 while it waits for its turn.",
    labels: {},
  },
  ceilometer_upgrade_operator_lease_renewed_timestamp_seconds: {
    type: "gauge",
    help: "When this process last wrote the lease, in seconds since the epoch; 0 while it never has.",
    labels: {},
  },
  ceilometer_upgrade_operator_reconciles_total: {
    type: "counter",
    help: "Looks at a resource, by how they ended.",
    labels: {
      result:
        "`settled` waits for a change, `recheck` for a time or the news of its own write, `failed` is tried again, `terminal` is not, `cancelled` was cut short by the end of the process",
    },
  },
  ceilometer_upgrade_operator_reconcile_duration_seconds: {
    type: "histogram",
    help: "How long one look at a resource takes, with its write, in seconds.",
    labels: {},
    buckets: SHORT,
  },
  ceilometer_upgrade_operator_queue_depth: {
    type: "gauge",
    help: "Resources that are due to be looked at and wait for a worker.",
    labels: {},
  },
  ceilometer_upgrade_operator_queue_adds_total: {
    type: "counter",
    help: "Times that a resource was put into the queue: by a change, an answer, or a time that has come.",
    labels: {},
  },
  ceilometer_upgrade_operator_queue_retries_total: {
    type: "counter",
    help: "Those of them that followed a failed look.",
    labels: {},
  },
  ceilometer_upgrade_operator_queue_latency_seconds: {
    type: "histogram",
    help: "How long resources that were due waited for a worker, in seconds.",
    labels: {},
    buckets: SHORT,
  },
  ceilometer_upgrade_operator_writes_total: {
    type: "counter",
    help: "Writes that carry an upgrade out, by kind of write and by what came of them.",
    labels: {
      kind: "create, patch, annotate or delete",
      result:
        "`done`, `stale` (decided on something older, decided again), `refused`, or `unknown` (the answer was lost)",
    },
  },
  ceilometer_upgrade_operator_status_writes_total: {
    type: "counter",
    help: "Writes of a status, by what came of them.",
    labels: { result: "`done`, `stale` (somebody else wrote meanwhile), or `failed`" },
  },
  ceilometer_upgrade_operator_events_total: {
    type: "counter",
    help: "Kubernetes Events of a resource, before repetitions are joined.",
    labels: { type: "Normal or Warning" },
  },
  ceilometer_upgrade_operator_events_dropped_total: {
    type: "counter",
    help: "Kubernetes Events that were given up: too many waited, the API server refused them, or they did not get through for an hour.",
    labels: { reason: "overflow, refused, late, or ended with the process" },
  },
  ceilometer_upgrade_operator_notifications_total: {
    type: "counter",
    help: "Notifications, by what came of them.",
    labels: { result: "`sent`, `retried` (once for each try without success), or `dropped`" },
  },
  ceilometer_upgrade_operator_notifications_queued: {
    type: "gauge",
    help: "Notifications that are not sent yet.",
    labels: {},
  },
  ceilometer_upgrade_operator_watch_last_contact_timestamp_seconds: {
    type: "gauge",
    help: "When the slowest watch of this kind was last heard of, in seconds since the epoch; 0 if never.",
    labels: { resource: RESOURCE_KIND },
  },
  ceilometer_upgrade_operator_watch_lists_total: {
    type: "counter",
    help: "Whole lists that were read, the first one included.",
    labels: { resource: RESOURCE_KIND },
  },
  ceilometer_upgrade_operator_watch_faults_total: {
    type: "counter",
    help: "Lists and watches that ended otherwise than planned.",
    labels: { resource: RESOURCE_KIND, fault: "expired, interrupted, silent, refused or garbled" },
  },
  ceilometer_upgrade_operator_api_requests_total: {
    type: "counter",
    help: "Requests to the API server.",
    labels: { verb: "GET, POST, PUT, PATCH, DELETE or WATCH", code: "status of the answer, `none` without one" },
  },
  ceilometer_upgrade_operator_api_request_duration_seconds: {
    type: "histogram",
    help: "How long the API server took to answer, without watches, in seconds.",
    labels: { verb: "GET, POST, PUT, PATCH or DELETE" },
    buckets: SHORT,
  },
} as const satisfies Readonly<Record<`ceilometer_upgrade_${string}`, Metric>>;

type Table = typeof METRICS;
export type MetricName = keyof Table;
/** Names of the metrics of one type. */
export type Named<T extends Metric["type"]> = { [N in MetricName]: Table[N]["type"] extends T ? N : never }[MetricName];
export type LabelsOf<N extends MetricName> = { readonly [L in keyof Table[N]["labels"]]: string };

/** Gauges whose series are of a resource, and go with it. */
export type OfResource = {
  [N in Named<"gauge">]: LabelsOf<N> extends LabelsOf<"ceilometer_upgrade_drifted_workloads"> ? N : never;
}[Named<"gauge">];

/** What is true of a resource at the moment: one series of a gauge. */
export type Sample = {
  [N in OfResource]: { readonly metric: N; readonly labels: LabelsOf<N>; readonly value: number };
}[OfResource];

export const isOfResource = (name: MetricName): name is OfResource => "namespace" in METRICS[name].labels;

export const metricNames = (): readonly MetricName[] =>
  Object.keys(METRICS).filter((name): name is MetricName => name in METRICS);
