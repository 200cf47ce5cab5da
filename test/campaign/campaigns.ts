/** All plans of each campaign, in an order that is the same everywhere. */
import { actsSeen, actsUnseen } from "./act-plans.ts";
import { inputPlans } from "./inputs.ts";
import { KEPT_MS, LOST_MS } from "./leaders.ts";
import {
  CAMPAIGNS,
  isOutage,
  type OperatorFault,
  type Plan,
  type PlannedFault,
  SCENES,
  type Step,
  stratumOf,
} from "./plan.ts";
import { type SceneName, sceneOf } from "./scenes.ts";

type CampaignName = (typeof CAMPAIGNS)[number];
type Phase = Step["phase"];

/** Status is written once a second at most, so how often depends on the machine; so many writes there always are. */
const STATUS_WRITES = 2;

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
const at = (n: number, phase: Phase, fault: PlannedFault, of: Step["write"]["of"] = "effect"): Step => ({
  write: { of, n },
  phase,
  fault,
});

const PHASES = ["before", "after-commit"] as const;
const crash: PlannedFault = { kind: "crash" };

/** C1: the operator dies at each write: before it was made, after, and when it has learned the answer. */
const crashes = (scene: SceneName): readonly Plan[] => [
  ...upTo(sceneOf(scene).effects).flatMap((n) =>
    crashPhases(scene).map((phase): Plan => ({ campaign: "C1", scene, steps: [at(n, phase, crash)] })),
  ),
  ...upTo(STATUS_WRITES).flatMap((n) =>
    PHASES.map((phase): Plan => ({ campaign: "C1", scene, steps: [at(n, phase, crash, "status")] })),
  ),
];

/** Of a scene that is another one but for its middle or its end, the moment when the answer is known is not asked for again. */
const crashPhases = (scene: SceneName): readonly Phase[] => {
  const { steer, ends } = sceneOf(scene);
  return steer === undefined && ends === undefined ? [...PHASES, "after-response"] : PHASES;
};

/** C2: it dies twice, at every other write and then at each that follows. The second is counted with the first, which is made again. */
const doubleCrashes = (scene: SceneName): readonly Plan[] => {
  const writes = upTo(sceneOf(scene).effects);
  const firsts = writes.filter((n) => n % 2 === 1);
  return firsts.flatMap((first) =>
    writes
      .filter((second) => second > first)
      .map((second): Plan => {
        const steps = [first, second].map((n) => at(n, "after-commit", crash));
        return { campaign: "C2", scene, steps };
      }),
  );
};

/** C3: a write is answered otherwise than what happened, or not at all. */
export const ANSWERS: readonly (readonly [Phase, OperatorFault])[] = [
  ["before", { kind: "drop" }],
  ["after-commit", { kind: "drop" }],
  ["before", { kind: "answer", status: 401 }],
  ["before", { kind: "answer", status: 403 }],
  ["before", { kind: "answer", status: 409 }],
  ["before", { kind: "answer", status: 410 }],
  ["before", { kind: "answer", status: 422 }],
  ["before", { kind: "answer", status: 429, retryAfterSeconds: 1 }],
  ["before", { kind: "answer", status: 500 }],
  ["after-commit", { kind: "answer", status: 500 }],
  ["before", { kind: "answer", status: 503 }],
  ["after-commit", { kind: "answer", status: 504 }],
  ["after-commit", { kind: "delay", milliseconds: 12_000 }],
];
/** Of status: what passes by itself. That the operator may not write it at all is a fault of the installation, and is told as one. */
const STATUS_ANSWERS = ANSWERS.filter(([, fault]) => !("status" in fault && [401, 403, 410].includes(fault.status)));
const answers = (scene: SceneName): readonly Plan[] => [
  ...upTo(sceneOf(scene).effects).flatMap((n) =>
    ANSWERS.map(([phase, fault]): Plan => ({ campaign: "C3", scene, steps: [at(n, phase, fault)] })),
  ),
  ...upTo(STATUS_WRITES).flatMap((n) =>
    STATUS_ANSWERS.map(([phase, fault]): Plan => ({ campaign: "C3", scene, steps: [at(n, phase, fault, "status")] })),
  ),
];

