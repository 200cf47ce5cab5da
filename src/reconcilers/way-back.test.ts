/** The way back: when a target is one, what stops it before anything is written, and how it ends. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  aConfigObject,
  aContainer,
  aDaemonSet,
  aDeployment,
  aJob,
  anAutoscaler,
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
  type WorkloadWords,
} from "../../test/support/builders.ts";
import { ANNOTATION, FINALIZER, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import { type AttemptRecord, RECORD_KEY, recordSchema } from "../model/attempt.ts";
import type { Phase } from "../model/marks.ts";
import type { Job } from "../model/observation.ts";
import { decide } from "./decide.ts";
import { ownLabels } from "./desired/job.ts";
import { readInputs } from "./inputs.ts";
import { migrationJobName } from "./migration-jobs.ts";

const COMPLETED = { state: "Completed", at: "2026-01-01T00:10:00Z", retry: 0 } as const;
const NEWTON: SpecInput["target"] = { release: "newton", image: OLD_IMAGE };
const NOTIFICATION = {
  targets: [{ kind: "Deployment" as const, name: "notification" }],
  workloadPartitioning: "Disabled" as const,
};

/** A way back of an attempt that is under way, as a resource asks for it. */
const wayBackOf = ({ plan, inputs, targets }: AttemptRecord): AttemptRecord =>
  aRecord({
    plan: "back",
    inputs,
    from: "ocata",
    to: "newton",
    back: { of: plan, by: "Spec", why: "asked" },
    startedAt: "2026-01-01T00:11:00Z",
    targets: targets.map((each) => ({ ...each, image: NEW_IMAGE, targetImage: OLD_IMAGE })),
    metadata: { name: "back", uid: "uid-of-back" },
  });

describe("a target that is the release of before", () => {
  const OWN = { old: "registry.example/notification:newton", new: "registry.example/notification:ocata" } as const;

  /** Git says Newton again, and gives the notification agents this image. */
  function reverted(image: string | undefined) {
    const notification = { ...NOTIFICATION, ...(image === undefined ? {} : { image }) };
    const upgrade = anUpgrade({ target: NEWTON, components: { database: { action: "Skip" }, notification } });
    const workload = aDeployment({ name: "notification", image: OWN.new });
    const target = aRecordedTarget(workload, { image: OWN.old, targetImage: OWN.new, release: "newton" });
    const records = [aRecord({ inputs: "other", targets: [target], ended: COMPLETED })];
    const { effect, headline } = decide(
      anObservation({ upgrade, workloads: [workload], pods: podsOf(workload), records }),
    );
    return effect?.why.reason ?? headline.reason;
  }

  test("is its way back where a component has an image of its own", () => {
    expect(reverted(OWN.old)).toBe("Holding");
  });

  test("is a downgrade where that image is not the one of before", () => {
    expect(reverted(undefined)).toBe("Downgrade");
    expect(reverted("registry.example/notification:other")).toBe("Downgrade");
  });
});

