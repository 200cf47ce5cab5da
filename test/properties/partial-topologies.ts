/** Ceilometers that are upgraded partially: classic and modern, coordinated or not, partitioned or not, with new pollsters or none. */
import fc from "fast-check";
import type { WorkloadKind } from "../../src/model/observation.ts";
import type { PartialTopology, PipelineWords, PollingNamespace } from "../sim/configuration.ts";
import type { Agents, Topology } from "../sim/topology.ts";
import type { Story } from "./story.ts";

/** Pairs with new pollsters in central and compute, in ipmi, and with none; pairs that must drain; rings that nobody reads again. */
const PAIRS = [
  { from: "newton", to: "ocata" },
  { from: "ocata", to: "pike" },
  { from: "pike", to: "queens" },
  { from: "queens", to: "rocky" },
  { from: "rocky", to: "stein" },
  { from: "ussuri", to: "victoria" },
  { from: "2023.2", to: "2024.1" },
  { from: "2025.1", to: "2025.2" },
] as const;
const PARTITIONED = new Set(["newton", "ocata", "pike", "queens", "rocky"]);
const CLASSIC = new Set(["newton", "ocata", "pike"]);

type Budget = Pick<Agents, "strategy" | "maxSurge" | "maxUnavailable">;
const budgets: fc.Arbitrary<Budget> = fc.constantFrom<Budget>(
  {},
  { maxSurge: 1, maxUnavailable: 0 },
  { maxSurge: 0, maxUnavailable: 1 },
  { maxSurge: 1, maxUnavailable: 1 },
  { strategy: "Recreate" },
);
const daemonBudgets: fc.Arbitrary<Budget> = fc.constantFrom<Budget>({}, { maxSurge: 1, maxUnavailable: 0 });

function workloads(
  base: Pick<Agents, "component" | "pollingNamespace">,
  name: string,
  kinds: readonly WorkloadKind[],
  most: number,
): fc.Arbitrary<readonly Agents[]> {
  const one = fc.record({
    kind: fc.constantFrom(...kinds),
    replicas: fc.constantFrom(0, 1, 2, 2, 3, 3),
    budget: budgets,
    daemon: daemonBudgets,
  });
  return fc.array(one, { maxLength: most, size: "max" }).map((list) =>
    list.map(({ kind, replicas, budget, daemon }, index): Agents => {
      const own = kind === "DaemonSet" ? daemon : kind === "Deployment" ? budget : {};
      return { ...base, name: `${name}-${index}`, kind, replicas, ...own };
    }),
  );
}

const polling = (namespace: PollingNamespace, kinds: readonly WorkloadKind[], most: number) =>
  workloads({ component: "polling", pollingNamespace: namespace }, `polling-${namespace}`, kinds, most);

const PIPELINES: readonly PipelineWords[] = [
  { name: "all", publisher: "notifier://" },
  { name: "all", publisher: "notifier://?topic=other" },
  { name: "every", publisher: "notifier://" },
];
/** From each of them to each of them, or to none that is given. */
const CHANGES: readonly (readonly [PipelineWords, PipelineWords | undefined])[] = PIPELINES.flatMap((now) =>
  [...PIPELINES, undefined, undefined].map((then) => [now, then] as const),
);
const POLLED = [["*"], ["cpu", "image.size", "hardware.ipmi.*"]] as const;

const configured: fc.Arbitrary<PartialTopology> = fc
  .record({
    coordinated: fc.boolean(),
    partitioned: fc.constantFrom(true, true, false),
    pipelines: fc.constantFrom(...CHANGES),
    immutable: fc.boolean(),
    edited: fc.boolean(),
    before: fc.constantFrom(...POLLED),
    given: fc.boolean(),
    reload: fc.constantFrom("Literal", "Merge"),
    drain: fc.constantFrom("gate", "person"),
    isolate: fc.constantFrom("Auto", "Auto", "Always"),
  })
  .map(({ coordinated, partitioned, pipelines, immutable, edited, before, given, ...rest }): PartialTopology => {
    const [now, then] = pipelines;
    return {
      ...rest,
      coordinated: coordinated || partitioned,
      partitioned,
      pipeline: {
        before: now,
        immutable,
        ...(then === undefined ? {} : { after: then }),
        // Its name stays: nobody could know of queues whose names stand nowhere any more.
        ...(edited ? { edited: { ...now, publisher: "notifier://?topic=edited" } } : {}),
      },
      polling: { before: [...before], ...(given ? { after: ["*"] } : {}) },
    };
  });

export const partialTopologies: fc.Arbitrary<Topology> = fc
  .record({
    pair: fc.constantFrom(...PAIRS),
    collectors: workloads({ component: "collector" }, "collector", ["Deployment", "StatefulSet"], 2),
    notification: workloads({ component: "notification" }, "notification", ["Deployment", "StatefulSet"], 2),
    central: polling("central", ["Deployment", "StatefulSet"], 2),
    compute: polling("compute", ["DaemonSet"], 1),
    ipmi: polling("ipmi", ["DaemonSet"], 1),
    apis: workloads({ component: "api" }, "api", ["Deployment"], 1),
    hosts: fc.nat({ max: 3 }),
    skipDatabase: fc.nat({ max: 4 }).map((number) => number === 0),
    apiFirst: fc.boolean(),
    partial: configured,
  })
  .map(({ pair, collectors, notification, central, compute, ipmi, apis, hosts, partial, ...rest }): Topology => {
    const classic = CLASSIC.has(pair.from) ? [...collectors, ...apis] : [];
    const agents = [...classic, ...notification, ...central, ...compute, ...ipmi];
    const fallback: Agents = { component: "notification", kind: "Deployment", name: "notification-0", replicas: 2 };
    return {
      ...pair,
      ...rest,
      partial: fit(partial, pair.from),
      hosts: ["control-0", ...Array.from({ length: hosts }, (_, index) => `compute-${index}`)],
      agents: agents.length === 0 ? [fallback] : agents,
    };
  });

/** To Ocata nothing turns the intake off, so there queues of other names cannot be emptied while messages come in. */
function fit(partial: PartialTopology, from: string): PartialTopology {
  const partitioned = partial.partitioned && PARTITIONED.has(from);
  const { before, after = before } = partial.pipeline;
  const cannot = partitioned && (from === "newton" || from === "ocata");
  const pipeline = cannot ? { ...partial.pipeline, after: { ...after, name: before.name } } : partial.pipeline;
  return { ...partial, partitioned, pipeline };
}

export const partialStories = (longest: number): fc.Arbitrary<Story> =>
  fc.record({
    topology: partialTopologies,
    calm: fc.nat({ max: 90 }),
    script: fc.array(fc.nat({ max: 2 ** 30 }), { maxLength: longest, size: "max" }),
  });

const GROUPED = ["ocata", "pike", "queens"];

/** Those in which notification agents share their work: what is theirs is not seen in many others. */
export const partitionedStories = (longest: number): fc.Arbitrary<Story> =>
  fc
    .record({
      story: partialStories(longest),
      pair: fc.constantFrom(...PAIRS.filter(({ from }) => GROUPED.includes(from))),
      partial: configured,
    })
    .map(({ story, pair, partial }): Story => {
      const agents = ["notification-0", "notification-1"].map(
        (name): Agents => ({ component: "notification", name, kind: "Deployment", replicas: 2 }),
      );
      const shared = fit({ ...partial, coordinated: true, partitioned: true }, pair.from);
      const topology = { ...story.topology, ...pair, agents, partial: shared, skipDatabase: true };
      return { ...story, topology };
    });
