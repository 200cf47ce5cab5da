/**
 * What users may write, and undo again: every change of `schema-inputs.ts` to a resource that has not begun, the sensible ones to
 * one that has ended, changes that make sense to the schema alone, and chains of changes.
 */
import { resourceSchema } from "../../src/api/v1alpha1/crd.ts";
import { type SpecInput, specSchema } from "../../src/api/v1alpha1/schema.ts";
import type { StructuralSchema } from "../../src/api/v1alpha1/structural.ts";
import type { Topology } from "../e2e/fixtures/topology.ts";
import type { Input, Plan } from "./plan.ts";
import { generator } from "./random.ts";
import { sceneOf } from "./scenes.ts";
import { type Graft, leavesOf, type Mutation, mutated, mutationsOf, type NamedMutation } from "./schema-inputs.ts";

type State = Input["state"];
type Home = Extract<Plan["scene"], "classic" | "beside" | "statefulset">;

const once = <T>(make: (home: Plan["scene"], state: State) => T): ((home: Plan["scene"], state: State) => T) => {
  const made = new Map<string, T>();
  return (home, state) => {
    const key = `${home}/${state}`;
    const value = made.get(key) ?? make(home, state);
    made.set(key, value);
    return value;
  };
};

/** `before` begins nothing: it is paused. */
export const topologyOf = once((home, state): Topology => {
  const { topology } = sceneOf(home).options;
  return state === "finished"
    ? topology
    : topology.wish((spec) => {
        spec.paused = true;
      });
});

/** As the API server stores it, with every default. */
const storedSpec = once((home, state): unknown => specSchema.parse(topologyOf(home, state).spec));

const specOfSchema = (): StructuralSchema => {
  const spec = resourceSchema().properties?.["spec"];
  if (spec === undefined) throw new Error("a definition without a spec");
  return spec;
};

const file = { kind: "ConfigMap", name: "somewhere", key: "file.yaml" };
const selected = [{ kind: "Deployment", selector: { matchLabels: { component: "nothing" } } }];
const job = { kind: "Job", name: "somewhere" };
const within = { min: "0", max: "1" };
const prometheus = { provider: "monitoring", query: "up", ...within };
const http = { provider: "broker", path: "/api/queues", pointer: "/messages", ...within };
const planHash = "0123456789abcdef";

/** What the scenes do not have, in values that fit. Of two that exclude each other each has its own. */
const GRAFTS: readonly Graft[] = [
  { at: "/from", value: { release: "newton" } },
  { at: "/target/config", value: { pipeline: file, eventPipeline: file, polling: file, definitions: [file] } },
  { at: "/components/database/jobFrom/container", value: "ceilometer-notification" },
  { at: "/components/database/backup", value: { jobFrom: job, maxAgeSeconds: 3600 } },
  { at: "/components/collector/replicas", value: 2 },
  { at: "/components/notification/replicas", value: 2 },
  { at: "/components/api/replicas", value: 2 },
  ...["collector", "notification", "polling", "api"].flatMap((component) => [
    { at: `/components/${component}/image`, value: "quay.io/example/ceilometer:other" },
    { at: `/components/${component}/progressDeadlineSeconds`, value: 600 },
    { at: `/components/${component}/targets/0/container`, value: "ceilometer" },
    { at: `/components/${component}/targets`, value: selected },
  ]),
  { at: "/components/polling/targets/0/pollingNamespaces", value: ["central"] },
  {
    at: "/components/notification/drain",
    value: { config: file, gate: { prometheus }, acknowledged: planHash },
  },
  { at: "/components/notification/drain", value: { gate: { http } } },
  { at: "/components/polling/verification", value: { podLog: { text: "Polling" }, timeoutSeconds: 600 } },
  { at: "/components/polling/verification", value: { job } },
  { at: "/components/polling/verification", value: { exporter: { port: 9101 } } },
  { at: "/components/polling/isolatedGroup", value: { when: "Auto", prefix: "fresh", config: file } },
  { at: "/components/polling/newPollsters", value: { source: "List", names: ["cpu"], catalogue: file } },
  { at: "/only", value: ["database"] },
  {
    at: "/acceptedRisks",
    value: [
      { check: "DefinitionRemoved", object: "meters.yaml/cpu", reason: "unused", expiresAt: "2099-01-01T00:00:00Z" },
    ],
  },
  { at: "/gates", value: [{ name: "quiet", before: "polling", prometheus, timeoutSeconds: 60 }] },
  { at: "/gates", value: [{ name: "quiet", after: "polling", http, timeoutSeconds: 60 }] },
  { at: "/gates", value: [{ name: "quiet", before: "polling", job, timeoutSeconds: 60 }] },
  { at: "/gates", value: [{ name: "quiet", after: "polling", podLog: { text: "Polling" }, timeoutSeconds: 60 }] },
  { at: "/gates", value: [{ name: "quiet", after: "polling", exporter: { port: 9101 }, timeoutSeconds: 60 }] },
  { at: "/approvals", value: [{ before: "polling" }] },
  { at: "/approved", value: [{ before: "polling", planHash }] },
  { at: "/skipGates", value: [{ name: "quiet", planHash, reason: "known" }] },
  { at: "/maintenanceWindows", value: [{ schedule: "0 2 * * 6", durationSeconds: 3600, timeZone: "Etc/UTC" }] },
];