/** C5: what the operator sees is old, and its writes go through. */
export const STALE: readonly OperatorFault[] = [
  { kind: "watchesFrozen", milliseconds: 3000 },
  { kind: "watchesFrozen", milliseconds: 15_000 },
  { kind: "watchesLate", milliseconds: 500 },
  { kind: "watchesLate", milliseconds: 3000 },
];
/** In the middle of the deep scenes alone: for longer than a write may be stale without a word, and than a watch may be silent. */
const LONG_STALE: readonly OperatorFault[] = [
  { kind: "watchesFrozen", milliseconds: 65_000 },
  { kind: "watchesFrozen", milliseconds: 105_000 },
];
/** At each quarter of every scene: each thing that is waited for comes so much later, for minutes in all. */
const LATE: readonly OperatorFault[] = [
  { kind: "watchesLate", milliseconds: 10_000 },
  { kind: "watchesLate", milliseconds: 60_000 },
];
const quarters = (scene: SceneName): readonly number[] => {
  const { effects, mayWaitFrom = 1 } = sceneOf(scene);
  return [1, 2, 3].map((quarter) => Math.ceil((effects * quarter) / 4)).filter((n) => n >= mayWaitFrom);
};
/** C6: the leader of three replicas. What may take the lease from it, at more writes than what only disturbs it. */
const LOSSES: readonly (readonly [Phase, PlannedFault])[] = [
  ["before", { kind: "leaderStopped", milliseconds: LOST_MS }],
  ["after-commit", { kind: "leaderStopped", milliseconds: LOST_MS }],
  ["after-commit", { kind: "leaderPartitioned", milliseconds: LOST_MS }],
  ["before", { kind: "leaderTerminated" }],
];
const OF_LEASES: readonly (readonly [Phase, PlannedFault])[] = [
  ["after-commit", { kind: "leaseAnswers", whose: "all", status: 500, milliseconds: KEPT_MS }],
  ["after-commit", { kind: "leaseAnswers", whose: "leader", status: 503, milliseconds: LOST_MS }],
  ["after-commit", { kind: "leaseAnswers", whose: "leader", status: 409, milliseconds: LOST_MS }],
  ["after-commit", { kind: "leaseDeleted" }],
  ["after-commit", { kind: "leaseRewritten" }],
  ["after-commit", { kind: "leaderTerminated", skewSeconds: 60 }],
  ["before", { kind: "leaderStopped", milliseconds: LOST_MS, skewSeconds: -60 }],
];
const leaders = (scene: SceneName): readonly Plan[] => {
  const every = (step: number, faults: typeof LOSSES): readonly Plan[] =>
    upTo(sceneOf(scene).effects)
      .filter((n) => n % step === 1)
      .flatMap((n) => faults.map(([phase, fault]): Plan => ({ campaign: "C6", scene, steps: [at(n, phase, fault)] })));
  return [...every(4, LOSSES), ...every(8, OF_LEASES)];
};