describe("a full way back of agents that an attempt had taken down", () => {
  const TARGET = { kind: "DaemonSet", name: "compute" } as const;
  const HOSTS = ["host-0", "host-1", "host-2"];
  const DAY = 86_400_000;
  const before = aDaemonSet({ name: "compute", component: "polling", replicas: 3 });
  const dead = (image: string) =>
    aPod(before, { name: "compute-x", node: "host-2", image, ready: false, deletingSince: NOW - DAY });

  function goingBack(phase: Partial<Phase>, image: string, words: Partial<WorkloadWords> = {}, pods = [dead(image)]) {
    const components: SpecInput["components"] = {
      database: { action: "Skip" },
      polling: { targets: [TARGET], verification: { podLog: {} } },
    };
    const upgrade = anUpgrade({ components, rollback: true }, { finalizers: [FINALIZER] });
    const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
    const claim = { upgrade: upgrade.metadata.uid, record: "back" };
    const workload = aDaemonSet({
      name: "compute",
      component: "polling",
      replicas: 0,
      nodeSelector: { [OFFLINE_NODE_SELECTOR]: "true" },
      annotations: marks({ claim, borrowed: { nodeSelector: null }, phase: { phase: "down", hosts: HOSTS, ...phase } }),
      image: OLD_IMAGE,
      ...words,
    });
    const target = aRecordedTarget(before, { component: "polling", release: "newton", hosts: HOSTS });
    const there = aRecord({ inputs, targets: [target], ended: { ...COMPLETED, state: "Superseded" } });
    const back = wayBackOf(there);
    return decide(anObservation({ now: NOW + 60_000, upgrade, workloads: [workload], pods, records: [there, back] }));
  }

  test("starts them all again where they never left the release of before, whoever does not go on a dead host", () => {
    const { effect } = goingBack({ plan: "plan-1" }, OLD_IMAGE);
    expect(effect?.why).toMatchObject({ reason: "StartingRest", object: "DaemonSet/compute" });
    const { operations, onlyWith } = effect?.kind === "patch" ? effect : { operations: [], onlyWith: [] };
    expect(operations).toContainEqual({ op: "remove", path: "/spec/template/spec/nodeSelector" });
    expect(onlyWith).toMatchObject([{ uids: ["uid-of-compute-x"] }]);
  });

  test("names the host of a pod that comes in vain", () => {
    const up = goingBack({ plan: "back", phase: "rest" }, OLD_IMAGE, {
      replicas: 3,
      nodeSelector: {},
      status: { available: 2, ready: 2 },
    });
    expect(up.headline).toMatchObject({ reason: "HostUnreachable", object: "Node/host-2" });
  });

  test("names the pod that it waits for where its first agent leaves a host, and then the host", () => {
    const leaving = { ...dead(OLD_IMAGE), metadata: { ...dead(OLD_IMAGE).metadata, deletingSince: NOW } };
    const now = goingBack({ plan: "back", tried: ["host-2"] }, OLD_IMAGE, {}, [leaving]);
    expect(now.headline).toMatchObject({ reason: "WaitingForOldPods", object: "DaemonSet/compute" });
    expect(now.headline.message).toContain("the first newton agent is not gone yet (Pod/compute-x)");
    const later = goingBack({ plan: "back", tried: ["host-2"] }, OLD_IMAGE);
    expect(later.headline).toMatchObject({ reason: "HostUnreachable", object: "Node/host-2" });
  });
});