/** What only a partial upgrade reads is changed in one. */
const OF_PARTIAL = [
  "/only",
  "/acceptedRisks",
  "/components/notification/workloadPartitioning",
  "/components/notification/reload",
  "/components/notification/memberTimeoutSeconds",
  "/components/notification/drain",
  "/components/polling/isolatedGroup",
  "/components/polling/newPollsters",
];
const isOfPartial = (field: string): boolean => OF_PARTIAL.some((each) => `${field}/`.startsWith(`${each}/`));

const generated = (home: Home, state: State): readonly NamedMutation[] => {
  const spec = storedSpec(home, state);
  const fits = ({ at, value }: Graft): boolean => mutated(spec, { path: at, value }) !== undefined;
  return mutationsOf(specOfSchema(), spec, [...LACKING[home], ...GRAFTS].filter(fits));
};

/** Components that a scene does not have at all. */
const collector = { targets: [{ kind: "Deployment", name: "ceilometer-collector" }], retire: false, replicas: 1 };
const api = { targets: [{ kind: "Deployment", name: "ceilometer-api" }], position: "Last", retire: false, replicas: 1 };
const lackingComponents = [{ container: "ceilometer" }, { name: undefined, selector: selected[0]?.selector }].flatMap(
  (more) => [
    { at: "/components/collector", value: withTarget(collector, more) },
    { at: "/components/api", value: withTarget(api, more) },
  ],
);
const jobFrom = { kind: "Deployment", name: "ceilometer-notification", container: "ceilometer-notification" };
const LACKING: Readonly<Record<Home, readonly Graft[]>> = {
  classic: [],
  beside: lackingComponents,
  statefulset: [
    ...lackingComponents,
    {
      at: "/components/database",
      value: { action: "Upgrade", jobFrom, deadlineSeconds: 1800, backup: { jobFrom: job, maxAgeSeconds: 3600 } },
    },
  ],
};

function withTarget(component: { readonly targets: readonly object[] }, more: object): unknown {
  const image = "quay.io/example/ceilometer:other";
  const [target] = component.targets;
  const value: unknown = JSON.parse(
    JSON.stringify({ ...component, image, progressDeadlineSeconds: 600, targets: [{ ...target, ...more }] }),
  );
  return value;
}

/** What the schema lets pass, and no upgrade can be. */
const meant = (home: Home): readonly NamedMutation[] => {
  const { components, target }: SpecInput = topologyOf(home, "before").spec;
  const notification = components.notification?.targets ?? [];
  const polling = components.polling?.targets ?? [];
  const semantic = (name: string, path: string, ...value: readonly [unknown?]): NamedMutation => ({
    field: "",
    name,
    path,
    ...(value.length === 0 ? {} : { value: value[0] }),
  });
  return [
    semantic("an older target", "/target", { ...target, release: "mitaka" }),
    semantic("a target far ahead", "/target/release", "2025.2"),
    semantic("a release nobody knows", "/target/release", "99.0.0"),
    semantic("an image that does not exist", "/target/image", "quay.io/example/ceilometer:does-not-exist"),
    semantic("an image with a digest", "/target/image", `quay.io/example/ceilometer@sha256:${"ab".repeat(32)}`),
    semantic("workloads that do not exist", "/components/notification/targets", [
      { kind: "Deployment", name: "nobody" },
    ]),
    semantic("one workload twice", "/components/notification/targets", [...notification, ...notification]),
    semantic("one workload in two components", "/components/notification/targets", [...notification, ...polling]),
    semantic("narrowed to notification", "/components/polling"),
    semantic("narrowed to polling", "/components/notification"),
    semantic("narrowed to one workload", "/components/polling/targets", polling.slice(0, 1)),
    semantic("windows that never open", "/maintenanceWindows", [
      { schedule: "0 0 30 2 *", durationSeconds: 60, timeZone: "Etc/UTC" },
    ]),
    semantic("a schedule that is none", "/maintenanceWindows", [{ schedule: "every day", durationSeconds: 60 }]),
    semantic("a time zone that is none", "/maintenanceWindows", [
      { schedule: "0 0 * * *", durationSeconds: 60, timeZone: "Mars/Olympus" },
    ]),
    semantic("strategy switched", "/strategy", home === "beside" ? "Full" : "Partial"),
    semantic("a file that does not exist", "/target/config", { polling: file }),
    semantic("a secret that may not be read", "/target/config", { polling: { ...file, kind: "Secret" } }),
    semantic("a provider that does not exist", "/gates", [{ name: "quiet", before: "polling", prometheus }]),
    semantic("a container that does not exist", "/components/notification/targets/0/container", "nobody"),
    semantic("a verification by a job that does not exist", "/components/polling/verification", { job }),
    semantic("a plan only", "/mode", "Plan"),
    semantic("aborted", "/abort", true),
    semantic("rolled back", "/rollback", true),
    semantic("retried", "/retryAttempt", 1),
    semantic("the database skipped", "/components/database", { action: "Skip" }),
  ];
};

