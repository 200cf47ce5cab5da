/**
 * Bad input that the API server itself refuses, and the field that its answer names. Each case is one edit of a resource
 * that is accepted.
 */
import { API_VERSION, KIND } from "../../src/api/v1alpha1/names.ts";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";

export interface Refusal {
  readonly name: string;
  /** Where in the resource, as a JSON Pointer below `/spec`. An undefined value removes the field. */
  readonly edits: Readonly<Record<string, unknown>>;
  /** The field path in the answer. */
  readonly field: string;
  readonly says: string;
}

export function resource(spec: unknown) {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name: "admission", namespace: "default" }, spec };
}

/** Says only what must be said; what the API server adds is `defaulted`. */
export const accepted: SpecInput = {
  strategy: "Full",
  from: { release: "newton" },
  target: { release: "ocata", image: "registry.example/ceilometer:ocata" },
  components: {
    database: {
      jobFrom: { kind: "Deployment", name: "ceilometer-notification" },
      backup: { jobFrom: { kind: "CronJob", name: "backup" } },
    },
    collector: { targets: [{ kind: "Deployment", name: "ceilometer-collector" }] },
    notification: { targets: [{ kind: "Deployment", name: "ceilometer-notification" }] },
    polling: {
      targets: [{ kind: "DaemonSet", name: "ceilometer-compute" }],
      verification: { exporter: {} },
      isolatedGroup: {},
      newPollsters: {},
    },
    api: { targets: [{ kind: "Deployment", selector: { matchLabels: { component: "api" } } }] },
  },
};

/** Every default of the API, by JSON Pointer below `/spec`. */
export const defaulted: Readonly<Record<string, unknown>> = {
  "/mode": "Apply",
  "/paused": false,
  "/progressDeadlineSeconds": 1800,
  "/minReadySeconds": 10,
  "/ownership": "Release",
  "/onFailure": "Hold",
  "/abort": false,
  "/rollback": false,
  "/retryAttempt": 0,
  "/components/database/action": "Upgrade",
  "/components/database/deadlineSeconds": 1800,
  "/components/database/backup/maxAgeSeconds": 86_400,
  "/components/collector/retire": false,
  "/components/notification/workloadPartitioning": "Auto",
  "/components/notification/reload": "Literal",
  "/components/notification/memberTimeoutSeconds": 30,
  "/components/polling/verification/exporter/port": 9101,
  "/components/polling/isolatedGroup/when": "Auto",
  "/components/polling/newPollsters/source": "Catalogue",
  "/components/api/retire": false,
  "/components/api/position": "Last",
};

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ kind: "Deployment", name: `ceilometer-${index}` }));

/** Neither the operator's rights nor its identity, and no code, can be had through a field. */
const unknown = (field: string, value: unknown): Refusal => ({
  name: `unknown field ${field}`,
  edits: { [`/${field.replaceAll(".", "/")}`]: value },
  field: `spec.${field}`,
  says: "unknown field",
});

/** A time of the spec itself that is none, or too short or long. */
const inSeconds = (name: string, key: string, value: unknown, says: string): Refusal => ({
  name,
  edits: { [`/${key}`]: value },
  field: `spec.${key}`,
  says,
});

