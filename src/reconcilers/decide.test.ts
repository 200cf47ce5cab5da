/** One look in the middle of an attempt, and the one thing that follows from it. */
import { expect, test } from "vitest";
import {
  aConfigObject,
  aCronJob,
  aDaemonSet,
  aDeployment,
  aJob,
  aMeta,
  anObservation,
  anUpgrade,
  aPod,
  aRecord,
  aRecordedTarget,
  aStatefulSet,
  aWorld,
  marks,
  NEW_IMAGE,
  NOW,
  OLD_IMAGE,
  podsOf,
  SPEC,
  type WorkloadWords,
  type WorldWords,
} from "../../test/support/builders.ts";
import { ANNOTATION, FINALIZER, HOSTNAME_NODE_SELECTOR, LABEL, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import { marksOf, type Phase } from "../model/marks.ts";
import type { Workload } from "../model/observation.ts";
import type { Effect } from "../model/outcome.ts";
import { formatTime } from "../model/time.ts";
import { decide } from "./decide.ts";
import { ownLabels } from "./desired/job.ts";
import { readInputs } from "./inputs.ts";

const claim = { upgrade: "uid-of-ceilometer", record: "ceilometer-attempt-1" };
const compute = (words: Partial<WorkloadWords> = {}, annotations: object = {}) =>
  aDaemonSet({ name: "compute", component: "polling", annotations: marks({ claim, ...annotations }), ...words });
const notification = (words: Partial<WorkloadWords> = {}, annotations: object = {}) =>
  aDeployment({ name: "notification", annotations: marks({ claim, ...annotations }), ...words });

interface Middle extends WorldWords {
  readonly spec?: Partial<SpecInput>;
  readonly record?: Parameters<typeof aRecord>[0];
  readonly hosts?: readonly string[];
  readonly workloads: readonly Workload[];
}

/** An attempt that has its record, its claims and its finalizer. */
function middle({ spec = {}, record = {}, hosts = ["host-0", "host-1"], ...words }: Middle) {
  const { workloads } = words;
  const polls = workloads.filter((each) => each.metadata.name === "compute");
  const notifies = workloads.filter((each) => each.metadata.name !== "compute");
  const targets = (list: readonly Workload[]) => list.map(({ kind, metadata }) => ({ kind, name: metadata.name }));
  const components: SpecInput["components"] = {
    database: { action: "Skip" },
    ...(notifies.length === 0 ? {} : { notification: { targets: targets(notifies) } }),
    ...(polls.length === 0 ? {} : { polling: { targets: targets(polls), verification: { podLog: {} } } }),
  };
  const upgrade = anUpgrade({ components, ...spec }, { finalizers: [FINALIZER], ...words.upgrade?.metadata });
  const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
  const recorded = workloads.map((each) => {
    const component = each.metadata.name === "compute" ? "polling" : "notification";
    return aRecordedTarget(each, { component, hosts: [...hosts], nodeSelector: null });
  });
  const records = words.records ?? [aRecord({ inputs, targets: recorded, startedAt: formatTime(NOW), ...record })];
  return anObservation({ ...words, upgrade, records });
}

const why = (seen: ReturnType<typeof middle>) => {
  const { effect, headline, phase } = decide(seen);
  return effect === undefined ? `${phase}: ${headline.reason}` : `write: ${effect.why.reason}`;
};
function written(effect: Effect | undefined): Readonly<Record<string, unknown>> {
  if (effect?.kind !== "patch") return {};
  return Object.fromEntries(
    effect.operations.flatMap((each) => ("value" in each && each.op !== "test" ? [[each.path, each.value]] : [])),
  );
}

test("what cannot be read leads to nothing", () => {
  const seen = { ...middle({ workloads: [notification()] }), pods: { seen: "unreadable", why: "403" } as const };
  expect(decide(seen)).toMatchObject({ phase: "Unreadable", headline: { reason: "Unreadable" } });
  expect(decide(seen).effect).toBeUndefined();
});

test("old agents go down, keep what they had in a note, and nothing else is written", () => {
  const { effect } = decide(middle({ workloads: [notification({ replicas: 3 })] }));
  expect(effect?.why).toMatchObject({ reason: "TakingDown", clause: "F3" });
  expect(written(effect)["/spec/replicas"]).toBe(0);
  expect(written(effect)["/metadata/annotations/ceilometer.openstack.org~1borrowed"]).toBe('{"replicas":3}');
});

const down = { borrowed: { replicas: 2 }, phase: { phase: "down" } } as const;

test("nothing is started while an old pod runs, terminates, or may still be made", () => {
  const zero = notification({ replicas: 0 }, down);
  const old = aPod(aDeployment({ name: "notification" }));
  expect(why(middle({ workloads: [zero], pods: [old] }))).toBe("Progressing: WaitingForOldPods");
  const stopping = aPod(aDeployment({ name: "notification" }), { deletingSince: NOW });
  expect(why(middle({ workloads: [zero], pods: [stopping] }))).toBe("Progressing: WaitingForOldPods");
  const unseen = notification({ replicas: 0, status: { observedGeneration: 0 } }, down);
  expect(why(middle({ workloads: [unseen] }))).toBe("Progressing: WaitingForOldPods");
  expect(why(middle({ workloads: [zero] }))).toBe("write: Starting");
});

test("a StatefulSet is not started while its controller counts old pods, for which it would make others of the old template", () => {
  const zero = (current: number) =>
    aStatefulSet({ name: "notification", replicas: 0, status: { current }, annotations: marks({ claim, ...down }) });
  expect(why(middle({ workloads: [zero(1)] }))).toBe("Progressing: WaitingForOldPods");
  expect(why(middle({ workloads: [zero(0)] }))).toBe("write: Starting");
});

test("image and replicas come back in one write", () => {
  const { effect } = decide(middle({ workloads: [notification({ replicas: 0 }, down)] }));
  expect(written(effect)).toMatchObject({
    "/spec/template/spec/containers/0/image": NEW_IMAGE,
    "/spec/replicas": 2,
  });
});

test("an old pod of a second workload holds back the first", () => {
  const other = aDeployment({ name: "second", replicas: 0, annotations: marks({ claim, ...down }) });
  const pods = [aPod(aDeployment({ name: "second" }))];
  expect(why(middle({ workloads: [notification({ replicas: 0 }, down), other], pods }))).toBe(
    "Progressing: WaitingForOldPods",
  );
});

test("a host that does not answer holds the step, and is named", () => {
  const pods = [aPod(aDeployment({ name: "notification" }), { node: "host-7", deletingSince: NOW - 400_000 })];
  const { headline, phase } = decide(middle({ workloads: [notification({ replicas: 0 }, down)], pods }));
  expect(phase).toBe("Held");
  expect(headline).toMatchObject({ reason: "HostUnreachable", object: "Node/host-7" });
});

test("a single Deployment that recreates is left to its own controller", () => {
  expect(why(middle({ workloads: [notification({ strategy: "Recreate" })], pods: podsOf(notification()) }))).toBe(
    "write: Starting",
  );
});

test("a Deployment that was paused meanwhile would start old pods", () => {
  expect(why(middle({ workloads: [notification({ replicas: 0, paused: true }, down)] }))).toBe("Held: WorkloadPaused");
});

test("after three rounds it is plain that somebody takes it back", () => {
  const rounds = (count: number, retry = 0) => notification({}, { phase: { phase: "up", rounds: count, retry } });
  expect(why(middle({ workloads: [rounds(2)] }))).toBe("write: TakingDown");
  expect(why(middle({ workloads: [rounds(3)] }))).toBe("Held: Contested");
  expect(why(middle({ workloads: [rounds(3)], spec: { retryAttempt: 1 } }))).toBe("write: TakingDown");
});

test("a number of replicas that only the wish has changed is set once", () => {
  const target = { targets: [{ kind: "Deployment" as const, name: "notification" }], replicas: 5 };
  const spec = { components: { ...SPEC.components, notification: target } };
  const there = notification({ image: NEW_IMAGE });
  const { effect } = decide(middle({ workloads: [there], pods: podsOf(there), spec }));
  expect(written(effect)["/spec/replicas"]).toBe(5);
  // An autoscaler has set another number since: it is not fought with.
  const scaled = notification({ image: NEW_IMAGE, replicas: 4 }, { phase: { phase: "up" } });
  expect(why(middle({ workloads: [scaled], pods: podsOf(scaled), spec, operator: { podLogs: false } }))).toBe(
    "write: Releasing",
  );
});

const offline = { [OFFLINE_NODE_SELECTOR]: "true" };
const lent = { borrowed: { nodeSelector: null } };
const first = (node: string, more: object = {}) =>
  compute(
    { image: NEW_IMAGE, nodeSelector: { [HOSTNAME_NODE_SELECTOR]: node }, replicas: 1 },
    { ...lent, phase: { phase: "first", node, ...more } },
  );
const question = "podLog/uid-of-compute-0/agent/began/";
const says = (verdict: "pass" | "fail" | "inconclusive") => ({ [question]: { at: NOW, verdict, reason: "so" } });

test("the first new polling agent starts alone, on a host where one polled before", () => {
  const { effect } = decide(
    middle({ workloads: [compute({ nodeSelector: offline }, { ...lent, phase: { phase: "down" } })] }),
  );
  expect(effect?.why.reason).toBe("StartingFirst");
  expect(written(effect)["/spec/template/spec/nodeSelector"]).toEqual({ [HOSTNAME_NODE_SELECTOR]: "host-0" });
});

test("the first start of all asks for the pods of all, also where one of them is at the target already", () => {
  const named = (name: string, words: Partial<WorkloadWords>, phase: Partial<Phase> | undefined) => {
    const more = phase === undefined ? {} : { borrowed: { replicas: 2 }, phase };
    return aDeployment({ name, component: "polling", annotations: marks({ claim, ...more }), ...words });
  };
  const askedBy = (there: Workload) => {
    const zero = { replicas: 0 };
    const workloads = [there, named("b", zero, { phase: "down" }), named("c", zero, { phase: "down" })];
    const targets = workloads.map(({ kind, metadata }) => ({ kind, name: metadata.name }));
    const components = { database: { action: "Skip" as const }, polling: { targets, verification: { podLog: {} } } };
    const upgrade = anUpgrade({ components }, { finalizers: [FINALIZER] });
    const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
    const recorded = workloads.map((each) => aRecordedTarget(each, { component: "polling" }));
    const records = [aRecord({ inputs, startedAt: formatTime(NOW), targets: recorded })];
    const { effect } = decide(anObservation({ upgrade, records, workloads, pods: podsOf(there) }));
    expect(effect?.why).toMatchObject({ reason: "StartingFirst", object: "Deployment/b" });
    return effect?.kind === "patch" ? effect.onlyWith?.map(({ labels }) => labels["app"]) : undefined;
  };
  expect(askedBy(named("a", { image: NEW_IMAGE }, undefined))).toEqual(["a", "b", "c"]);
  // Once one was started the old ones of all are known to be gone.
  const verified = marks({ claim, phase: { phase: "rest" } });
  expect(askedBy(named("a", { image: NEW_IMAGE, annotations: verified }, undefined))).toEqual(["b"]);
});

test("hosts that somebody gave a DaemonSet while it was down are kept, and are what is owed", () => {
  const moved = compute({ nodeSelector: { ...offline, rack: "b" } }, { ...lent, phase: { phase: "down" } });
  const { effect } = decide(middle({ workloads: [moved] }));
  expect(effect?.why.reason).toBe("StartingFirst");
  expect(written(effect)).toMatchObject({
    "/spec/template/spec/nodeSelector": { rack: "b", [HOSTNAME_NODE_SELECTOR]: "host-0" },
    "/metadata/annotations/ceilometer.openstack.org~1borrowed": '{"nodeSelector":{"rack":"b"}}',
  });
});

/** The mark that a write leaves. */
function markIn(effect: Effect | undefined): Phase | undefined {
  const annotations = {
    [ANNOTATION.phase]: String(written(effect)["/metadata/annotations/ceilometer.openstack.org~1phase"]),
  };
  return marksOf({ ...compute().metadata, annotations }).phase;
}

test("it starts where an agent was when they were taken down: hosts of the record may be gone by then", () => {
  const workload = compute();
  const pods = ["host-7", "host-1", "host-9"].map((node) => aPod(workload, { name: `compute-${node}`, node }));
  const down = markIn(decide(middle({ workloads: [workload], pods })).effect);
  expect(down).toMatchObject({ phase: "down", hosts: ["host-1", "host-7", "host-9"] });
  const startsOn = (tried: readonly string[]): unknown => {
    const phase = { phase: "down", hosts: down?.hosts ?? [], tried } as const;
    const one = compute({ image: NEW_IMAGE, nodeSelector: offline }, { ...lent, phase });
    return written(decide(middle({ workloads: [one] })).effect)["/spec/template/spec/nodeSelector"];
  };
  expect(startsOn([])).toEqual({ [HOSTNAME_NODE_SELECTOR]: "host-1" });
  expect(startsOn(["host-1"])).toEqual({ [HOSTNAME_NODE_SELECTOR]: "host-7" });
});

test("a retry begins on a host on which it was not tried", () => {
  const one = first("host-2", { tried: ["host-0", "host-1"] });
  const hosts = ["host-0", "host-1", "host-2", "host-3"];
  const { effect } = decide(middle({ workloads: [one], pods: podsOf(one), hosts, spec: { retryAttempt: 1 } }));
  const mark = markIn(effect);
  expect(mark).toMatchObject({ phase: "down", hosts: ["host-3", "host-0", "host-1", "host-2"] });
  expect(mark?.tried).toBeUndefined();
});

test("a DaemonSet that somebody moved while it was down starts on no host it had: why is said, and a retry looks elsewhere", () => {
  const hosts = ["host-0", "host-1"];
  const pinned = (node: string, tried: readonly string[]) =>
    compute(
      { image: NEW_IMAGE, nodeSelector: { rack: "b", [HOSTNAME_NODE_SELECTOR]: node }, replicas: 0 },
      { borrowed: { nodeSelector: { rack: "b" } }, phase: { phase: "first", node, tried, hosts } },
    );
  const others = ["host-9", "host-8", "host-0", "host-5", "host-7"];
  const pods = others.map((node) => aPod(notification(), { name: `pod-on-${node}`, node }));
  const seen = (spec: Partial<SpecInput>, node = "host-1", tried: readonly string[] = ["host-0"]) =>
    decide(middle({ workloads: [pinned(node, tried)], pods, spec }));
  expect(seen({}).headline).toMatchObject({ reason: "VerificationInconclusive", object: "DaemonSet/compute" });
  expect(seen({}).headline.message).toContain('somebody made its node selector {"rack":"b"}');
  expect(markIn(seen({ retryAttempt: 1 }).effect)?.hosts).toEqual(["host-5", "host-7", "host-8", "host-0", "host-1"]);
  // The next retry goes on after the last one.
  expect(markIn(seen({ retryAttempt: 1 }, "host-8", []).effect)?.hosts?.slice(0, 3)).toEqual([
    "host-9",
    "host-5",
    "host-7",
  ]);
});

test("the others wait for the verification, and for nothing but a pass", () => {
  const one = first("host-0");
  const seen = (probes: ReturnType<typeof says> | undefined) =>
    why(middle({ workloads: [one], pods: podsOf(one), ...(probes && { probes }) }));
  expect(seen(undefined)).toBe("Progressing: Verifying");
  expect(seen(says("fail"))).toBe("Progressing: Verifying");
  expect(seen(says("inconclusive"))).toBe("Progressing: Verifying");
  expect(seen(says("pass"))).toBe("write: StartingRest");
});

test("no Job verifies a first agent that runs nowhere: what it sees polled is another workload's", () => {
  const verification = { job: { kind: "CronJob" as const, name: "look" } };
  const targets = [{ kind: "DaemonSet" as const, name: "compute" }];
  const components = { database: { action: "Skip" as const }, polling: { targets, verification } };
  const cronJobs = [aCronJob("look", { annotations: { [ANNOTATION.allowJobFrom]: "true" } })];
  const at = (desired: number, tried: readonly string[] = []) => {
    const { status, ...one } = first("host-0", { tried });
    const workload = { ...one, status: { ...status, desired, current: desired, updated: desired, available: desired } };
    const pods = desired === 0 ? [] : podsOf(workload);
    return why(middle({ workloads: [workload], pods, spec: { components }, cronJobs }));
  };
  expect(at(1)).toBe("write: Verifying");
  expect(at(0)).toBe("write: TakingDown");
  expect(at(0, ["host-1"])).toBe("Held: VerificationInconclusive");
});

/** Past the time-out of a verification: twice the interval, and the slack. */
const LATE = NOW + 1_501_000;

test("after its time a failed verification holds, and one that shows nothing tries another host, three at the most", () => {
  const at = (probes: ReturnType<typeof says>, node: string, tried: readonly string[], hosts?: readonly string[]) => {
    const one = first(node, { tried });
    return why(middle({ now: LATE, workloads: [one], pods: podsOf(one), probes, ...(hosts && { hosts }) }));
  };
  const three = ["host-0", "host-1", "host-2", "host-3"];
  expect(at(says("fail"), "host-0", [])).toBe("Held: VerificationFailed");
  expect(at(says("inconclusive"), "host-0", [])).toBe("write: TakingDown");
  expect(at(says("inconclusive"), "host-1", ["host-0"])).toBe("Held: VerificationInconclusive");
  expect(at(says("inconclusive"), "host-1", ["host-0"], three)).toBe("write: TakingDown");
  expect(at(says("inconclusive"), "host-2", ["host-0", "host-1"], three)).toBe("Held: VerificationInconclusive");
  // It passes late: nothing was lost by waiting.
  expect(at(says("pass"), "host-2", ["host-0", "host-1"])).toBe("write: StartingRest");
});

test("an agent that could poll only late, as its image was pulled slowly, has its whole time from then on", () => {
  const at = (now: number) => {
    const one = first("host-0");
    const pods = [aPod(one, { node: "host-0", readySince: LATE - 2000 })];
    return middle({ now, workloads: [one], pods, probes: says("inconclusive") });
  };
  expect(why(at(LATE))).toBe("Progressing: Verifying");
  expect(decide(at(LATE)).recheckAt).toBe(LATE - 2000 + 1_500_000);
  expect(why(at(LATE + 1_500_000))).toBe("write: TakingDown");
});

test("one that is ready again and again has the time of its step to become so, and its verification after that", () => {
  const one = first("host-0");
  const at = (now: number) =>
    why(
      middle({
        now,
        workloads: [one],
        pods: [aPod(one, { node: "host-0", readySince: now - 2000 })],
        probes: says("inconclusive"),
      }),
    );
  expect(at(NOW + 1_800_000 + 1_499_000)).toBe("Progressing: Verifying");
  expect(at(NOW + 1_800_000 + 1_500_000)).toBe("write: TakingDown");
});

test("one that came in the place of another has its own time, however long the first one was there", () => {
  const one = first("host-0");
  const createdAt = NOW + 2_400_000;
  const readySince = createdAt + 60_000;
  const at = (now: number) => {
    const pods = [aPod(one, { node: "host-0", createdAt, readySince })];
    return why(middle({ now, workloads: [one], pods, probes: says("inconclusive") }));
  };
  expect(at(readySince + 1_499_000)).toBe("Progressing: Verifying");
  expect(at(readySince + 1_500_000)).toBe("write: TakingDown");
});

test("an operator that has heard nobody yet has nothing to hold against an agent, however long it was away", () => {
  const one = first("host-0");
  const seen = middle({ now: LATE, workloads: [one], pods: podsOf(one), spec: { onFailure: "Rollback" } });
  expect(why(seen)).toBe("Progressing: Verifying");
  expect(decide(seen).probes).toHaveLength(1);
});

test("time in which the attempt was paused is no time of the verification", () => {
  const one = first("host-0");
  const clock = [{ from: formatTime(NOW + 1000), to: formatTime(NOW + 1_001_000) }];
  expect(why(middle({ now: LATE, workloads: [one], pods: podsOf(one), record: { clock } }))).toBe(
    "Progressing: Verifying",
  );
});

test.each([
  ["AwaitingApproval", "Progressing: Loading"],
  ["OutsideWindow", "Progressing: Loading"],
  ["Paused", "write: Resumed"],
  [undefined, "write: Resumed"],
] as const)(
  "an operator that has just started reads again what agents say, and is no word to go on: %s",
  (reason, next) => {
    const one = notification({ image: NEW_IMAGE });
    const clock = [{ from: formatTime(NOW), ...(reason === undefined ? {} : { why: reason }) }];
    expect(why(middle({ workloads: [one], pods: podsOf(one), record: { clock } }))).toBe(next);
  },
);

test("a pause takes hold where nothing is borrowed, and stops the clocks", () => {
  const spec = { paused: true };
  expect(why(middle({ workloads: [notification({ replicas: 0 }, down)], spec }))).toBe("write: Starting");
  const { effect, phase } = decide(middle({ workloads: [notification()], spec }));
  expect([phase, effect?.why.reason]).toEqual(["Paused", "Paused"]);
  const clock = [{ from: formatTime(NOW) }];
  expect(why(middle({ workloads: [notification()], spec, record: { clock } }))).toBe("Paused: Paused");
  expect(why(middle({ workloads: [notification()], record: { clock } }))).toBe("write: Resumed");
});

test("an attempt without its finalizer holds the resource before it goes on", () => {
  const seen = middle({ workloads: [notification()] });
  const upgrade = { ...seen.upgrade, metadata: { ...seen.upgrade.metadata, finalizers: [] } };
  expect(decide({ ...seen, upgrade }).effect?.why.reason).toBe("Holding");
});

test("a finished attempt writes nothing more, and says what has drifted since", () => {
  const completed = { [ANNOTATION.completedPlan]: "plan-1" };
  const ended = { state: "Completed", at: formatTime(NOW), retry: 0 } as const;
  const seen = middle({
    workloads: [aDeployment({ name: "notification", annotations: completed })],
    record: { ended },
  });
  const upgrade = { ...seen.upgrade, metadata: { ...seen.upgrade.metadata, finalizers: [] } };
  expect(decide({ ...seen, upgrade })).toMatchObject({ phase: "Completed", drifted: ["Deployment/notification"] });
  expect(decide({ ...seen, upgrade }).effect).toBeUndefined();
});

test("one whose marks were replaced with its template has drifted, too; one that another plan moved on has not", () => {
  const ended = { state: "Completed", at: formatTime(NOW), retry: 0 } as const;
  const drifted = (annotations: Readonly<Record<string, string>>) => {
    const seen = middle({ workloads: [aDeployment({ name: "notification", annotations })], record: { ended } });
    return decide({ ...seen, upgrade: { ...seen.upgrade, metadata: { ...seen.upgrade.metadata, finalizers: [] } } })
      .drifted;
  };
  expect(drifted({})).toEqual(["Deployment/notification"]);
  expect(drifted({ [ANNOTATION.completedPlan]: "plan-2" })).toEqual([]);
});

test("an attempt has not ended while it claims a workload, whatever its record says", () => {
  const ended = { state: "Completed", at: formatTime(NOW), retry: 0 } as const;
  const workloads = [notification({ replicas: 0 }, down)];
  const held = { metadata: { finalizers: [FINALIZER] } };
  expect(why(middle({ workloads, record: { ended, ...held } }))).toBe("write: Starting");
});

const wrote = (manager: string) => [{ manager, operation: "Update", ofSpec: true, ofPlaces: true }];

test("what was borrowed comes back from the record where somebody wiped the marks", () => {
  const workload = notification({ replicas: 0, managers: wrote("ceilometer-upgrade-operator") });
  const targets = [aRecordedTarget(workload, { replicas: 3 })];
  const { effect } = decide(middle({ workloads: [workload], record: { targets } }));
  expect(written(effect)).toMatchObject({ "/spec/template/spec/containers/0/image": NEW_IMAGE, "/spec/replicas": 3 });
  // Somebody else's number is the one that counts.
  const theirs = notification({ replicas: 0, managers: wrote("kubectl") });
  const asked = written(decide(middle({ workloads: [theirs], record: { targets } })).effect);
  expect(asked).toMatchObject({ "/spec/template/spec/containers/0/image": NEW_IMAGE });
  expect(asked).not.toHaveProperty("/spec/replicas");
});

test("a first agent whose marks were wiped is not taken for the last one", () => {
  const nodeSelector = { [HOSTNAME_NODE_SELECTOR]: "host-0" };
  const workload = compute({ nodeSelector, image: NEW_IMAGE, managers: wrote("ceilometer-upgrade-operator") });
  const targets = [aRecordedTarget(workload, { component: "polling", nodeSelector: null, hosts: ["host-0"] })];
  const seen = middle({ workloads: [workload], record: { targets } });
  expect(why(seen)).toBe("Progressing: Verifying");
});

test("a workload that was made anew is not brought to the target by the plan of its predecessor", () => {
  const workload = notification();
  const targets = [aRecordedTarget(workload, { uid: "of-its-predecessor" })];
  const { effect } = decide(middle({ workloads: [workload], record: { targets } }));
  expect(effect?.why).toMatchObject({ reason: "Replanned", object: "ConfigMap/ceilometer-attempt-1" });
  expect(effect?.why.message).toContain("a workload was made anew");
  // What runs the target already needs no plan.
  const there = notification({ image: NEW_IMAGE });
  expect(why(middle({ workloads: [there], pods: podsOf(there), record: { targets } }))).toBe("Progressing: Loading");
});

test("who keeps bringing up what was taken down is not fought for ever", () => {
  const at = (rounds: number) => notification({}, { borrowed: { replicas: 2 }, phase: { phase: "down", rounds } });
  const { effect } = decide(middle({ workloads: [at(2)] }));
  expect(effect?.why.reason).toBe("TakingDown");
  expect(written(effect)["/metadata/annotations/ceilometer.openstack.org~1phase"]).toContain('"rounds":3');
  expect(why(middle({ workloads: [at(3)] }))).toBe("Held: Contested");
});

test("a rollback is of the attempt that is under way, though it was taken up again after a way back had ended", () => {
  const workload = notification({ replicas: 0 }, { ...down, borrowed: { replicas: 2 } });
  const targets = [aRecordedTarget(workload)];
  const early = formatTime(NOW - 90_000);
  const open = aRecord({
    inputs: "of another wish",
    targets,
    startedAt: early,
    metadata: { name: "open", resourceVersion: "9" },
  });
  const back = aRecord({
    inputs: "of the way back",
    targets,
    startedAt: formatTime(NOW - 60_000),
    back: { of: "open", why: "asked", by: "Spec" },
    ended: { at: formatTime(NOW - 30_000), state: "RolledBack", retry: 0 },
    metadata: { name: "back", resourceVersion: "8" },
  });
  const { headline, effect } = decide(
    middle({ workloads: [workload], records: [open, back], spec: { rollback: true } }),
  );
  expect(headline.reason).not.toBe("NothingToRollBack");
  expect(effect).toBeDefined();
});

test("a rollback while a file of the wish is gone is of that wish: it does not begin again when the file is back", () => {
  const workload = notification({ replicas: 0 }, { ...down, borrowed: { replicas: 2 } });
  const ref = { kind: "ConfigMap", name: "pipelines", key: "pipeline.yaml" } as const;
  const target = { release: "ocata", image: NEW_IMAGE, config: { pipeline: ref } } as const;
  const record = { inputs: "of the wish", verbs: { rollback: { by: "Annotation", why: "asked" } } } as const;
  const seen = middle({
    workloads: [workload],
    record,
    spec: { target, rollback: true },
    absentFiles: ["ConfigMap/pipelines"],
  });
  const { effect } = decide(seen);
  expect(effect?.why.reason).toBe("RollbackStarted");
  expect(effect?.kind === "create" && JSON.stringify(effect.object)).toContain("of the wish");
});

/** The next write where an attempt and its way back are both open, as after a crash between the two. */
function withItsWayBack(undone: Partial<AttemptRecord>, back: Partial<AttemptRecord>, spec: Partial<SpecInput> = {}) {
  const workload = notification({ replicas: 0 }, { ...down, borrowed: { replicas: 2 } });
  const targets = [aRecordedTarget(workload)];
  const inputs = readInputs(aWorld({ upgrade: middle({ workloads: [workload] }).upgrade })).digest ?? "";
  const way = { of: "plan-1", why: "asked", by: "Spec" } as const;
  const records = [
    aRecord({ inputs, targets, ...undone }),
    aRecord({
      plan: "plan-2",
      inputs,
      to: "newton",
      targets,
      back: way,
      ...back,
      metadata: { name: "back", uid: "uid-of-back", resourceVersion: "8" },
    }),
  ];
  return decide(middle({ workloads: [workload], records, spec })).effect?.why;
}

test("a way back that is under way is not begun a second time, though what it undoes was written on later", () => {
  const verbs = { rollback: { by: "Annotation", why: "asked" } } as const;
  const early = formatTime(NOW - 60_000);
  const metadata = aMeta("ceilometer-attempt-1", { resourceVersion: "9" });
  const next = withItsWayBack({ startedAt: early, verbs, metadata }, { startedAt: formatTime(NOW - 30_000) });
  expect(next).toMatchObject({ reason: "Replanned", object: "ConfigMap/ceilometer-attempt-1" });
});

test("a way back comes before what it undoes, whatever the clock said that began it", () => {
  const next = withItsWayBack(
    { startedAt: formatTime(NOW) },
    { startedAt: formatTime(NOW - 30_000) },
    { rollback: true },
  );
  expect(next).toMatchObject({ reason: "Replanned", object: "ConfigMap/ceilometer-attempt-1" });
});

test("of two attempts that are open the one that is not carried out is given up", () => {
  const workload = notification();
  const seen = middle({ workloads: [workload] });
  const [current] = seen.records.seen === "present" ? seen.records.value : [];
  const left = aRecord({
    plan: "plan-2",
    inputs: "of the revert",
    startedAt: formatTime(NOW - 30_000),
    back: { of: "plan-1", why: "asked", by: "Revert" },
    metadata: { name: "left", uid: "uid-of-left" },
  });
  const { effect } = decide(middle({ workloads: [workload], records: current === undefined ? [] : [left, current] }));
  expect(effect?.why).toMatchObject({ reason: "Replanned", object: "ConfigMap/left" });
  expect(effect?.why.message).toContain("is given up");
});

test("an attempt that had ended and is carried out once more passes over no failure of a step, nor an approval", () => {
  const ended = { state: "Completed", at: formatTime(NOW - 60_000), retry: 0 } as const;
  const completedPlan = "plan-1";
  const drifted = aDeployment({ name: "notification", annotations: { [ANNOTATION.completedPlan]: completedPlan } });
  const spec = { retryAttempt: 1, approvals: [{ before: "notification" as const }] };
  const claimed = {
    ...drifted,
    metadata: { ...drifted.metadata, annotations: { ...drifted.metadata.annotations, ...marks({ claim }) } },
  };
  // The record is held again first: its end had let it go.
  expect(why(middle({ workloads: [claimed], record: { ended }, spec }))).toBe("write: Holding");
  const held = { metadata: { finalizers: [FINALIZER] } };
  const asked = middle({ workloads: [claimed], record: { ended, ...held }, spec });
  expect(decide(asked).effect?.why).toMatchObject({ reason: "AwaitingApproval" });
});

const settled = (pods: readonly Partial<Parameters<typeof aPod>[1]>[], words: Partial<WorkloadWords> = {}) => {
  const counts = { ready: 1, available: 1 };
  const one = notification({ image: NEW_IMAGE, status: counts, ...words }, { phase: { phase: "up" } });
  const seen = middle({
    now: NOW + 3 * 3_600_000,
    workloads: [one],
    pods: pods.map((words, index) => aPod(one, { name: `notification-${index}`, ...words })),
  });
  return why(seen);
};

test("one pod that is not ready hours after the last write lacks it since then, and not since that write", () => {
  const later = NOW + 3 * 3_600_000 - 60_000;
  expect(settled([{}, { ready: false, unreadySince: later }])).toBe("Progressing: WaitingForNewPods");
  expect(settled([{}, { ready: false, createdAt: later }])).toBe("Progressing: WaitingForNewPods");
  expect(settled([{}, { ready: false }])).toBe("Held: ProgressDeadlineExceeded");
  // Others in the place of those that a host puts out are no progress; one that was put out just now is no time.
  const evicted = (at: number) => ({ name: "notification-9", phase: "Failed", ready: false, unreadySince: at });
  const early = NOW + 3_600_000;
  expect(settled([{}, { ready: false, createdAt: later }, evicted(early)])).toBe("Held: ProgressDeadlineExceeded");
  expect(settled([{}, { ready: false, createdAt: later }, evicted(later)])).toBe("Progressing: WaitingForNewPods");
  expect(settled([{ readySince: later - 1 }, { ready: false, createdAt: later }, evicted(early)])).toBe(
    "Progressing: WaitingForNewPods",
  );
  // What crashes again and again makes no progress by it.
  const crashing = { waiting: { reason: "CrashLoopBackOff", message: "" } };
  expect(settled([{}, { ready: false, unreadySince: later, state: crashing }])).toContain("Held");
});

test("who scales a workload whose step had settled hours ago gives it its time again", () => {
  const later = NOW + 3 * 3_600_000 - 60_000;
  const managers = [
    { manager: "autoscaler", operation: "Update", time: later, subresource: "scale", ofSpec: true } as const,
  ];
  const unobserved = { replicas: 3, status: { observedGeneration: 0, ready: 2, available: 2 } };
  expect(settled([{}, {}], { ...unobserved, managers })).toBe("Progressing: WaitingForNewPods");
  expect(settled([{}, {}], unobserved)).toBe("Held: ProgressDeadlineExceeded");
});

const approvals: SpecInput["approvals"] = [{ before: "notification" }];
const gates: SpecInput["gates"] = [
  {
    name: "quiet",
    before: "notification",
    prometheus: { provider: "prom", query: "up", max: "1" },
    timeoutSeconds: 600,
  },
];

test.each([
  ["an approval", { approvals }, "write: AwaitingApproval"],
  ["an extra gate", { gates }, "write: AskingGate"],
] as const)("%s before a component is for one that nobody has left in the middle", (_, spec, asks) => {
  const operator = { providers: ["prom"] };
  const left = { phase: "down", plan: "plan-0" } as const;
  const lies = notification({ replicas: 0 }, { borrowed: { replicas: 2 }, phase: left });
  const next = (...workloads: readonly Workload[]) => why(middle({ workloads, spec, operator }));
  expect(next(lies)).toBe("write: Starting");
  // An attempt before has brought it up again: it is at a safe point, and the new one is asked for.
  expect(next(notification({}, { phase: { phase: "up", plan: "plan-0" } }))).toBe(asks);
  expect(next(notification())).toBe(asks);
  // Of another component that is down it says nothing: this one has not been touched.
  const polls = compute({}, { borrowed: { nodeSelector: null }, phase: left });
  expect(next(notification(), polls)).toBe(asks);
});

test("a gate before a collector that retires is asked, though an attempt before has left the collector down", () => {
  const left = { borrowed: { replicas: 2 }, phase: { phase: "down", plan: "plan-0" } } as const;
  const collector = aDeployment({
    name: "collector",
    component: "collector",
    replicas: 0,
    annotations: marks({ claim, ...left }),
  });
  const targets = [{ kind: "Deployment" as const, name: "collector" }];
  const spec: Partial<SpecInput> = {
    target: { release: "queens", image: NEW_IMAGE },
    components: { database: { action: "Skip" }, collector: { targets, retire: true } },
    gates: gates.map((gate) => ({ ...gate, before: "collector" as const })),
  };
  const upgrade = anUpgrade(spec, { finalizers: [FINALIZER] });
  const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
  const records = [aRecord({ inputs, targets: [aRecordedTarget(collector, { component: "collector" })] })];
  const operator = { providers: ["prom"] };
  const { effect } = decide(anObservation({ upgrade, records, workloads: [collector], operator }));
  expect(effect?.why.reason).toBe("AskingGate");
});

test("a clock that stands for an approval goes on where an agent has answered, and not as wanted", () => {
  const one = first("host-0");
  const clock = [{ from: formatTime(NOW + 1000), why: "AwaitingApproval" }];
  const at = (probes: ReturnType<typeof says> | undefined) =>
    why(middle({ now: LATE, workloads: [one], pods: podsOf(one), record: { clock }, ...(probes && { probes }) }));
  expect(at(undefined)).toBe("Progressing: Verifying");
  expect(at(says("inconclusive"))).toBe("write: Resumed");
});

test("agents that were let go have been verified: no other Job is run for them", () => {
  const workload = aDeployment({
    name: "central",
    component: "polling",
    image: NEW_IMAGE,
    annotations: { [ANNOTATION.completedPlan]: "plan-1" },
  });
  const target = { kind: "Deployment" as const, name: "central" };
  const job = { kind: "CronJob" as const, name: "look" };
  const spec: Partial<SpecInput> = {
    strategy: "Partial",
    components: { database: { action: "Skip" }, polling: { targets: [target], verification: { job } } },
  };
  const inputs = readInputs(aWorld({ upgrade: anUpgrade(spec) })).digest ?? "";
  const file = { path: "/etc/ceilometer/polling.yaml", volume: "polling" };
  const path = "Roll" as const;
  const polling = { namespaces: ["central"], path, why: "same", overlap: true, file, before: {} };
  const recorded = aRecordedTarget(workload, { component: "polling", image: OLD_IMAGE, polling });
  const records = [aRecord({ inputs, targets: [recorded], startedAt: formatTime(NOW) })];
  const cronJobs = [aCronJob("look", { annotations: { [ANNOTATION.allowJobFrom]: "true" } })];
  const upgrade = anUpgrade(spec, { finalizers: [FINALIZER] });
  const { effect, headline } = decide(
    anObservation({
      operator: { podLogs: false },
      upgrade,
      workloads: [workload],
      pods: podsOf(workload),
      cronJobs,
      records,
    }),
  );
  expect(effect?.why.reason ?? headline).toBe("AttemptEnded");
});

test("a component is not told to be under way again because its controller has not seen yet that it was let go", () => {
  const annotations = { [ANNOTATION.completedPlan]: "plan-1" };
  const released = aDeployment({ name: "notification", image: NEW_IMAGE, annotations });
  const generation = released.metadata.generation + 1;
  const unseen = { ...released, metadata: { ...released.metadata, generation } };
  const pods = podsOf(unseen, { readySince: NOW });
  const operator = { podLogs: false };
  expect(why(middle({ operator, workloads: [unseen], pods }))).toBe("write: AttemptEnded");
  // What somebody has changed since is waited for as ever.
  const changed = { ...unseen, annotations: {}, metadata: { ...unseen.metadata, annotations: marks({ claim }) } };
  expect(why(middle({ operator, workloads: [changed], pods }))).toBe("Progressing: WaitingForNewPods");
});

test("a pod that the operator has made is no agent, though a workload's selector has the usual labels alone", () => {
  const matchLabels = { "app.kubernetes.io/name": "ceilometer", "app.kubernetes.io/component": "notification" };
  const one = { ...notification({ image: NEW_IMAGE }, { phase: { phase: "up" } }), matchLabels };
  const labelled = { ...one, template: { ...one.template, labels: matchLabels } };
  const job = { kind: "CronJob" as const, name: "look" };
  const spec: Partial<SpecInput> = { gates: [{ name: "quiet", after: "notification", job, timeoutSeconds: 86_400 }] };
  const cronJobs = [aCronJob("look", { annotations: { [ANNOTATION.allowJobFrom]: "true" } })];
  const ready = podsOf(labelled, { readySince: NOW });
  const looks = aPod(aDeployment({ name: "gate" }), { image: "registry.example/look:1" });
  const labels = ownLabels(anUpgrade(), "notification", "gate");
  const pods = [...ready, { ...looks, metadata: { ...looks.metadata, labels } }];
  const owner = { kind: "CeilometerUpgrade", name: "ceilometer", uid: "uid-of-ceilometer" };
  const record = { gates: { quiet: { since: formatTime(NOW), retry: 0 } } };
  const later = { now: NOW + 7_200_000, workloads: [labelled], spec, cronJobs, operator: { podLogs: false }, record };
  const { effect } = decide(middle({ ...later, pods: ready }));
  const gate = effect?.kind === "create" ? effect.object.metadata.name : "";
  const jobs = [aJob(gate, { metadata: { owner, labels } })];
  expect(why(middle({ ...later, pods, jobs }))).toBe("Progressing: WaitingForGate");
});

test("of a workload that was made anew an attempt has nothing to take back", () => {
  const workload = aDeployment({ name: "notification" });
  const former = aRecordedTarget(workload, { uid: "of-its-predecessor", image: OLD_IMAGE });
  const records = [aRecord({ inputs: "of the upgrade", targets: [former], startedAt: formatTime(NOW) })];
  const spec = { target: { release: "newton", image: OLD_IMAGE } } as const;
  const seen = middle({ workloads: [workload], records, spec });
  expect(decide(seen).phase).toBe("NoChange");
  expect(why(seen)).toBe("write: Replanned");
});

test("what is over does not begin again because somebody wrote on the record of what was before it (I11)", () => {
  const workload = aDeployment({ name: "notification" });
  const targets = [aRecordedTarget(workload)];
  const upgrade = anUpgrade(middle({ workloads: [workload] }).upgrade.spec);
  const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
  const at = (seconds: number) => formatTime(NOW - seconds * 1000);
  const made = (name: string, seconds: number, resourceVersion: string) => ({
    name,
    uid: `uid-of-${name}`,
    createdAt: NOW - seconds * 1000,
    resourceVersion,
  });
  const back = { of: "plan-1", why: "spec.onFailure says so", by: "Failure" } as const;
  const told = (versionOfBefore: string, more: Partial<AttemptRecord> = {}, annotations = {}) => {
    const before = aRecord({
      inputs,
      targets,
      startedAt: at(900),
      ended: { at: at(300), state: "Superseded", retry: 0 },
      ...more,
      metadata: { ...made("before", 900, versionOfBefore), annotations },
    });
    const undone = aRecord({
      plan: "plan-2",
      inputs,
      from: "ocata",
      to: "newton",
      back,
      targets: [aRecordedTarget(workload, { targetImage: OLD_IMAGE })],
      startedAt: at(300),
      ended: { at: at(60), state: "RolledBack", retry: 0 },
      metadata: made("undone", 300, "9"),
    });
    const seen = anObservation({ upgrade, workloads: [workload], pods: podsOf(workload), records: [before, undone] });
    const { phase, effect } = decide(seen);
    return [phase, effect?.why.reason];
  };
  expect(told("8")).toEqual(["RolledBack", undefined]);
  // A label, another controller's note, or the rewriting of all objects after the key of their encryption was changed.
  expect(told("12")).toEqual(["RolledBack", undefined]);
  // One that was taken up again, and left once more, is what was tried last.
  const again = { startedAt: at(50), ended: { at: at(20), state: "Superseded", retry: 0 } } as const;
  expect(told("12", again, { [ANNOTATION.resumedAt]: at(50) })[0]).not.toBe("RolledBack");
});

test("a copy of a file that somebody has deleted is made again while agents may have to start with it (I11)", () => {
  const ref = { kind: "ConfigMap", name: "pipelines", key: "pipeline.yaml" } as const;
  const target = { release: "ocata", image: NEW_IMAGE, config: { pipeline: ref } } as const;
  const files = [aConfigObject("ConfigMap", "pipelines", { "pipeline.yaml": "sources: []\nsinks: []\n" })];
  const next = (image: string, isThere: boolean | "unlabelled") => {
    const workload = notification({ replicas: 0, image }, down);
    const { upgrade } = middle({ workloads: [workload], spec: { target } });
    const inputs = readInputs(aWorld({ upgrade, files }));
    const record = { inputs: inputs.digest ?? "", files: inputs.files };
    const [one] = inputs.copies.map(({ name, key, text }) => aConfigObject("ConfigMap", name, { [key]: text }));
    const unlabelled = isThere === "unlabelled" && one !== undefined ? [{ ...one, immutable: true }] : [];
    const seen = middle({ workloads: [workload], files: [...files, ...unlabelled], record, spec: { target } });
    const copies = inputs.copies.map(({ name, key, digest }) => ({
      name,
      immutable: true,
      digests: new Map([[key, digest]]),
      metadata: aMeta(name),
      purpose: "configuration",
    }));
    const { effect } = decide({ ...seen, copies: { seen: "present", value: isThere === true ? copies : [] } });
    return [effect?.kind, effect?.why.reason];
  };
  expect(next(OLD_IMAGE, true)).toEqual(["patch", "Starting"]);
  expect(next(OLD_IMAGE, false)).toEqual(["create", "CopyingConfiguration"]);
  expect(next(NEW_IMAGE, false)).toEqual(["create", "CopyingConfiguration"]);
  // Whose labels somebody took off is there, and cannot be made again.
  expect(next(OLD_IMAGE, "unlabelled")).toEqual(["patch", "Starting"]);
});

test("a wish that comes back after another one was carried out is not taken for fulfilled because somebody wrote on its record (I11)", () => {
  const workload = aDeployment({ name: "notification", image: "registry.example/ceilometer:ocata-2" });
  const targets = [aRecordedTarget(workload, { image: OLD_IMAGE, targetImage: NEW_IMAGE })];
  const upgrade = anUpgrade(middle({ workloads: [workload] }).upgrade.spec);
  const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
  const at = (seconds: number) => formatTime(NOW - seconds * 1000);
  const record = (plan: string, seconds: number, resourceVersion: string, more: Partial<AttemptRecord>) =>
    aRecord({
      plan,
      targets,
      startedAt: at(seconds),
      ended: { at: at(seconds - 100), state: "Completed", retry: 0 },
      ...more,
      metadata: { name: plan, uid: plan, createdAt: NOW - seconds * 1000, resourceVersion, ...more.metadata },
    });
  const phaseOf = (records: readonly AttemptRecord[]) =>
    decide(anObservation({ upgrade, workloads: [workload], pods: podsOf(workload), records })).phase;
  const other = record("plan-2", 300, "9", { inputs: "another" });
  expect(phaseOf([record("plan-1", 900, "8", { inputs }), other])).toBe("Progressing");
  expect(phaseOf([record("plan-1", 900, "12", { inputs }), other])).toBe("Progressing");
});

test("a host that does not answer is named, too, where what the resource no longer names waits for it (I11)", () => {
  const labels = { [LABEL.purpose]: "isolated" };
  const owner = { kind: "CeilometerUpgrade", name: "ceilometer", uid: "uid-of-ceilometer" };
  const group = aDeployment({ name: "central-new", replicas: 0, labels, owner });
  const components = {
    database: { action: "Skip" as const },
    notification: { targets: [{ kind: "Deployment" as const, name: "notification" }] },
  };
  const after = (seconds: number) => {
    const pod = aPod(aDeployment({ name: "central-new" }), { node: "host-7", deletingSince: NOW - seconds * 1000 });
    return decide(middle({ workloads: [notification(), group], pods: [pod], spec: { components } }));
  };
  expect(after(10)).toMatchObject({ phase: "Progressing", recheckAt: NOW - 10_000 + 300_001 });
  expect(after(301).headline.message).toMatch(/^Node\/host-7: .*; bring the host back, /);
});
