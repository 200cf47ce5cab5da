/**
 * A rollback from any point of a random upgrade, under any order of steps, crashes and late watches: every workload is again what it
 * was before, nothing is borrowed or left over, the operator comes to rest, and a retry then upgrades after all. On the way the
 * agents of a component that may not meet do not meet (I2, I8), whichever way they go.
 */
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { ANNOTATION, GROUP, LABEL } from "../../src/api/v1alpha1/names.ts";
import type { AttemptRecord, RecordedTarget } from "../../src/model/attempt.ts";
import type { AgentComponent } from "../../src/model/component.ts";
import { canonicalJson } from "../../src/model/digest.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import { hasEnded, type PodObject, type WorkloadObject } from "../sim/objects.ts";
import type { Decide } from "../sim/operator.ts";
import { imageOf } from "../sim/topology.ts";
import { mapSeen, seeing, withOperations, writing } from "./mutants.ts";
import { partialStories } from "./partial-topologies.ts";
import { type Story, stories } from "./story.ts";

const RUNS = 80;
const ROUNDS = 1500;

interface Before {
  readonly template: string;
  readonly replicas: number | undefined;
}

/** What users see of a workload: not who wrote it, nor what the operator notes on it. */
const seenOf = ({ spec }: WorkloadObject): Before => ({
  template: canonicalJson(spec.template),
  replicas: spec.replicas,
});

class Play {
  readonly cluster: ModelCluster;
  readonly before: ReadonlyMap<string, Before>;
  readonly problems: string[] = [];
  readonly #apart: ReadonlyMap<string, AgentComponent>;

  constructor(story: Story, operator: Decide) {
    this.cluster = new ModelCluster(story.topology, operator);
    this.before = new Map(this.cluster.workloads.map((each) => [each.metadata.name, seenOf(each)]));
    const isApart = (component: AgentComponent): boolean =>
      component === "api" || (story.topology.partial === undefined && component !== "polling");
    const apart = story.topology.agents.filter(({ component }) => isApart(component));
    this.#apart = new Map(apart.map(({ name, component }) => [name, component]));
    this.cluster.wish();
  }

  /** Everybody's turn; false once nobody has anything to do and no time changes that. */
  round(): boolean {
    const { cluster } = this;
    cluster.deliverAll();
    const look = cluster.isDue ? cluster.look() : undefined;
    if (look === undefined) cluster.operator.dirty = false;
    const wrote = look !== undefined && cluster.send(look) !== undefined;
    let answered = cluster.giveWord();
    while (cluster.answer(0)) answered = true;
    const moved = cluster.stepOthers();
    cluster.now += 1000;
    this.judge();
    return wrote || answered || moved || cluster.operator.behind.length > 0;
  }

  rest(): string {
    let quiet = 0;
    for (let round = 0; round < ROUNDS && quiet < 5; round += 1) {
      quiet = this.round() ? 0 : quiet + 1;
      const { recheckAt } = this.cluster.operator;
      if (quiet > 1 && recheckAt !== undefined && recheckAt > this.cluster.now) {
        this.cluster.now = recheckAt;
        quiet = 0;
      }
    }
    const decision = this.cluster.look()?.decision;
    return quiet < 5 ? `no rest: ${decision?.headline.message}` : `${decision?.phase}`;
  }

  /** One step of anybody, the operator dying now and then. */
  act(number: number): void {
    const { cluster } = this;
    const pick = Math.floor(number / 16);
    const who = number % 16;
    if (who < 4 && cluster.isDue) cluster.stepOperator();
    else if (who < 7) cluster.deliver(pick, 1 + (pick % 4));
    else if (who < 10) cluster.stepController(pick);
    else if (who < 13) cluster.stepKubelet(pick);
    else if (who < 14) cluster.answer(pick);
    else if (who < 15) cluster.giveWord();
    else cluster.restart();
    cluster.now += 1000;
    this.judge();
  }

  judge(): void {
    const images = Map.groupBy(
      this.cluster.pods.filter((pod) => !hasEnded(pod)),
      (pod) => this.#apart.get(appOf(pod)),
    );
    for (const [component, pods] of images) {
      const kinds = new Set(pods.map((pod) => pod.spec.containers[0]?.image));
      if (component !== undefined && kinds.size > 1)
        this.problems.push(`${component === "api" ? "I8" : "I2"}: ${component}: ${[...kinds].join(" beside ")}`);
    }
  }
}

const appOf = (pod: PodObject): string => pod.metadata.labels?.["app"] ?? "";