describe("a revert of what was upgraded in parts", () => {
  const components: SpecInput["components"] = {
    database: { action: "Skip" },
    notification: { targets: [{ kind: "Deployment", name: "notification" }], workloadPartitioning: "Disabled" },
    polling: { targets: [{ kind: "Deployment", name: "central" }], verification: { podLog: {} } },
  };
  const wish: Partial<SpecInput> = { strategy: "Partial", target: NEWTON, components };
  const done = (plan: string) => ({ [ANNOTATION.completedPlan]: plan });
  const notification = (image: string) => aDeployment({ name: "notification", image, annotations: done("plan-1") });
  const central = (image: string, plan = "plan-2") =>
    aDeployment({ name: "central", component: "polling", image, annotations: done(plan) });
  const first = (more: Partial<AttemptRecord> = {}) =>
    aRecord({
      plan: "plan-1",
      only: ["notification"],
      startedAt: "2025-12-01T00:00:00Z",
      ended: { ...COMPLETED, at: "2025-12-01T01:00:00Z" },
      targets: [aRecordedTarget(notification(NEW_IMAGE))],
      ...more,
    });
  const second = (more: Partial<AttemptRecord> = {}) =>
    aRecord({
      plan: "plan-2",
      only: ["polling"],
      startedAt: "2025-12-02T00:00:00Z",
      ended: { ...COMPLETED, at: "2025-12-02T01:00:00Z" },
      targets: [aRecordedTarget(central(NEW_IMAGE), { component: "polling" })],
      metadata: { name: "second", uid: "uid-of-second" },
      ...more,
    });

  /** What the record of the way back says of itself; undefined where there is none. */
  function begun(records: readonly AttemptRecord[], spec: Partial<SpecInput> = {}) {
    const upgrade = anUpgrade({ ...wish, ...spec }, { finalizers: [FINALIZER] });
    const workloads = [notification(NEW_IMAGE), central(NEW_IMAGE)];
    const pods = workloads.flatMap((each) => podsOf(each));
    const { effect } = decide(anObservation({ upgrade, workloads, pods, records }));
    const data = effect?.kind === "create" ? z.record(z.string(), z.string()).parse(effect.object["data"]) : {};
    return data[RECORD_KEY] === undefined ? undefined : recordSchema.parse(JSON.parse(data[RECORD_KEY]));
  }
  const names = (body: ReturnType<typeof begun>) => body?.targets.map(({ name }) => name);

  test("takes every part back", () => {
    const body = begun([first(), second()]);
    expect(names(body)).toEqual(["notification", "central"]);
    expect(body).toMatchObject({ from: "ocata", to: "newton", only: ["notification", "polling"] });
  });

  test("takes it back where the last part was of all components, and came from a mixture", () => {
    const targets = [
      aRecordedTarget(notification(NEW_IMAGE), { image: NEW_IMAGE }),
      aRecordedTarget(central(NEW_IMAGE), { component: "polling" }),
    ];
    const body = begun([first(), second({ from: "ocata", only: undefined, targets })]);
    expect(body?.targets.map(({ targetImage }) => targetImage)).toEqual([OLD_IMAGE, OLD_IMAGE]);
    expect(body).toMatchObject({ from: "ocata", to: "newton" });
    expect(body?.only).toBeUndefined();
  });

  test("leaves what came before another end, what is not asked for, and what was made anew", () => {
    const way = aRecord({
      plan: "way",
      back: { of: "plan-0", by: "Revert", why: "asked" },
      startedAt: "2025-12-01T12:00:00Z",
      ended: { ...COMPLETED, at: "2025-12-01T13:00:00Z" },
      metadata: { name: "way", uid: "uid-of-way" },
    });
    expect(names(begun([first(), way, second()]))).toEqual(["central"]);
    expect(names(begun([first({ to: "pike" }), second()]))).toEqual(["central"]);
    expect(names(begun([first(), second()], { only: ["polling"] }))).toEqual(["central"]);
    const anew = [aRecordedTarget(notification(NEW_IMAGE), { uid: "uid-of-another" })];
    expect(names(begun([first({ targets: anew }), second()]))).toEqual(["central"]);
  });

  test("says what it has left at the newer release", () => {
    const upgrade = anUpgrade(wish);
    const back = second({
      plan: "back",
      inputs: readInputs(aWorld({ upgrade })).digest ?? "",
      from: "ocata",
      to: "newton",
      back: { of: "plan-2", by: "Revert", why: "asked" },
      ended: COMPLETED,
      targets: [
        aRecordedTarget(central(NEW_IMAGE), { component: "polling", image: NEW_IMAGE, targetImage: OLD_IMAGE }),
      ],
    });
    const end = (image: string) => {
      const workloads = [notification(image), central(OLD_IMAGE, "back")];
      const pods = workloads.flatMap((each) => podsOf(each));
      return decide(anObservation({ upgrade, workloads, pods, records: [back] }));
    };
    const part = end(NEW_IMAGE);
    expect(part.headline).toMatchObject({ reason: "CompletedInPart" });
    expect(part.headline.message).toContain(`Deployment/notification (${NEW_IMAGE})`);
    expect(part).toMatchObject({ phase: "Completed", drifted: ["Deployment/notification"] });
    expect(end(OLD_IMAGE)).toMatchObject({ headline: { reason: "Completed" }, drifted: [] });
  });
});

test.each(["Deployment", "StatefulSet", "DaemonSet"] as const)(
  "a revert after nothing but a %s of a component that retires brings it up again",
  (kind) => {
    const make = { Deployment: aDeployment, StatefulSet: aStatefulSet, DaemonSet: aDaemonSet }[kind];
    const before = make({ name: "collector", component: "collector" });
    const components: SpecInput["components"] = {
      database: { action: "Skip" },
      collector: { targets: [{ kind, name: "collector" }] },
    };
    const upgrade = anUpgrade({ target: NEWTON, components }, { finalizers: [FINALIZER] });
    const retired = make({
      name: "collector",
      component: "collector",
      replicas: 0,
      ...(kind === "DaemonSet" ? { nodeSelector: { [OFFLINE_NODE_SELECTOR]: "true" } } : {}),
    });
    const target = aRecordedTarget(before, { component: "collector", replicasAfter: 0 });
    const records = [aRecord({ ended: COMPLETED, targets: [target] })];
    expect(decide(anObservation({ upgrade, workloads: [retired], records })).headline.reason).toBe("RollbackStarted");
  },
);

