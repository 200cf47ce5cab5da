/** A way back out of the emptying of queues: who reads them afterwards says whether there is something to wait for. */
import { expect, test } from "vitest";
import {
  aContainer,
  aDeployment,
  anAgent,
  anUpgrade,
  aPod,
  aRecord,
  aRecordedTarget,
  aWorld,
  marks,
  NOW,
  podsOf,
} from "../../test/support/builders.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import type { Labels } from "../model/meta.ts";
import type { Pod, Workload } from "../model/observation.ts";
import type { ProbeResult } from "../model/probe.ts";
import { formatTime } from "../model/time.ts";
import { notification } from "./notification.ts";
import { wantedBack } from "./way-back.ts";

const PIKE = "registry.example/ceilometer:pike";
const QUEENS = "registry.example/ceilometer:queens";
const VOLUME = "ceilometer-upgrade-conf-drain";
const PATH = "/etc/ceilometer-upgrade/drain.conf";
const drain = { kind: "ConfigMap", object: "drain-1", key: "drain.conf", digest: "d" } as const;

/** An agent whose intake is off. */
function drained(name: string, image: string): Workload {
  const command = ["ceilometer-agent-notification", "--config-file", PATH];
  const volumeMounts = [{ name: VOLUME, mountPath: PATH, subPath: "drain.conf" }];
  return aDeployment({
    name,
    image,
    replicas: 2,
    containers: [aContainer({ image, command, volumeMounts })],
    volumes: [{ name: VOLUME, configMap: { name: "drain-1" } }],
    annotations: marks({ phase: { phase: "up" } }),
  });
}

function next(
  workloads: readonly Workload[],
  more: Partial<AttemptRecord>,
  running: readonly (readonly Pod[])[] = workloads.map((each) => podsOf(each)),
) {
  const components = {
    database: { action: "Skip" as const },
    notification: {
      targets: workloads.map(({ metadata }) => ({ kind: "Deployment" as const, name: metadata.name })),
      drain: { gate: { prometheus: { provider: "prom", query: "sum(q)", max: "0" } } },
    },
  };
  const upgrade = anUpgrade({ target: { release: "queens", image: QUEENS }, components });
  const targets = workloads.map((each) => aRecordedTarget(each, { image: PIKE, targetImage: PIKE, before: [] }));
  const agents = workloads.map((each, index) => {
    const recorded = targets[index];
    if (recorded === undefined) throw new Error("it is not recorded");
    return anAgent(each, { pods: running[index] ?? [], recorded, wanted: wantedBack(recorded) });
  });
  const parity = { state: "MustDrain" as const, differences: [], emptyFirst: ["their queues have other names"], drain };
  const record = aRecord({ from: "queens", to: "pike", parity, targets, ...more });
  const world = aWorld({ upgrade, workloads, pods: running.flat(), operator: { providers: ["prom"] } });
  const all = { collector: [], notification: agents, polling: [], api: [] };
  return notification({
    world,
    record,
    agents: all,
    left: { ...all, notification: [] },
    target: { name: "pike", major: 9 },
  });
}

const back = { plan: "plan-back", back: { of: "plan-1", by: "Spec", why: "asked" } } as const;

test("agents that never left their release turn their intake on again, and wait for no queue", () => {
  const workloads = [drained("one", PIKE), drained("two", PIKE)];
  expect(next(workloads, back)).toMatchObject({ kind: "act", note: { reason: "TakingDown", clause: "F3" } });
});

test.each([
  ["on the way there", [drained("one", PIKE)], {}, undefined, "WaitingForEmptyQueues"],
  ["where one runs the other release", [drained("one", PIKE), drained("two", QUEENS)], back, undefined, "TakingDown"],
  ["where a pod does", [drained("one", PIKE)], back, [podsOf(drained("one", PIKE), { image: QUEENS })], "TakingDown"],
] as const)("queues are emptied %s", (_, workloads, more, running, reason) => {
  expect(next(workloads, more, running)).toMatchObject({ note: { reason, clause: "P3" } });
});