function left(play: Play): readonly string[] {
  const { workloads, api } = play.cluster;
  const marks = workloads.flatMap(({ metadata }) =>
    Object.keys(metadata.annotations ?? {})
      .filter((key) => key.startsWith(GROUP) && !key.endsWith("/completed-plan") && !key.endsWith("/release"))
      .map((key) => `I9: ${metadata.name} has ${key}`),
  );
  const made = [...workloads, ...api.ofKind("ConfigMap")].filter(({ metadata }) =>
    ["isolated", "derived"].includes(metadata.labels?.[LABEL.purpose] ?? ""),
  );
  return [...marks, ...made.map(({ metadata }) => `I9: ${metadata.name} is left`)];
}

const hasCompleted = ({ cluster }: Play): boolean =>
  cluster.api
    .ofKind("ConfigMap")
    .some(({ metadata }) => metadata.annotations?.[ANNOTATION.ended]?.includes("Completed") === true);

const attempts = ({ cluster }: Play): number =>
  cluster.api.ofKind("ConfigMap").filter(({ metadata }) => metadata.labels?.[LABEL.purpose] === "attempt").length;

/** Another image in the middle, and as many steps again: what is undone is both. */
function retarget({ cluster }: Play, { topology }: Story): void {
  const image = imageOf(`${topology.to}-2`);
  cluster.rewish((spec) => ({ ...spec, target: { ...spec.target, image } }));
}

/** What is wrong with the story's end; empty where it ends as it should. */
function rollBack(story: Story, operator: Decide): readonly string[] {
  const play = new Play(story, operator);
  for (let turn = 0; turn < story.calm; turn += 1) play.round();
  for (const number of story.script.slice(0, 80)) play.act(number);
  const changes = story.calm % 3 === 0;
  if (changes) {
    retarget(play, story);
    for (const number of story.script.slice(0, 80)) play.act(number);
  }
  play.cluster.rewish((spec) => ({ ...spec, rollback: true }));
  for (const number of story.script.slice(80)) play.act(number);
  const phase = play.rest();
  const begun = play.cluster.look()?.decision.headline.reason !== "NothingToRollBack";
  const changed = play.cluster.workloads.flatMap((each) => {
    const was = play.before.get(each.metadata.name);
    return was === undefined || canonicalJson(seenOf(each)) === canonicalJson(was)
      ? []
      : [`I9: ${each.metadata.name}: ${canonicalJson(was)} became ${canonicalJson(seenOf(each))}`];
  });
  // What had ended when another wish came is what that one came from. Before its record is written an attempt has made files and
  // touched nothing: there is nothing to take back.
  const endedBefore = changes && hasCompleted(play);
  const problems = [...play.problems, ...(endedBefore ? [] : changed), ...(begun ? left(play) : [])];
  if (phase !== "RolledBack" && begun) problems.push(`I11: ${phase}`);
  if (problems.length > 0) return problems;
  play.cluster.rewish((spec) => ({ ...spec, rollback: false, retryAttempt: (spec.retryAttempt ?? 0) + 1 }));
  const again = play.rest();
  return again === "Completed" || again === "NoChange" ? play.problems : [`I11: the retry: ${again}`, ...play.problems];
}

/** A workload that is not at rest where the operator wants it is left alone. */
function scale({ cluster }: Play, pick: number): void {
  const scalable = cluster.workloads.filter(
    ({ kind, spec, metadata }) =>
      kind !== "DaemonSet" && (spec.replicas ?? 0) > 0 && metadata.annotations?.[ANNOTATION.borrowed] === undefined,
  );
  const workload = scalable[pick % Math.max(1, scalable.length)];
  if (workload === undefined) return;
  cluster.api.update(workload, { spec: { ...workload.spec, replicas: (workload.spec.replicas ?? 0) + 1 } });
}

/**
 * Twice there and back by Git, each time from another point on the way, with another number of replicas in between: what the second
 * way back takes for "before" is what was before the second way there.
 */
function revertTwice(story: Story, operator: Decide): readonly string[] {
  const { from, to } = story.topology;
  const play = new Play(story, operator);
  const points = [story.script.slice(0, 80), story.script.slice(80)];
  for (const [time, script] of points.entries()) {
    const before = new Map(play.cluster.workloads.map((each) => [each.metadata.name, seenOf(each)]));
    const attemptsBefore = attempts(play);
    play.cluster.rewish((spec) => ({ ...spec, target: { ...spec.target, release: to, image: imageOf(to) } }));
    for (let turn = 0; turn < story.calm; turn += 1) play.round();
    for (const number of script) play.act(number);
    // Where nothing was begun it is a wish like any other, and files that were made for the beginning go with the next attempt.
    if (attempts(play) === attemptsBefore) return play.problems;
    play.cluster.rewish((spec) => ({ ...spec, target: { ...spec.target, release: from, image: imageOf(from) } }));
    const phase = play.rest();
    const changed = play.cluster.workloads.flatMap((each) => {
      const was = canonicalJson(before.get(each.metadata.name));
      const is = canonicalJson(seenOf(each));
      return was === is ? [] : [`${each.metadata.name}: ${was} became ${is}`];
    });
    const problems = [...play.problems, ...changed, ...left(play)];
    if (phase !== "Completed" && phase !== "NoChange") problems.push(phase);
    if (problems.length > 0) return [`time ${time + 1}`, ...problems];
    scale(play, story.calm);
    play.rest();
  }
  return [];
}