test("a full way back is refused where an autoscaler would start a second agent beside the first", () => {
  const components: SpecInput["components"] = {
    database: { action: "Skip" },
    polling: { targets: [{ kind: "Deployment", name: "central" }], verification: { podLog: {} } },
  };
  const asked = (strategy: SpecInput["strategy"], least: number): string => {
    const upgrade = anUpgrade({ strategy, components, rollback: true }, { finalizers: [FINALIZER] });
    const workload = aDeployment({ name: "central", component: "polling", image: NEW_IMAGE });
    const target = aRecordedTarget(workload, { component: "polling", release: "newton" });
    const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
    const records = [aRecord({ inputs, ended: COMPLETED, targets: [target] })];
    const autoscalers = [anAutoscaler(workload, least)];
    const { headline } = decide(
      anObservation({ upgrade, workloads: [workload], pods: podsOf(workload), records, autoscalers }),
    );
    return headline.reason;
  };
  expect(asked("Full", 2)).toBe("AutoscalerMinimum");
  expect(asked("Full", 1)).toBe("RollbackStarted");
  expect(asked("Partial", 2)).toBe("RollbackStarted");
});

describe("another wish for the release of before, once a way back has ended", () => {
  const notification = aDeployment({ name: "notification", image: OLD_IMAGE });
  const there = aRecordedTarget(notification, { release: "newton" });
  const upgraded = aRecord({ inputs: "other", databaseJob: "db", targets: [there], ended: COMPLETED });
  const way = (ended: AttemptRecord["ended"]) =>
    aRecord({
      plan: "way",
      inputs: "reverted",
      from: "ocata",
      to: "newton",
      back: { of: upgraded.plan, by: "Revert", why: "asked" },
      startedAt: "2026-01-01T00:11:00Z",
      ended,
      targets: [{ ...there, image: NEW_IMAGE, targetImage: OLD_IMAGE }],
      metadata: { name: "way", uid: "uid-of-way" },
    });
  const ENDED = { ...COMPLETED, at: "2026-01-01T00:12:00Z" } as const;

  function wish(more: Partial<SpecInput>, image = OLD_IMAGE, ended: AttemptRecord["ended"] = ENDED) {
    const upgrade = anUpgrade({ target: NEWTON, ...more }, { finalizers: [FINALIZER] });
    const workload = aDeployment({ name: "notification", image });
    const files = [aConfigObject("ConfigMap", "own", { "meters.yaml": "metric: []\n" })];
    const records = [upgraded, way(ended)];
    return decide(anObservation({ upgrade, workloads: [workload], pods: podsOf(workload), records, files }));
  }
  const definitions = [{ kind: "ConfigMap" as const, name: "own", key: "meters.yaml" }];
  const given: Partial<SpecInput> = { target: { ...NEWTON, config: { definitions } } };

  test("is carried out, and not taken for a revert that has nothing to undo", () => {
    expect(wish(given).effect?.why.reason).toBe("CopyingConfiguration");
    const more = { database: { action: "Skip" as const }, notification: { ...NOTIFICATION, replicas: 5 } };
    expect(wish({ components: more }).effect?.why.reason).toBe("AttemptStarted");
  });

  test("is a revert as long as something is out", () => {
    expect(wish(given, NEW_IMAGE).effect?.why.reason).toBe("RollbackStarted");
    expect(wish(given, OLD_IMAGE, { ...ENDED, state: "Superseded" }).effect?.why.reason).toBe("RollbackStarted");
  });

  const components: SpecInput["components"] = {
    database: { action: "Upgrade", jobFrom: { kind: "Deployment", name: "notification" } },
    notification: NOTIFICATION,
  };

  test("migrates no database that has the newer schema", () => {
    const { headline } = wish({ ...given, components });
    expect(headline).toMatchObject({ reason: "Downgrade", object: "ConfigMap/ceilometer-attempt-1" });
    expect(headline.message).toContain("set spec.components.database.action to Skip");
  });

  test("nor does one for a release in between", () => {
    const toPike = { ...upgraded, to: "pike" };
    const records = [toPike, { ...way(ENDED), from: "pike" }];
    const upgrade = anUpgrade({ components }, { finalizers: [FINALIZER] });
    const { headline } = decide(
      anObservation({ upgrade, workloads: [notification], pods: podsOf(notification), records }),
    );
    expect(headline).toMatchObject({ reason: "Downgrade", object: "ConfigMap/ceilometer-attempt-1" });
  });
});