/** Another name there names nothing that there is. */
const NAMES_SOMETHING = new RegExp(
  [
    "/(jobFrom|job)/(name|container)$",
    "/targets/0/(name|container)$",
    "^/target/config/.*/(name|key)$",
    "/(catalogue|drain/config|isolatedGroup/config)/(name|key)$",
    "^/gates/.*/provider$",
    "^/maintenanceWindows/0/(schedule|timeZone)$",
  ].join("|"),
);
const IMPOSSIBLE: ReadonlySet<string> = new Set([
  "an older target",
  "a release nobody knows",
  "workloads that do not exist",
  "one workload twice",
  "one workload in two components",
  "a schedule that is none",
  "a time zone that is none",
  "a file that does not exist",
  "a secret that may not be read",
  "a provider that does not exist",
  "a container that does not exist",
  "a verification by a job that does not exist",
]);
/** Of what has ended only what would be begun anew is looked at again. */
const isImpossible = (state: State, { field, name }: NamedMutation): boolean =>
  state === "before" && (field === "" ? IMPOSSIBLE.has(name) : name === "changed" && NAMES_SOMETHING.test(field));

const titleOf = ({ field, name }: NamedMutation): string => `${field === "" ? "spec" : field.slice(1)}: ${name}`;

const single = (scene: Home, state: State, change: NamedMutation): Plan => {
  const { path, ...rest } = change;
  const mutation: Mutation = "value" in rest ? { path, value: rest.value } : { path };
  const impossible = isImpossible(state, change) ? ({ impossible: true } as const) : {};
  return {
    campaign: "C8",
    scene,
    steps: [],
    input: { state, name: titleOf(change), ...impossible, mutations: [mutation] },
  };
};

/** What the schema itself lets pass, as far as it can be told without the API server. */
const passes = (home: Home, state: State, mutation: Mutation): boolean =>
  specSchema.safeParse(mutated(storedSpec(home, state), mutation)).success;

/** Of the fields that an ended resource has itself, the first change that fits each. */
function ofEnded(home: Home): readonly NamedMutation[] {
  const spec = storedSpec(home, "finished");
  const own = generated(home, "finished").filter(
    (change) => change.path === change.field && mutated(spec, { path: change.path }) !== undefined,
  );
  const fitting = own.filter((change) => passes(home, "finished", change));
  return [...Map.groupBy(fitting, ({ field }) => field).values()].flatMap((changes) => changes.slice(0, 1));
}

const singles = (): readonly Plan[] => [
  ...generated("classic", "before")
    .filter(({ field }) => !isOfPartial(field))
    .map((change) => single("classic", "before", change)),
  ...meant("classic").map((change) => single("classic", "before", change)),
  ...generated("beside", "before")
    .filter(({ field }) => isOfPartial(field))
    .map((change) => single("beside", "before", change)),
  ...meant("beside").map((change) => single("beside", "before", change)),
  ...[
    ...ofEnded("statefulset"),
    ...meant("statefulset").filter((change) => passes("statefulset", "finished", change)),
  ].map((change) => single("statefulset", "finished", change)),
];

const LINKS = 10;
const chainsOf = (scene: Home, state: State, seeds: readonly number[]): readonly Plan[] => {
  // What a chain begins, it need not see the end of: the next change comes meanwhile, as it does from people.
  const pool = [...generated(scene, state), ...meant(scene)].filter(
    (change) => !change.path.startsWith("/paused") && passes(scene, state, change),
  );
  return seeds.map((seed): Plan => {
    const random = generator(seed);
    const mutations = Array.from({ length: LINKS }, (): Mutation => {
      const { path, ...rest } = pool[Math.floor(random() * pool.length)] ?? { path: "" };
      return "value" in rest ? { path, value: rest.value } : { path };
    });
    return { campaign: "C8", scene, steps: [], input: { state, name: `chain ${seed}`, mutations } };
  });
};

const chains = (): readonly Plan[] => [
  ...chainsOf("classic", "before", [1, 2, 3, 4, 5, 6, 7]),
  ...chainsOf("beside", "before", [8, 9, 10, 11, 12, 13, 14]),
  ...chainsOf("statefulset", "finished", [15, 16, 17, 18, 19, 20]),
];

export const inputPlans = (): readonly Plan[] => [...singles(), ...chains()];

/** Fields of the schema that no plan changes, which must be none. */
export function fieldsMissed(): readonly string[] {
  const met = new Set(
    [
      ...generated("classic", "before").filter(({ field }) => !isOfPartial(field)),
      ...generated("beside", "before").filter(({ field }) => isOfPartial(field)),
    ].map(({ field }) => field),
  );
  return leavesOf(specOfSchema()).filter((field) => !met.has(field));
}