const kinds = [
  ["full", stories(160)],
  ["partial", partialStories(160)],
] as const;

/** What is at the target before an attempt begins is no part of it, and stands beside the others as it did. */
const untouched = (story: Story): Story => ({
  ...story,
  topology: { ...story.topology, agents: story.topology.agents.map((each) => ({ ...each, isThere: false })) },
});

/** @param problemsOf what is wrong with a story's end. */
function nothingWrong(
  arbitrary: fc.Arbitrary<Story>,
  problemsOf: (story: Story, operator: Decide) => readonly string[],
) {
  const seed = process.env["PROPERTY_SEED"];
  fc.assert(
    fc.property(arbitrary, (story) => {
      expect(problemsOf(untouched(story), decide)).toEqual([]);
    }),
    { numRuns: RUNS, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  );
}

test.each(kinds)("a %s upgrade is rolled back from any point of it", { timeout: 240_000 }, (_, arbitrary) => {
  nothingWrong(arbitrary, rollBack);
});

test.each(kinds)("a %s upgrade is reverted in Git twice", { timeout: 240_000 }, (_, arbitrary) => {
  nothingWrong(arbitrary, revertTwice);
});

/**
 * Another image of the target is asked for when the first attempt has emptied the queues and started the new agents: the attempt that
 * is rolled back has seen no difference, and what the new agents have left in their queues is read by none of the old ones (I6).
 */
const RETARGETED: Story = {
  topology: {
    from: "pike",
    to: "queens",
    skipDatabase: true,
    apiFirst: false,
    partial: {
      reload: "Literal",
      drain: "gate",
      isolate: "Auto",
      coordinated: true,
      partitioned: true,
      pipeline: {
        before: { name: "all", publisher: "notifier://" },
        after: { name: "all", publisher: "notifier://" },
        immutable: false,
      },
      polling: { before: ["*"] },
    },
    hosts: ["control-0"],
    agents: [{ component: "notification", kind: "Deployment", name: "notification-0", replicas: 2, isThere: false }],
  },
  calm: 45,
  script: [0, 0, 0, 0],
};

test("what an attempt before the one that is rolled back had to empty is emptied on the way back", () => {
  expect(rollBack(RETARGETED, decide)).toEqual([]);
});

/** Ways back with one mistake each. */
const backRecord = (change: (record: AttemptRecord) => AttemptRecord): Decide =>
  seeing((seen) => ({
    ...seen,
    records: mapSeen(seen.records, (records) =>
      records.map((record) => (record.back === undefined ? record : change(record))),
    ),
  }));
const back = (change: (target: RecordedTarget) => RecordedTarget): Decide =>
  backRecord((record) => ({ ...record, targets: record.targets.map(change) }));
const mutants: readonly (readonly [string, Decide])[] = [
  ["forgets what was mounted before", back(({ before: _, ...target }) => target)],
  ["forgets that a component had retired", back(({ replicasAfter: _, ...target }) => target)],
  ["takes the image that it finds for the one of before", back((target) => ({ ...target, targetImage: target.image }))],
  ["does not empty the queues of the new agents", backRecord(({ parity: _, ...record }) => record)],
  [
    "stops nothing before it starts the old ones",
    writing((effect, seen) => {
      const isBack = seen.records.seen === "present" && seen.records.value.some((each) => each.back !== undefined);
      if (!isBack || effect.kind !== "patch" || effect.why.reason !== "TakingDown") return effect;
      return withOperations(effect, (all) => all.filter(({ path }) => path !== "/spec/replicas"));
    }),
  ],
];

const killed: string[] = [];
test.each(mutants)("a way back that %s is noticed", { timeout: 240_000 }, (mistake, operator) => {
  const drawn = kinds.toReversed().flatMap(([, arbitrary]) => fc.sample(arbitrary, { seed: 20_260_101, numRuns: 150 }));
  const sample = [RETARGETED, ...drawn];
  let by: string | undefined;
  const noticed = sample.findIndex((story) => {
    [by] = rollBack(untouched(story), operator);
    return by !== undefined;
  });
  expect(noticed, "no story has noticed it").toBeGreaterThanOrEqual(0);
  killed.push(`  ${mistake}\n    story ${noticed + 1}: ${by}`);
});

afterAll(() => console.log(`mutants and what killed them\n${killed.join("\n")}`));
