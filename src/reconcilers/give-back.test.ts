/** The resource goes: everything that was borrowed comes back, and no release meets another one on the way. */
import { describe, expect, test } from "vitest";
import {
  aContainer,
  aDaemonSet,
  aDeployment,
  aJob,
  aMeta,
  anAgent,
  anObservation,
  anUpgrade,
  aPod,
  aRecord,
  aRecordedTarget,
  aStatefulSet,
  aWorld,
  marks,
  NAMESPACE,
  NEW_IMAGE,
  NOW,
  OLD_IMAGE,
  type WorldWords,
} from "../../test/support/builders.ts";
import { FINALIZER, LABEL, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { RecordedTarget } from "../model/attempt.ts";
import type { Workload } from "../model/observation.ts";
import { formatTime } from "../model/time.ts";
import { decide } from "./decide.ts";
import { returnStrays } from "./give-back.ts";

const OWNER = { kind: "CeilometerUpgrade", name: "ceilometer", uid: "uid-of-ceilometer" };
const OCATA = { name: "ocata", major: 8 };
const ISOLATED = { [LABEL.purpose]: "isolated" };
const claim = { upgrade: "uid-of-ceilometer", record: "ceilometer-attempt-1" };
const agents = (name: string, words: object = {}, annotations: object = {}) =>
  aDeployment({ name, annotations: marks({ claim, ...annotations }), ...words });
const down = { borrowed: { replicas: 3 }, phase: { phase: "down" } } as const;

function deleted(workloads: readonly Workload[], more: WorldWords & { readonly recorded?: object } = {}) {
  const { recorded, ...words } = more;
  const upgrade = anUpgrade({}, { deletingSince: NOW, finalizers: [FINALIZER] });
  const targets = workloads.map((each) => aRecordedTarget(each, { nodeSelector: null, ...recorded }));
  const seen = anObservation({ upgrade, workloads, records: [aRecord({ targets })], ...words });
  const { effect, headline } = decide(seen);
  if (effect === undefined) return `wait: ${headline.reason}`;
  if (effect.kind !== "patch") return effect.why.reason;
  const values = new Map(
    effect.operations.flatMap((each) => ("value" in each && each.op !== "test" ? [[each.path, each.value]] : [])),
  );
  return {
    name: effect.ref.name,
    replicas: values.get("/spec/replicas"),
    image: values.get("/spec/template/spec/containers/0/image"),
    files: [...JSON.stringify([...values]).matchAll(/"configMap":\{"name":"([^"]*)"/g)].map(([, file]) => file),
    removed: effect.operations.filter((each) => each.op === "remove").map((each) => each.path.split("~1").at(-1)),
  };
}

test("what is down comes back as it was", () => {
  expect(deleted([agents("a", { replicas: 0 }, down)])).toMatchObject({ name: "a", replicas: 3, image: undefined });
});

test("a number that somebody gave one while it was down is what it keeps", () => {
  const scaled = agents("a", { replicas: 5 }, down);
  expect(deleted([scaled])).toMatchObject({ name: "a", replicas: undefined, removed: ["borrowed"] });
  const first = { borrowed: { replicas: 3 }, phase: { phase: "first" } } as const;
  expect(deleted([agents("a", { replicas: 5 }, first)])).toMatchObject({ replicas: undefined, removed: ["borrowed"] });
  expect(deleted([agents("a", { replicas: 1 }, first)])).toMatchObject({ replicas: 3, removed: ["borrowed"] });
});

test("a DaemonSet gets its selector back, also where it had none", () => {
  const nodeSelector = { [OFFLINE_NODE_SELECTOR]: "true" };
  const annotations = marks({ claim, borrowed: { nodeSelector: null }, phase: { phase: "down" } });
  expect(deleted([aDaemonSet({ name: "compute", nodeSelector, annotations })])).toMatchObject({
    removed: ["/spec/template/spec/nodeSelector", "borrowed"],
  });
});

const up = agents("b", { image: NEW_IMAGE });

test("it comes back as the target where the attempt brought another one there, once its old pods are gone", () => {
  const a = agents("a", { replicas: 0 }, down);
  expect(deleted([a, up])).toMatchObject({ name: "a", replicas: 3, image: NEW_IMAGE });
  const stopping = aPod(aDeployment({ name: "a" }), { deletingSince: NOW });
  expect(deleted([a, up], { pods: [stopping] })).toBe("wait: WaitingForOldPods");
  const unseen = agents("a", { replicas: 0, status: { observedGeneration: 0 } }, down);
  expect(deleted([unseen, up])).toBe("wait: WaitingForOldPods");
});

test("a StatefulSet comes back as the target only when its controller counts no old pods any more", () => {
  const annotations = marks({ claim, ...down });
  const counted = (current: number) => aStatefulSet({ name: "a", replicas: 0, status: { current }, annotations });
  expect(deleted([counted(1), up])).toBe("wait: WaitingForOldPods");
  expect(deleted([counted(0), up])).toMatchObject({ name: "a", image: NEW_IMAGE });
});

test("what would start old pods beside new ones comes back when that is mended, and says so", () => {
  const paused = agents("a", { replicas: 0, paused: true }, down);
  expect(deleted([paused, up])).toBe("wait: WorkloadPaused");
  const annotations = marks({ claim, ...down });
  const partitioned = aStatefulSet({ name: "a", replicas: 0, partition: 1, annotations });
  expect(deleted([partitioned, up])).toBe("wait: PartitionedStatefulSet");
  // Beside old ones it comes back as it was.
  expect(deleted([paused])).toMatchObject({ name: "a", replicas: 3, image: undefined });
  const upgrade = anUpgrade({}, { deletingSince: NOW, finalizers: [FINALIZER] });
  const records = [aRecord({ targets: [paused, up].map((each) => aRecordedTarget(each)) })];
  const { headline } = decide(anObservation({ upgrade, workloads: [paused, up], records }));
  expect(headline.message).toMatch(/^Deployment\/a is to come back: .*; kubectl rollout resume deployment\/a$/);
});

test("old agents that share their work come back with the new pipelines where the attempt has loaded others with them", () => {
  const pipeline = { kind: "ConfigMap", object: "pipeline-1", key: "pipeline.yaml", digest: "" } as const;
  const volume = "ceilometer-upgrade-pipeline";
  const mountPath = "/etc/ceilometer/pipeline.yaml";
  const containers = [
    aContainer({ volumeMounts: [{ name: volume, mountPath, subPath: "pipeline.yaml", readOnly: true }] }),
  ];
  const volumes = [{ name: volume, configMap: { name: "pipeline-1" } }];
  const loaded = agents("b", { containers, volumes });
  const targets = [agents("a"), agents("b")].map((each) => aRecordedTarget(each));
  const records = [aRecord({ targets, files: { pipeline } })];
  const a = agents("a", { replicas: 0 }, down);
  expect(deleted([a, loaded], { records })).toMatchObject({ name: "a", replicas: 3, files: ["pipeline-1"] });
  // As long as none of them is, all come back as they were.
  expect(deleted([a, agents("b")], { records })).toMatchObject({ name: "a", replicas: 3, files: [] });
});

test("another one that was at the target before the attempt is no reason to go there", () => {
  const records = [aRecord({ targets: [aRecordedTarget(agents("a")), aRecordedTarget(up, { image: NEW_IMAGE })] })];
  expect(deleted([agents("a", { replicas: 0 }, down), up], { records })).toMatchObject({
    replicas: 3,
    image: undefined,
  });
});

test("after a change of target all come back as the newest that one of them has reached", () => {
  const reached = agents("b", { image: `${NEW_IMAGE}-1` });
  const a = agents("a", { replicas: 0 }, down);
  const records = [
    aRecord({
      targets: [a, reached].map((each) => aRecordedTarget(each, { targetImage: `${NEW_IMAGE}-1` })),
      metadata: { resourceVersion: "5" },
    }),
    aRecord({
      targets: [a, reached].map((each) => aRecordedTarget(each, { targetImage: `${NEW_IMAGE}-2` })),
      metadata: { resourceVersion: "6" },
    }),
  ];
  expect(deleted([a, reached], { records })).toMatchObject({ name: "a", image: `${NEW_IMAGE}-1` });
});

test("a workload that the newest attempt does not know still gets its own back", () => {
  const a = agents("a", { replicas: 0 }, down);
  const records = [
    aRecord({ targets: [aRecordedTarget(a)], metadata: { resourceVersion: "5" } }),
    aRecord({ targets: [], metadata: { resourceVersion: "6" } }),
  ];
  expect(deleted([a], { records })).toMatchObject({ name: "a", replicas: 3, image: undefined });
});

describe("agents that poll only what old and new share", () => {
  const file = { path: "/etc/ceilometer/polling.yaml", volume: "ceilometer-upgrade-polling" };
  const whole = { name: file.volume, configMap: { name: "etc" } };
  const narrowed = { name: file.volume, configMap: { name: "central-shared-1" } };
  const polling: RecordedTarget["polling"] = {
    namespaces: ["central"],
    path: "Isolate",
    why: "new pollsters",
    overlap: true,
    file,
    before: { mount: { name: file.volume, mountPath: file.path }, volume: whole },
    narrow: { kind: "ConfigMap", object: "central-shared-1", key: "polling.yaml", digest: "1" },
  };
  const recorded = { component: "polling", polling } as const;
  const volumeMounts = [{ name: file.volume, mountPath: file.path, subPath: "polling.yaml" }];
  const containers = [{ name: "agent", image: NEW_IMAGE, command: ["ceilometer-polling"], volumeMounts }];
  const central = (replicas: number, annotations: object = {}, words: object = {}) =>
    agents("central", { component: "polling", replicas, containers, volumes: [narrowed], ...words }, annotations);

  test("all stop before the first gets the whole file, at the release that they have", () => {
    const stopped = central(0, down);
    expect(deleted([central(3)], { recorded })).toMatchObject({ name: "central", replicas: 0 });
    expect(deleted([stopped], { recorded, pods: [aPod(stopped, { deletingSince: NOW })] })).toBe(
      "wait: WaitingForOldPods",
    );
    expect(deleted([stopped], { recorded })).toMatchObject({ replicas: 3, image: undefined, removed: ["borrowed"] });
  });

  test("none is stopped that could not be started again", () => {
    expect(deleted([central(3, {}, { paused: true })], { recorded })).toBe("wait: WorkloadPaused");
    const second = agents("second", { component: "polling", paused: true, containers, volumes: [narrowed] });
    expect(deleted([central(3), second], { recorded })).toBe("wait: WorkloadPaused");
  });

  test("so do those that the resource no longer names, with what was made for them", () => {
    const record = aRecord({ targets: [aRecordedTarget(central(3), recorded)] });
    const group = (replicas: number) =>
      aDeployment({ name: "central-new-1", component: "polling", replicas, owner: OWNER, labels: ISOLATED });
    const strayed = (...workloads: readonly Workload[]) => {
      const world = aWorld({ workloads, records: [record] });
      const agents = { collector: [], notification: [anAgent(aDeployment({ name: "a" }))], polling: [], api: [] };
      const next = returnStrays({ world, record, agents, left: { ...agents, notification: [] }, target: OCATA });
      return next !== undefined && "kind" in next ? `${next.kind} ${next.why.object}` : next;
    };
    expect(strayed(central(3), group(1))).toBe("patch Deployment/central-new-1");
    expect(strayed(central(3), group(0))).toBe("patch Deployment/central");
    expect(strayed(aDeployment({ name: "central" }), group(0))).toBe("delete Deployment/central-new-1");
    expect(strayed(aDeployment({ name: "central" }))).toBeUndefined();
  });
});

test("then the marks go, and last of all the finalizer", () => {
  expect(deleted([agents("a", {}, { phase: { phase: "up" } })])).toMatchObject({ removed: ["claim", "phase"] });
  expect(deleted([aDeployment({ name: "a" })])).toBe("LettingGo");
});

test("a migration that runs is not torn off", () => {
  const job = (purpose: string) =>
    aJob("ceilometer-1", { metadata: { owner: OWNER, labels: { [LABEL.purpose]: purpose } } });
  const waits = (purpose: string) => deleted([agents("a", { replicas: 0 }, down)], { jobs: [job(purpose)] });
  expect([waits("migration"), waits("backup")]).toEqual(["wait: WaitingForJob", "wait: WaitingForJob"]);
  // What asks or verifies does so for what is given up.
  expect(waits("verification")).toMatchObject({ replicas: 3 });
  expect(deleted([agents("a", { replicas: 0 }, down)], { jobs: [aJob("somebody-elses")] })).toMatchObject({
    replicas: 3,
  });
});

test("in the middle of a way back what counts is the way back, though what it undoes was marked as left after it", () => {
  const a = agents("a", { image: NEW_IMAGE, replicas: 0 }, down);
  const b = agents("b", {});
  const there = [a, b].map((each) => aRecordedTarget(each, { nodeSelector: null }));
  const undone = aRecord({
    targets: there,
    startedAt: "2026-01-01T00:00:00Z",
    ended: { state: "Superseded", at: "2026-01-01T01:00:01Z", retry: 0 },
    metadata: { resourceVersion: "9" },
  });
  const back = aRecord({
    plan: "plan-2",
    to: "newton",
    targets: there.map((target) => ({ ...target, image: NEW_IMAGE, targetImage: OLD_IMAGE })),
    startedAt: "2026-01-01T01:00:00Z",
    back: { of: "plan-1", by: "Spec", why: "asked" },
    metadata: { name: "back", uid: "uid-of-back", resourceVersion: "8" },
  });
  const pods = [aPod(b, { image: OLD_IMAGE })];
  // Taken for old ones that have to go, the pods that came back would be waited for without end.
  expect(deleted([a, b], { records: [undone, back], pods })).toMatchObject({
    name: "a",
    replicas: 3,
    image: OLD_IMAGE,
  });
});

test("likewise where only the files were other ones: those that came back with theirs are no old ones (I11)", () => {
  const file = { path: "/etc/ceilometer/pipeline.yaml", volume: "ceilometer-upgrade-pipeline" };
  const mount = { name: file.volume, mountPath: file.path, subPath: "pipeline.yaml", readOnly: true };
  const given = {
    containers: [aContainer({ volumeMounts: [mount] })],
    volumes: [{ name: file.volume, configMap: { name: "pipeline-1" } }],
  };
  const a = agents("a", { ...given, replicas: 0 }, { ...down, phase: { phase: "down", plan: "plan-2" } });
  const b = agents("b", {}, { phase: { phase: "up", plan: "plan-2" } });
  const before = [{ ...file, before: {} }];
  const there = [a, b].map((each) => aRecordedTarget(each, { nodeSelector: null, targetImage: OLD_IMAGE, before }));
  const pipeline = { kind: "ConfigMap", object: "pipeline-1", key: "pipeline.yaml", digest: "" } as const;
  const undone = aRecord({
    targets: there,
    files: { pipeline },
    ended: { state: "Superseded", at: "2026-01-01T01:00:01Z", retry: 0 },
  });
  const back = aRecord({
    plan: "plan-2",
    to: "newton",
    targets: there,
    startedAt: "2026-01-01T01:00:00Z",
    back: { of: "plan-1", by: "Spec", why: "asked" },
    metadata: { name: "back", uid: "uid-of-back" },
  });
  const records = [undone, back];
  const next = deleted([a, b], { records, pods: [aPod(b)] });
  expect(next).toMatchObject({ name: "a", replicas: 3, files: [] });
  expect(next).toHaveProperty("removed.0", "/spec/template/spec/volumes/0");
  // As long as the way back has brought none of them up, all come back as the upgrade has left them.
  const left = agents("b", given, { phase: { phase: "up" } });
  expect(deleted([a, left], { records, pods: [aPod(left)] })).toMatchObject({ replicas: 3, removed: ["borrowed"] });
});

test("agents whose intake a way back has turned off take in again on the files that they have (I6)", () => {
  const drain = {
    name: "ceilometer-upgrade-conf-drain",
    mountPath: "/etc/ceilometer-upgrade/drain.conf",
    subPath: "d",
  };
  const file = { path: "/etc/ceilometer/pipeline.yaml", volume: "ceilometer-upgrade-pipeline" };
  const mount = { name: file.volume, mountPath: file.path, subPath: "pipeline.yaml", readOnly: true };
  const command = ["ceilometer-agent-notification", "--config-file", drain.mountPath];
  const given = {
    containers: [aContainer({ image: NEW_IMAGE, command, volumeMounts: [mount, drain] })],
    volumes: [
      { name: file.volume, configMap: { name: "pipeline-1" } },
      { name: drain.name, configMap: { name: "drain-1" } },
    ],
  };
  const all = ["a", "b"].map((name) => agents(name, given, { phase: { phase: "up", plan: "plan-2" } }));
  const before = [{ ...file, before: {} }];
  const back = aRecord({
    plan: "plan-2",
    to: "newton",
    targets: all.map((each) => aRecordedTarget(each, { image: NEW_IMAGE, targetImage: OLD_IMAGE, before })),
    back: { of: "plan-1", by: "Spec", why: "asked" },
  });
  const upgrade = anUpgrade({}, { deletingSince: NOW, finalizers: [FINALIZER] });
  const { effect } = decide(anObservation({ upgrade, workloads: all, records: [back] }));
  const operations = effect?.kind === "patch" ? effect.operations : [];
  const changed = operations.filter(({ op }) => op !== "test").map(({ op, path }) => `${op} ${path}`);
  expect(effect?.why.message).toBe("Deployment/a takes messages in again");
  expect(changed).toContain("remove /spec/template/spec/volumes/1");
  expect(changed).not.toContain("remove /spec/template/spec/volumes/0");
});

test("what no record knows any more gets back what is noted on itself, and then goes", () => {
  const records = [aRecord()];
  expect(deleted([agents("a", { replicas: 0 }, down)], { records })).toMatchObject({ name: "a", replicas: 3 });
  const nodeSelector = { [OFFLINE_NODE_SELECTOR]: "true" };
  const annotations = marks({ claim, borrowed: { nodeSelector: null }, phase: { phase: "down" } });
  expect(deleted([aDaemonSet({ name: "compute", nodeSelector, annotations })], { records: [] })).toMatchObject({
    removed: ["/spec/template/spec/nodeSelector", "borrowed"],
  });
  const command = ["ceilometer-agent-notification", "--config-file", "/etc/ceilometer-upgrade/drain.conf"];
  const dry = agents("b", { containers: [aContainer({ command })] });
  const { effect } = decide(
    anObservation({ upgrade: anUpgrade({}, { deletingSince: NOW, finalizers: [FINALIZER] }), workloads: [dry] }),
  );
  expect(effect?.why.message).toBe("Deployment/b takes messages in again");
});

test("records are let go when nothing is borrowed any more, before their resource is", () => {
  const upgrade = anUpgrade({}, { deletingSince: NOW, finalizers: [FINALIZER] });
  const ended = { state: "Completed", at: formatTime(NOW), retry: 0 } as const;
  const records = [aRecord({ ended }), aRecord({ metadata: { name: "second", finalizers: ["theirs", FINALIZER] } })];
  const first = decide(anObservation({ upgrade, records })).effect;
  expect(first).toMatchObject({ ref: { kind: "ConfigMap", name: "second" }, metadata: { finalizers: ["theirs"] } });
  const then = decide(anObservation({ upgrade, records: records.slice(0, 1) })).effect;
  expect(then).toMatchObject({ ref: { kind: "CeilometerUpgrade" }, metadata: { finalizers: [] } });
});

test("before the finalizer goes, the files that were made for it and seen are named", () => {
  const upgrade = anUpgrade({}, { deletingSince: NOW, finalizers: [FINALIZER] });
  const labels = { [LABEL.upgrade]: upgrade.metadata.uid, [LABEL.purpose]: "derived" };
  const derived = (name: string, of: string) => ({
    name,
    immutable: true,
    digests: new Map<string, string>(),
    metadata: aMeta(name, { uid: `uid-${name}`, labels: { ...labels, [LABEL.upgrade]: of } }),
    purpose: "derived",
  });
  const copies = [derived("mounted", upgrade.metadata.uid), derived("another's", "somebody")];
  const volumes = [{ name: "polling", configMap: { name: "mounted" } }];
  const seen = anObservation({ upgrade, workloads: [aDeployment({ name: "central", volumes })] });
  expect(decide({ ...seen, copies: { seen: "present", value: copies } }).effect).toMatchObject({
    ref: { kind: "CeilometerUpgrade" },
    onlyWith: [{ kind: "ConfigMap", namespace: NAMESPACE, labels, uids: ["uid-mounted"] }],
  });
});

test("no agent takes over what an isolated group polls that has one on a host that does not answer, which is said (I7)", () => {
  const upgrade = anUpgrade({}, { deletingSince: NOW, finalizers: [FINALIZER] });
  const group = aDeployment({ name: "central-new", replicas: 0, labels: ISOLATED, owner: OWNER });
  const pod = aPod(aDeployment({ name: "central-new" }), { node: "host-7", deletingSince: NOW - 301_000 });
  const { effect, headline } = decide(anObservation({ upgrade, workloads: [group], pods: [pod] }));
  expect(effect).toBeUndefined();
  expect(headline).toMatchObject({ reason: "HostUnreachable", object: "Node/host-7" });
  expect(headline.message).toMatch(/; bring the host back, /);
});

test("a host that does not answer keeps a deletion waiting, and is named with what helps (I11)", () => {
  const [a, b] = [agents("a", { replicas: 0 }, down), agents("b", { image: NEW_IMAGE })];
  const upgrade = anUpgrade({}, { deletingSince: NOW, finalizers: [FINALIZER] });
  const records = [aRecord({ targets: [a, b].map((each) => aRecordedTarget(each, { nodeSelector: null })) })];
  const after = (seconds: number) => {
    const pod = aPod(aDeployment({ name: "a" }), { node: "host-7", deletingSince: NOW - seconds * 1000 });
    const { effect, headline, recheckAt } = decide(anObservation({ upgrade, workloads: [a, b], records, pods: [pod] }));
    expect([effect, headline.reason]).toEqual([undefined, "WaitingForOldPods"]);
    return { message: headline.message, recheckAt };
  };
  expect(after(10)).toMatchObject({ recheckAt: NOW - 10_000 + 300_001 });
  expect(after(10).message).not.toContain("host-7");
  expect(after(301).message).toMatch(/Node\/host-7: .*; bring the host back, /);
});