/** C7: the API server is away, or refuses to be read. */
export const OUTAGES: readonly OperatorFault[] = [
  { kind: "disconnect" },
  { kind: "outage", milliseconds: 5000 },
  { kind: "watchesCut" },
  { kind: "watchesExpired" },
  { kind: "watchesRepeated" },
  { kind: "watchesGarbled" },
  { kind: "readsAnswer", status: 401, milliseconds: 2000 },
  { kind: "readsAnswer", status: 403, milliseconds: 2000 },
  { kind: "readsAnswer", status: 410, milliseconds: 2000 },
  { kind: "readsAnswer", status: 429, milliseconds: 2000, retryAfterSeconds: 1 },
  { kind: "readsAnswer", status: 500, milliseconds: 2000 },
  // As when a list may not be older than what this API server has seen yet.
  { kind: "readsAnswer", status: 504, milliseconds: 2000 },
];
/** In the middle of the deep scenes alone. */
const LONG_OUTAGE: readonly OperatorFault[] = [{ kind: "outage", milliseconds: 120_000 }];
/** C5 with two API servers over one etcd, at the moments at which parts of the control plane fail. */
const BEHIND_MS = 10_000;
const BEHIND = [
  "readsFallBehind",
  "readsMoveBehind",
  "allMovesBehind",
  "startedBehind",
] as const satisfies readonly PlannedFault["kind"][];
const behind = (scene: SceneName): readonly Plan[] =>
  (OUTAGES_AT[scene] ?? []).flatMap((n) =>
    BEHIND.map((kind): Plan => {
      const fault: PlannedFault = { kind, milliseconds: BEHIND_MS };
      return { campaign: "C5-real", scene, steps: [at(n, "after-commit", fault)] };
    }),
  );
/** C7 on a control plane that belongs to one plan at a time. */
const SHORT_OUTAGES: readonly PlannedFault[] = [
  { kind: "apiServerKilled", milliseconds: 5000 },
  { kind: "etcdStopped", milliseconds: 5000 },
  { kind: "etcdKilled", milliseconds: 5000 },
  { kind: "bindingsRemoved", milliseconds: 10_000 },
  { kind: "accountRemoved", milliseconds: 5000 },
];
const LONG_OUTAGES: readonly PlannedFault[] = [
  { kind: "apiServerKilled", milliseconds: 30_000 },
  { kind: "etcdStopped", milliseconds: 30_000 },
];
/** In the middle of the first deep scene alone. */
const LONGEST_OUTAGES: readonly PlannedFault[] = [
  { kind: "apiServerKilled", milliseconds: 120_000 },
  { kind: "etcdStopped", milliseconds: 120_000 },
];
/** Writes at which the database, each component and the end are under way. */
const OUTAGES_AT: Readonly<Partial<Record<SceneName, readonly number[]>>> = {
  modern: [2, 6, 10, 14, 19, 24],
  isolate: [5, 11],
};
const realOutages = (scene: SceneName): readonly Plan[] => {
  const moments = OUTAGES_AT[scene] ?? [];
  const each = (n: number, faults: readonly PlannedFault[]): readonly Plan[] =>
    faults.map((fault): Plan => ({ campaign: "C7-real", scene, steps: [at(n, "after-commit", fault)] }));
  const definition: PlannedFault = { kind: "definitionRemoved", milliseconds: 5000 };
  return [
    ...moments.flatMap((n) => each(n, SHORT_OUTAGES)),
    ...moments.filter((_, index) => index % 2 === 0).flatMap((n) => each(n, LONG_OUTAGES)),
    ...PHASES.map((phase): Plan => ({ campaign: "C7-real", scene, steps: [at(1, phase, definition, "resource")] })),
  ];
};

/** One scene with every kind of step, one with everything that is made for a while. */
export const DEEP = ["modern", "isolate"] as const satisfies readonly SceneName[];
const isDeep = (scene: SceneName): boolean => DEEP.some((deep) => deep === scene);

const EVERY = 3;
/** Of what lasts for seconds and longer, every third moment, and of the scenes that are not deep the middle alone. */
function momentsOf(scene: SceneName): readonly number[] {
  const { effects } = sceneOf(scene);
  return isDeep(scene) ? upTo(effects).filter((n) => n % EVERY === 1) : [Math.ceil(effects / 2)];
}
const afterMoments = (
  campaign: CampaignName,
  scene: SceneName,
  faults: readonly PlannedFault[],
  moments = momentsOf(scene),
): readonly Plan[] =>
  moments.flatMap((n) => faults.map((fault): Plan => ({ campaign, scene, steps: [at(n, "after-commit", fault)] })));