test("no migration runs on a database that another try of an attempt has upgraded further (I10)", () => {
  const target = (release: "ocata" | "pike") => ({ release, image: `registry.example/ceilometer:${release}` });
  const components: SpecInput["components"] = {
    database: { action: "Upgrade", jobFrom: { kind: "Deployment", name: "notification" } },
    notification: NOTIFICATION,
  };
  const asked = (release: "ocata" | "pike", retryAttempt: number) =>
    anUpgrade({ target: target(release), retryAttempt, components }, { finalizers: [FINALIZER] });
  const notification = aDeployment({ name: "notification", image: OLD_IMAGE });
  const targets = [aRecordedTarget(notification, { release: "newton" })];
  const ended = { ...COMPLETED, state: "Superseded" } as const;
  const given = aRecord({ to: "pike", databaseJob: migrationJobName(asked("pike", 0)), targets, ended });
  const after = (...states: readonly Job["state"][]) => {
    const jobs = states.map((state, retry) => {
      const owner = { kind: "CeilometerUpgrade", name: "ceilometer", uid: "uid-of-ceilometer" };
      const labels = ownLabels(asked("pike", retry), "database", "migration");
      const spec = { containers: [aContainer({ image: target("pike").image })] };
      const template = { labels: {}, annotations: {}, spec };
      return aJob(migrationJobName(asked("pike", retry)), { state, template, metadata: { owner, labels } });
    });
    const upgrade = asked("ocata", 1);
    const seen = { upgrade, workloads: [notification], pods: podsOf(notification), records: [given], jobs };
    return decide(anObservation(seen)).headline.reason;
  };
  expect(after("succeeded")).toBe("Downgrade");
  expect(after("failed", "succeeded")).toBe("Downgrade");
  expect(after("failed")).toBe("AttemptStarted");
});

describe("a way back of which a workload was made anew in the middle", () => {
  const [kept, former] = [aDeployment({ name: "kept", replicas: 0 }), aDeployment({ name: "notification" })];
  const anew = (image: string) => {
    const workload = aDeployment({ name: "notification", image });
    return { ...workload, metadata: { ...workload.metadata, uid: "another" } };
  };

  function goingBack(others: readonly ReturnType<typeof anew>[], isBegun: boolean) {
    const components = { database: { action: "Skip" as const }, notification: NOTIFICATION };
    const upgrade = anUpgrade({ components, rollback: true }, { finalizers: [FINALIZER] });
    const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
    const claim = { upgrade: upgrade.metadata.uid, record: isBegun ? "back" : "ceilometer-attempt-1" };
    const plan = isBegun ? "back" : "plan-1";
    const annotations = marks({ claim, borrowed: { replicas: 2 }, phase: { plan, phase: "down" } });
    const down = { ...kept, metadata: { ...kept.metadata, annotations } };
    const targets = [down, former].map((each) => aRecordedTarget(each, { replicas: 2, release: "newton" }));
    const there = aRecord({ inputs, targets, ...(isBegun ? { ended: { ...COMPLETED, state: "Superseded" } } : {}) });
    const back = wayBackOf(there);
    const records = isBegun ? [there, back] : [there];
    const workloads = [down, ...others];
    const { effect, headline } = decide(anObservation({ now: NOW + 900_000, upgrade, workloads, records }));
    return [effect?.why.reason, headline.message] as const;
  }

  test.each([false, true])("is held as long as that one is not back, and says what helps (begun: %s)", (isBegun) => {
    for (const others of [[], [anew(NEW_IMAGE)]]) {
      const [reason, message] = goingBack(others, isBegun);
      expect(reason).toBeUndefined();
      expect(message).toContain("bring one of its name to the old release by hand");
    }
  });

  test.each([false, true])("goes on once somebody has brought that one back by hand (begun: %s)", (isBegun) => {
    const [reason] = goingBack([anew(OLD_IMAGE)], isBegun);
    expect(reason).toBe(isBegun ? "Starting" : "RollbackStarted");
  });
});