export const refusals: readonly Refusal[] = [
  { name: "no strategy", edits: { "/strategy": undefined }, field: "spec.strategy", says: "Required value" },
  { name: "unknown strategy", edits: { "/strategy": "Fast" }, field: "spec.strategy", says: "Unsupported value" },
  { name: "strategy in lower case", edits: { "/strategy": "full" }, field: "spec.strategy", says: "Unsupported value" },
  { name: "unknown mode", edits: { "/mode": "Force" }, field: "spec.mode", says: "Unsupported value" },
  { name: "paused as text", edits: { "/paused": "yes" }, field: "spec.paused", says: "must be of type boolean" },
  { name: "no target", edits: { "/target": undefined }, field: "spec.target", says: "Required value" },
  {
    name: "no target release",
    edits: { "/target/release": undefined },
    field: "spec.target.release",
    says: "Required value",
  },
  {
    name: "release as a number (2025.2 without quotes)",
    edits: { "/target/release": 2025.2 },
    field: "spec.target.release",
    says: "must be of type string",
  },
  {
    name: "unknown release",
    edits: { "/target/release": "octopus" },
    field: "spec.target.release",
    says: "should match",
  },
  {
    name: "release in upper case",
    edits: { "/target/release": "Ocata" },
    field: "spec.target.release",
    says: "should match",
  },
  { name: "half a version", edits: { "/target/release": "25.0" }, field: "spec.target.release", says: "should match" },
  {
    name: "unknown release before",
    edits: { "/from/release": "kilo" },
    field: "spec.from.release",
    says: "should match",
  },
  {
    name: "a target that is older",
    edits: { "/from/release": "pike" },
    field: "spec.target.release",
    says: "cannot be downgraded",
  },
  {
    name: "a target that is older, across the change of names",
    edits: { "/from/release": "2023.1" },
    field: "spec.target.release",
    says: "cannot be downgraded",
  },
  { name: "no image", edits: { "/target/image": undefined }, field: "spec.target.image", says: "Required value" },
  { name: "empty image", edits: { "/target/image": "" }, field: "spec.target.image", says: "at least 1 chars" },
  { name: "image with a blank", edits: { "/target/image": "a b" }, field: "spec.target.image", says: "should match" },
  {
    name: "image with a new line",
    edits: { "/target/image": "a\nb" },
    field: "spec.target.image",
    says: "should match",
  },
  { name: "image as a link", edits: { "/target/image": "a?b=c" }, field: "spec.target.image", says: "should match" },
  {
    name: "image too long",
    edits: { "/target/image": "a".repeat(513) },
    field: "spec.target.image",
    says: "may not be more than 512",
  },
  {
    name: "configuration in a kind that holds none",
    edits: { "/target/config": { polling: { kind: "Pod", name: "a", key: "polling.yaml" } } },
    field: "spec.target.config.polling.kind",
    says: "Unsupported value",
  },
  {
    name: "configuration in another directory",
    edits: { "/target/config": { polling: { kind: "Secret", name: "a", key: "../polling.yaml" } } },
    field: "spec.target.config.polling.key",
    says: "should match",
  },
  { name: "no components", edits: { "/components": undefined }, field: "spec.components", says: "Required value" },
  {
    name: "no database",
    edits: { "/components/database": undefined },
    field: "spec.components.database",
    says: "Required value",
  },
  {
    name: "nothing but a database",
    edits: Object.fromEntries(
      ["collector", "notification", "polling", "api"].map((component) => [`/components/${component}`, undefined]),
    ),
    field: "spec.components",
    says: "name at least one component besides the database",
  },
  {
    name: "a database upgrade without a job",
    edits: { "/components/database/jobFrom": undefined },
    field: "spec.components.database",
    says: "Upgrade needs jobFrom",
  },
  {
    name: "a database that is skipped, with a job",
    edits: { "/components/database/action": "Skip" },
    field: "spec.components.database",
    says: "Skip takes neither jobFrom nor backup",
  },
  {
    name: "a job from a Pod",
    edits: { "/components/database/jobFrom/kind": "Pod" },
    field: "spec.components.database.jobFrom.kind",
    says: "Unsupported value",
  },
  {
    name: "a backup from a workload",
    edits: { "/components/database/backup/jobFrom/kind": "Deployment" },
    field: "spec.components.database.backup.jobFrom.kind",
    says: "Unsupported value",
  },
  {
    name: "no time for the database",
    edits: { "/components/database/deadlineSeconds": 0 },
    field: "spec.components.database.deadlineSeconds",
    says: "greater than or equal to 1",
  },
  inSeconds("a negative deadline", "progressDeadlineSeconds", -1, "greater than or equal to 1"),
  inSeconds("a deadline of years", "progressDeadlineSeconds", 1e8, "less than or equal to 604800"),
  inSeconds("pods that are to be ready for less than no time", "minReadySeconds", -1, "greater than or equal to 0"),
  inSeconds("pods that are to be ready for days", "minReadySeconds", 1e6, "less than or equal to 3600"),
  inSeconds("a duration as text", "progressDeadlineSeconds", "30m", "must be of type integer"),
  inSeconds("half a second", "progressDeadlineSeconds", 0.5, "must be of type integer"),
  {
    name: "no targets",
    edits: { "/components/collector/targets": [] },
    field: "spec.components.collector.targets",
    says: "at least 1 items",
  },
  {
    name: "too many targets",
    edits: { "/components/collector/targets": many(17) },
    field: "spec.components.collector.targets",
    says: "at most 16 items",
  },
  {
    name: "a target that is no workload",
    edits: { "/components/collector/targets/0/kind": "ReplicaSet" },
    field: "spec.components.collector.targets[0].kind",
    says: "Unsupported value",
  },
  {
    name: "a target without a name",
    edits: { "/components/collector/targets/0/name": undefined },
    field: "spec.components.collector.targets[0]",
    says: "set exactly one of name and selector",
  },
  {
    name: "a target with a name and a selector",
    edits: { "/components/api/targets/0/name": "ceilometer-api" },
    field: "spec.components.api.targets[0]",
    says: "set exactly one of name and selector",
  },
  {
    name: "a selector that chooses everything",
    edits: { "/components/api/targets/0/selector/matchLabels": {} },
    field: "spec.components.api.targets[0].selector.matchLabels",
    says: "at least 1 properties",
  },
  {
    name: "a target in another namespace, by its name",
    edits: { "/components/collector/targets/0/name": "kube-system/coredns" },
    field: "spec.components.collector.targets[0].name",
    says: "should match",
  },
  {
    name: "negative replicas",
    edits: { "/components/collector/replicas": -1 },
    field: "spec.components.collector.replicas",
    says: "greater than or equal to 0",
  },
  {
    name: "polling without a verification",
    edits: { "/components/polling/verification": undefined },
    field: "spec.components.polling.verification",
    says: "Required value",
  },
  {
    name: "a verification that verifies nothing",
    edits: { "/components/polling/verification": {} },
    field: "spec.components.polling.verification",
    says: "set exactly one of podLog, job and exporter",
  },
  {
    name: "two verifications",
    edits: { "/components/polling/verification/podLog": {} },
    field: "spec.components.polling.verification",
    says: "set exactly one of podLog, job and exporter",
  },
  {
    name: "no time for the verification",
    edits: { "/components/polling/verification/timeoutSeconds": 0 },
    field: "spec.components.polling.verification.timeoutSeconds",
    says: "greater than or equal to 1",
  },
  {
    name: "a port that does not exist",
    edits: { "/components/polling/verification/exporter/port": 65_536 },
    field: "spec.components.polling.verification.exporter.port",
    says: "less than or equal to 65535",
  },
  {
    name: "an API in the middle",
    edits: { "/components/api/position": "Middle" },
    field: "spec.components.api.position",
    says: "Unsupported value",
  },
  {
    name: "a retry undone",
    edits: { "/retryAttempt": -1 },
    field: "spec.retryAttempt",
    says: "greater than or equal to 0",
  },
  {
    name: "a full upgrade of some components only",
    edits: { "/only": ["database"] },
    field: "spec.only",
    says: "only goes with strategy: Partial",
  },
  {
    name: "only a component that there is not",
    edits: { "/strategy": "Partial", "/only": ["expirer"] },
    field: "spec.only[0]",
    says: "Unsupported value",
  },
  {
    name: "only a component that this resource does not have",
    edits: { "/strategy": "Partial", "/only": ["database", "api"], "/components/api": undefined },
    field: "spec.only",
    says: "not in spec.components",
  },
  {
    name: "a reload of another kind",
    edits: { "/components/notification/reload": "Signal" },
    field: "spec.components.notification.reload",
    says: "Unsupported value",
  },
  {
    name: "a drain gate of two kinds",
    edits: {
      "/components/notification/drain": {
        gate: {
          prometheus: { provider: "monitoring", query: "x", max: "0" },
          http: { provider: "broker", path: "/api", pointer: "/messages", max: "0" },
        },
      },
    },
    field: "spec.components.notification.drain.gate",
    says: "set exactly one of prometheus and http",
  },
  {
    name: "a query without bounds",
    edits: { "/components/notification/drain": { gate: { prometheus: { provider: "monitoring", query: "x" } } } },
    field: "spec.components.notification.drain.gate.prometheus",
    says: "set min, max or both",
  },
  {
    name: "a drain gate that only a query's lower bound decides",
    edits: {
      "/components/notification/drain": { gate: { prometheus: { provider: "monitoring", query: "x", min: "0" } } },
    },
    field: "spec.components.notification.drain.gate.prometheus",
    says: "set max",
  },
  {
    name: "a drain gate that any number passes",
    edits: {
      "/components/notification/drain": { gate: { http: { provider: "broker", path: "/api", pointer: "/messages" } } },
    },
    field: "spec.components.notification.drain.gate.http",
    says: "set pointer and max",
  },
  {
    name: "a drain gate that every answer passes",
    edits: { "/components/notification/drain": { gate: { http: { provider: "broker", path: "/api" } } } },
    field: "spec.components.notification.drain.gate.http",
    says: "set pointer and max",
  },
  {
    name: "a gate with the bounds of no number",
    edits: { "/gates": [{ name: "quiet", before: "polling", http: { provider: "broker", path: "/api", max: "0" } }] },
    field: "spec.gates[0].http.pointer",
    says: "need a pointer",
  },
  {
    name: "an address in a provider's path",
    edits: {
      "/components/notification/drain": {
        gate: { http: { provider: "broker", path: "http://other.example/", pointer: "/messages", max: "0" } },
      },
    },
    field: "spec.components.notification.drain.gate.http.path",
    says: "should match",
  },
  {
    name: "a prefix with a blank",
    edits: { "/components/polling/isolatedGroup/prefix": "new group" },
    field: "spec.components.polling.isolatedGroup.prefix",
    says: "should match",
  },
  {
    name: "listed pollsters without the list",
    edits: { "/components/polling/newPollsters/source": "List" },
    field: "spec.components.polling.newPollsters.names",
    says: "names goes with source: List",
  },
  {
    name: "a pollster whose name is an exclusion",
    edits: { "/components/polling/newPollsters": { source: "List", names: ["!cpu"] } },
    field: "spec.components.polling.newPollsters.names[0]",
    says: "should match",
  },
  {
    name: "a pollster with a new line in its name",
    edits: { "/components/polling/newPollsters": { source: "List", names: ["cpu\nmemory"] } },
    field: "spec.components.polling.newPollsters.names[0]",
    says: "should match",
  },
  {
    name: "a risk that may not be accepted",
    edits: {
      "/acceptedRisks": [
        { check: "DatabaseUpgradeFailed", object: "Job/x", reason: "who cares", expiresAt: "2027-01-01T00:00:00Z" },
      ],
    },
    field: "spec.acceptedRisks[0].check",
    says: "Unsupported value",
  },
  {
    name: "a risk accepted for ever",
    edits: { "/acceptedRisks": [{ check: "DefinitionRemoved", object: "meters.yaml/cpu", reason: "old" }] },
    field: "spec.acceptedRisks[0].expiresAt",
    says: "Required value",
  },
  {
    name: "a risk accepted until a date without a time",
    edits: {
      "/acceptedRisks": [
        { check: "DefinitionRemoved", object: "meters.yaml/cpu", reason: "old", expiresAt: "2027-01-31" },
      ],
    },
    field: "spec.acceptedRisks[0].expiresAt",
    says: "date-time",
  },
  unknown("strateggy", "Full"),
  unknown("target.namespace", "other"),
  unknown("components.database.command", ["sh"]),
  unknown("components.database.serviceAccountName", "admin"),
  unknown("components.polling.verification.url", "http://169.254.169.254"),
  {
    name: "a gate neither before nor after anything",
    edits: { "/gates": [{ name: "quiet", prometheus: { provider: "p", query: "x", max: "1" } }] },
    field: "spec.gates[0]",
    says: "exactly one of before and after",
  },
  {
    name: "a gate of two kinds",
    edits: { "/gates": [{ name: "quiet", before: "polling", exporter: {}, podLog: {} }] },
    field: "spec.gates[0]",
    says: "exactly one of prometheus",
  },
  {
    name: "a gate that looks for a line in the database's log",
    edits: { "/gates": [{ name: "quiet", after: "database", podLog: { text: "done" } }] },
    field: "spec.gates[0].podLog",
    says: "podLog looks at agents",
  },
  {
    name: "a gate that looks for a line that collectors do not have",
    edits: { "/gates": [{ name: "quiet", after: "collector", podLog: {} }] },
    field: "spec.gates[0].podLog",
    says: "set podLog.text for others",
  },
  {
    name: "an exporter of notification agents",
    edits: { "/gates": [{ name: "quiet", after: "notification", exporter: {} }] },
    field: "spec.gates[0].exporter",
    says: "only polling agents have an exporter",
  },
  {
    name: "two gates of one name",
    edits: {
      "/gates": [
        { name: "quiet", before: "polling", exporter: {} },
        { name: "quiet", after: "polling", exporter: {} },
      ],
    },
    field: "spec.gates[1]",
    says: "Duplicate value",
  },
  {
    name: "an approval before no component",
    edits: { "/approvals": [{ before: "everything" }] },
    field: "spec.approvals[0].before",
    says: "Unsupported value",
  },
  {
    name: "an approval of no plan",
    edits: { "/approved": [{ before: "polling" }] },
    field: "spec.approved[0].planHash",
    says: "Required value",
  },
  {
    name: "a skipped gate without a reason",
    edits: { "/skipGates": [{ name: "quiet", planHash: "0123456789abcdef" }] },
    field: "spec.skipGates[0].reason",
    says: "Required value",
  },
  {
    name: "a window without an end",
    edits: { "/maintenanceWindows": [{ schedule: "0 2 * * 6" }] },
    field: "spec.maintenanceWindows[0].durationSeconds",
    says: "Required value",
  },
  { name: "unknown onFailure", edits: { "/onFailure": "Undo" }, field: "spec.onFailure", says: "Unsupported value" },
];

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export function at(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce((found: unknown, key) => (isMap(found) ? found[key] : undefined), value);
}

/** The accepted resource with these edits. */
export function edited(edits: Readonly<Record<string, unknown>>) {
  const spec: unknown = structuredClone(accepted);
  for (const [pointer, value] of Object.entries(edits)) {
    const keys = pointer.slice(1).split("/");
    const parent = at(spec, keys.slice(0, -1));
    if (!isMap(parent)) throw new Error(`nothing at ${pointer}`);
    parent[keys.at(-1) ?? ""] = value;
  }
  return resource(spec);
}