/** What lasts for minutes. */
const afterMiddle = (campaign: CampaignName, scene: SceneName, faults: readonly PlannedFault[]): readonly Plan[] =>
  afterMoments(campaign, scene, faults, [Math.ceil(sceneOf(scene).effects / 2)]);

const makers: Readonly<Record<CampaignName, () => readonly Plan[]>> = {
  C1: () => SCENES.flatMap(crashes),
  C2: () => DEEP.flatMap(doubleCrashes),
  C3: () => DEEP.flatMap(answers),
  C4: () => actsUnseen(SCENES),
  C5: () => [
    ...SCENES.flatMap((scene) => afterMoments("C5", scene, STALE)),
    ...DEEP.flatMap((scene) => afterMiddle("C5", scene, LONG_STALE)),
    ...SCENES.flatMap((scene) => afterMoments("C5", scene, LATE, quarters(scene))),
  ],
  "C5-real": () => DEEP.flatMap(behind),
  C6: () => DEEP.flatMap(leaders),
  C7: () => [
    ...SCENES.flatMap((scene) => afterMoments("C7", scene, OUTAGES)),
    ...DEEP.flatMap((scene) => afterMiddle("C7", scene, LONG_OUTAGE)),
  ],
  "C7-real": () => [...DEEP.flatMap(realOutages), ...afterMiddle("C7-real", DEEP[0], LONGEST_OUTAGES)],
  C8: inputPlans,
  C11: () => actsSeen(SCENES),
};

export const WHAT: Readonly<Record<CampaignName, string>> = {
  C1: "The operator is killed at each write, before it is made, after, and when it has the answer; another one starts at once",
  C2: "It is killed twice, after every other write and then after each that follows",
  C3: "A write is refused, delayed or answered by an error that is not true, or its answer is lost",
  C4: "Something changes and changes back, and the operator learns of the end of it alone",
  C5: "Watches stand still or come late while writes go through",
  "C5-real":
    "A second API server over the same etcd is behind, and serves what is read, or all, or an operator that has just started",
  C6: "Of three replicas the leader is stopped, cut off or ended, its lease refused, deleted or rewritten, clocks are wrong",
  C7: "Connections break, the API server is away, watches expire, say things twice or not whole, reads are refused",
  "C7-real":
    "The API server or etcd dies or stands still, the operator's rights, its account or the resource's definition are gone for a while",
  C8: "Every field of the resource is changed to what fits and what does not, one by one and in chains, and changed back",
  C11: "Other people and controllers act on workloads, records, Jobs, files and the resource",
};

export const plansOf = (campaign: CampaignName): readonly Plan[] => makers[campaign]();
export const allPlans = (): readonly Plan[] => CAMPAIGNS.flatMap(plansOf);

/** Whether a plan may not have others beside it. */
export const isAlone = ({ steps }: Plan): boolean => steps.some(({ fault }) => isOutage(fault));

/**
 * Some of all, dealt campaign by campaign, so that each has the same share until its plans are used up. Within a campaign no kind of
 * fault comes twice before each has come once.
 */
export function stratified(plans: readonly Plan[], count: number, random: () => number): readonly Plan[] {
  const shuffled = plans
    .map((plan) => ({ plan, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ plan }) => plan);
  const seen = new Map<string, number>();
  const ranked = shuffled.map((plan) => {
    const stratum = stratumOf(plan);
    const rank = seen.get(stratum) ?? 0;
    seen.set(stratum, rank + 1);
    return { plan, rank };
  });
  const dealt = new Map<string, number>();
  return ranked
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ plan }) => {
      const turn = dealt.get(plan.campaign) ?? 0;
      dealt.set(plan.campaign, turn + 1);
      return { plan, turn };
    })
    .toSorted((a, b) => a.turn - b.turn)
    .slice(0, count)
    .map(({ plan }) => plan);
}