/** On the way to Queens, whose agents name their queues otherwise. */
function onward(
  workloads: readonly Workload[],
  more: {
    readonly now?: number;
    readonly probes?: Readonly<Record<string, ProbeResult>>;
    readonly running?: readonly (readonly Pod[])[];
  } = {},
) {
  const { running = workloads.map((each) => podsOf(each)), ...words } = more;
  const targets = workloads.map((each) => aRecordedTarget(each, { image: PIKE, targetImage: QUEENS }));
  const wanted = { image: QUEENS, mounts: [], undone: [], appended: undefined, replicas: undefined };
  const agents = workloads.map((each, index) => {
    const recorded = targets[index];
    if (recorded === undefined) throw new Error("it is not recorded");
    return anAgent(each, { pods: running[index] ?? [], recorded, wanted });
  });
  const components = {
    database: { action: "Skip" as const },
    notification: {
      targets: workloads.map(({ metadata }) => ({ kind: "Deployment" as const, name: metadata.name })),
      drain: { gate: { prometheus: { provider: "prom", query: "sum(q)", max: "0" } } },
    },
  };
  const upgrade = anUpgrade({ strategy: "Partial", target: { release: "queens", image: QUEENS }, components });
  const parity = { state: "MustDrain" as const, differences: [], emptyFirst: ["their queues have other names"], drain };
  const record = aRecord({ from: "pike", to: "queens", parity, targets });
  const world = aWorld({ upgrade, workloads, operator: { providers: ["prom"] }, ...words });
  const all = { collector: [], notification: agents, polling: [], api: [] };
  const scene = {
    world,
    record,
    agents: all,
    left: { ...all, notification: [] },
    target: { name: "queens", major: 10 },
  };
  return notification(scene);
}

test("one that somebody lets messages in by again, while the others are stopped, is emptied again (I6)", () => {
  const annotations = marks({ borrowed: { replicas: 2 }, phase: { phase: "down" } });
  const stopped = { ...drained("one", PIKE), replicas: 0 };
  const one = { ...stopped, metadata: { ...stopped.metadata, annotations } };
  const reverted = aDeployment({ name: "two", image: PIKE, annotations: marks({ phase: { phase: "up" } }) });
  expect(onward([one, { ...one, metadata: { ...one.metadata, name: "two", uid: "uid-of-two" } }])).toMatchObject({
    note: { reason: "WaitingForMembers" },
  });
  expect(onward([one, reverted])).toMatchObject({ note: { reason: "TakingDown" } });
  const gone = aDeployment({ name: "two", image: PIKE, replicas: 0, annotations });
  expect(onward([one, gone])).toMatchObject({
    note: { reason: "Starting", message: "start the old agents with their intake off of Deployment/two" },
  });
});

test("one that has its intake off again, while the others are stopped, is not stopped before the queues are empty again (I6)", () => {
  const marked = (workload: Workload, annotations: Labels): Workload => ({
    ...workload,
    metadata: { ...workload.metadata, annotations },
  });
  const up = (seconds: number) => marks({ phase: { phase: "up", at: formatTime(NOW + seconds * 1000) } });
  const annotations = marks({ borrowed: { replicas: 2 }, phase: { phase: "down" } });
  const down = marked({ ...drained("one", PIKE), replicas: 0 }, annotations);
  const two = drained("two", PIKE);
  expect(onward([down, marked(two, up(-60))])).toMatchObject({
    note: { reason: "TakingDown", message: "shut down every old notification agent pod of Deployment/two" },
  });
  // The one that was stopped first comes back, to read what is there.
  expect(onward([down, marked(two, up(30))])).toMatchObject({
    note: { reason: "Starting", message: "start the old agents with their intake off of Deployment/one" },
  });
  expect(onward([marked(drained("one", PIKE), up(31)), marked(two, up(30))])).toMatchObject({
    note: { reason: "WaitingForEmptyQueues" },
  });
});

test("a host that does not answer is named, too, where agents of the target wait for the queues of the others (I11)", () => {
  const zero = aDeployment({
    name: "one",
    image: QUEENS,
    replicas: 0,
    annotations: marks({ phase: { phase: "down" } }),
  });
  const left = (seconds: number) =>
    aPod(aDeployment({ name: "one", image: QUEENS }), { node: "host-7", deletingSince: NOW - seconds * 1000 });
  const after = (seconds: number) => onward([zero, drained("two", PIKE)], { running: [[left(seconds)], []] });
  expect(after(10)).toMatchObject({ note: { reason: "WaitingForOldPods" }, recheckAt: NOW - 10_000 + 300_001 });
  expect(after(301)).toMatchObject({ violations: [{ reason: "HostUnreachable", object: "Node/host-7" }] });
});

test("an operator that has not asked yet whether queues are empty has nothing to hold against a drain, however long it was away", () => {
  const workloads = [drained("one", PIKE)];
  const now = NOW + 7_200_000;
  const silent = onward(workloads, { now });
  expect(silent).toMatchObject({ kind: "wait", unheard: true, note: { reason: "WaitingForEmptyQueues" } });
  const [probe] = silent.kind === "wait" ? (silent.probes ?? []) : [];
  const answered = (verdict: ProbeResult["verdict"]) =>
    onward(workloads, { now, probes: { [probe?.id ?? ""]: { at: now, verdict, reason: "3 are left" } } });
  expect(answered("fail")).toMatchObject({ kind: "held", violations: [{ reason: "ProgressDeadlineExceeded" }] });
  expect(answered("pass")).toMatchObject({ note: { reason: "TakingDown" } });
});
