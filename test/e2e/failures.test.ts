/**
 * What goes wrong half-way: each ends in one condition that names the object and the remedy, and goes on when that has been
 * done. The auditor watches throughout.
 */
import { expect, test } from "vitest";
import type { Invariant } from "../support/invariants.ts";
import { auditScope, modern, type Topology } from "./fixtures/topology.ts";
import { eventually, tell } from "./resource.ts";
import { inScene, isStatusWrite, type Scene } from "./scene.ts";

const NEW = "quay.io/example/ceilometer:2025.2";
const OLD = "quay.io/example/ceilometer:2025.1";
const NOTIFICATION = "Deployment/ceilometer-notification";

const annotated = (topology: Topology, name: string, annotations: Readonly<Record<string, string>>): Topology =>
  topology.workload(name, ({ spec }) => {
    spec.template.metadata.annotations = { ...spec.template.metadata.annotations, ...annotations };
  });

/** Does something once, right after the API server has committed the first write that `chosen` accepts. */
function once(
  scene: Scene,
  chosen: (write: { readonly method: string; readonly path: string; readonly body: string }, effect: number) => boolean,
  act: () => Promise<unknown>,
): { readonly done: () => boolean } {
  let effects = 0;
  let isDone = false;
  scene.proxy.setHook(async (_n, phase, request) => {
    if (phase !== "after-commit" || isStatusWrite(request)) return undefined;
    effects += 1;
    if (isDone || !chosen(request, effects)) return undefined;
    isDone = true;
    await act();
    return undefined;
  });
  return { done: () => isDone };
}

/** The write that takes a workload down, or brings it up: the phase that it leaves on it. */
const phase =
  (name: string, mark: "down" | "first" | "rest" | "up") =>
  ({ path, body }: { readonly path: string; readonly body: string }): boolean =>
    path.includes(`/${name}?`) && body.includes(`\\"phase\\":\\"${mark}\\"`);

const podsOf = async (scene: Scene, component: string): Promise<readonly string[]> =>
  (await scene.kubectl("get", "pods", "-l", `component=${component}`, "-o", "name")).split("\n").filter(Boolean);

const IMAGES = "jsonpath={.items[*].spec.template.spec.containers[*].image}";
const imagesOf = async (scene: Scene): Promise<readonly string[]> => [
  ...new Set((await scene.kubectl("get", "deploy,ds", "-o", IMAGES)).split(" ")),
];

test.concurrent("an image that cannot be pulled", () => {
  const bad = `${NEW}-badimage`;
  const topology = modern().wish(({ components }) => Object.assign(components.notification ?? {}, { image: bad }));
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    const { object, message, remedy } = await scene.stalled("ImagePullBackOff");
    expect(object).toMatch(/^Pod\/ceilometer-notification-/);
    expect(message).toContain(bad);
    expect(remedy).toContain("image");
    await scene.edit({ components: { notification: { image: null } } });
    await scene.succeed();
    expect(await imagesOf(scene)).toEqual([NEW]);
  });
});

test.concurrent("an image of the migration that cannot be pulled", () => {
  const topology = modern().wish(({ target }) => Object.assign(target, { image: `${NEW}-badimage` }));
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    const { object, message } = await scene.stalled("ImagePullBackOff");
    expect(object).toMatch(/^Pod\/ceilometer-db-/);
    expect(message).toContain(`${NEW}-badimage`);
    await scene.edit({ target: { image: NEW } });
    await scene.until({ type: "Succeeded", status: "True" });
    expect(await imagesOf(scene)).toEqual([NEW]);
  });
});

test.concurrent("an agent that crashes again and again", () => {
  const bad = `${NEW}-crash`;
  const topology = modern()
    // Without it a pod counts as available in the moment before it falls over.
    .workload("ceilometer-notification", ({ spec }) => Object.assign(spec, { minReadySeconds: 3 }))
    .wish(({ components }) => Object.assign(components.notification ?? {}, { image: bad }));
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    const { object, remedy } = await scene.stalled("CrashLoopBackOff");
    expect(object).toMatch(/^Pod\/ceilometer-notification-/);
    expect(remedy).toContain("kubectl logs");
    await scene.edit({ components: { notification: { image: null } } });
    await scene.until({ type: "Succeeded", status: "True" });
    // The auditor takes pods that were ready for an instant for settled.
    expect((await scene.verdict()).filter(({ invariant }) => invariant !== "I4")).toEqual([]);
  });
});

test.concurrent("a release that crashes, in workloads where a pod counts as available until it has", () => {
  const topology = modern()
    .wish((spec) => Object.assign(spec, { minReadySeconds: 10 }))
    .wish(({ target }) => Object.assign(target, { image: `${NEW}-crash` }));
  return inScene({ topology, audit: auditScope(topology, { newImages: [NEW] }) }, async (scene) => {
    await scene.apply();
    const { object } = await scene.stalled("CrashLoopBackOff");
    expect(object).toMatch(/^Pod\/ceilometer-notification-/);
    const stayed = await scene.kubectl("get", "deploy,ds", "-l", "component!=notification", "-o", IMAGES);
    expect([...new Set(stayed.split(" "))]).toEqual([OLD]);
    await scene.edit({ target: { image: NEW } });
    await scene.until({ type: "Succeeded", status: "True" });
    expect(await imagesOf(scene)).toEqual([NEW]);
    // The auditor takes pods that were ready for an instant for settled.
    expect((await scene.verdict()).filter(({ invariant }) => invariant !== "I4")).toEqual([]);
  });
});

test.concurrent("new pods that no host takes", () => {
  let rack = "";
  // The migration borrows another pod, or it would not be scheduled either.
  const topology = modern().wish(({ components }) => {
    Object.assign(components.database, { jobFrom: { kind: "Deployment", name: "ceilometer-central" } });
  });
  return inScene({ topology }, async (scene) => {
    rack = scene.namespace;
    // It was so before: the old pods run since a time when a host had the label.
    await scene.kubectl(
      "patch",
      "deploy",
      "ceilometer-notification",
      "--patch",
      JSON.stringify({ spec: { template: { spec: { nodeSelector: { rack } } } } }),
    );
    await scene.audit();
    await scene.apply();
    const { object, remedy } = await scene.stalled("Unschedulable");
    expect(object).toMatch(/^Pod\/ceilometer-notification-/);
    expect(remedy).toContain("node selector");
    await scene.cluster.kubectl(["label", "node", "worker-0", `rack=${rack}`, "--overwrite"]);
    await scene.succeed();
  });
});

test.concurrent("a migration that fails, is tried again, and corrected", () => {
  const topology = modern().wish(({ target }) => Object.assign(target, { image: `${NEW}-jobfail` }));
  return inScene({ topology, audit: { database: { image: NEW } } }, async (scene) => {
    await scene.apply();
    const first = await scene.stalled("DatabaseUpgradeFailed");
    expect(first.object).toMatch(/^Job\/ceilometer-db-/);
    const log = async (): Promise<boolean> => /log says: Gnocchi or Keystone/.test(tell(await scene.resource()));
    await eventually(log, async () => `no word of the Job's log\n${tell(await scene.resource())}`, 30_000);
    expect(first.remedy).toContain("retryAttempt");
    await scene.edit({ retryAttempt: 1 });
    const failed = async (): Promise<boolean> =>
      (await scene.kubectl("get", "jobs", "-o", "name")).split("\n").filter(Boolean).length === 2;
    await eventually(failed, () => "no second Job", 30_000);
    const second = await scene.stalled("DatabaseUpgradeFailed");
    expect(second.object).not.toBe(first.object);
    expect(await imagesOf(scene)).toEqual([NEW.replace("2025.2", "2025.1")]);
    await scene.edit({ retryAttempt: 2, target: { image: NEW } });
    await scene.until({ type: "Succeeded", status: "True" });
    expect(await imagesOf(scene)).toEqual([NEW]);
  });
});

test.concurrent("a migration that never ends", () => {
  const topology = modern().wish(({ target, components }) => {
    Object.assign(target, { image: `${NEW}-jobhang` });
    Object.assign(components.database, { deadlineSeconds: 3 });
  });
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    const { message } = await scene.stalled("DatabaseUpgradeFailed");
    expect(message).toContain("DeadlineExceeded");
    await scene.edit({ target: { image: NEW } });
    await scene.until({ type: "Succeeded", status: "True" });
    expect(await imagesOf(scene)).toEqual([NEW]);
  });
});

test.concurrent("a verification that never passes keeps the others down", () => {
  const bad = `${NEW}-nodata`;
  const topology = modern()
    .workload("ceilometer-central", ({ spec }) => Object.assign(spec, { replicas: 2 }))
    .wish(({ components }) => {
      Object.assign(components.polling ?? {}, { image: bad, verification: { podLog: {}, timeoutSeconds: 3 } });
    });
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    const { object, remedy } = await scene.stalled("VerificationFailed");
    expect(object).toBe("Deployment/ceilometer-central");
    expect(remedy).toContain("log");
    expect(await podsOf(scene, "central")).toHaveLength(1);
    expect(await podsOf(scene, "compute")).toEqual([]);
    expect(await podsOf(scene, "ipmi")).toEqual([]);
    await scene.edit({ components: { polling: { image: null } } });
    await scene.succeed();
    expect(await podsOf(scene, "central")).toHaveLength(2);
  });
});

test.concurrent("quota refuses the new pods", () =>
  inScene({ topology: modern() }, async (scene) => {
    const quota = once(scene, phase("ceilometer-notification", "down"), () =>
      scene.kubectl("create", "quota", "none", "--hard=pods=0"),
    );
    await scene.apply();
    const { object, remedy } = await scene.stalled("PodsCannotBeCreated");
    expect(quota.done()).toBe(true);
    expect(object).toBe(NOTIFICATION);
    expect(remedy).toContain("quota");
    await scene.kubectl("delete", "quota", "none");
    await scene.succeed();
  }));

test.concurrent("somebody takes the image back", () =>
  inScene({ topology: modern() }, async (scene) => {
    const edit = once(scene, phase("ceilometer-compute", "down"), () =>
      scene.kubectl(
        "set",
        "image",
        "deploy/ceilometer-notification",
        `ceilometer-notification=${NEW.replace("2025.2", "2025.1")}`,
      ),
    );
    await scene.apply();
    await scene.until({ type: "Succeeded", status: "True" });
    expect(edit.done()).toBe(true);
    expect(await imagesOf(scene)).toEqual([NEW]);
    // The one who took it back rolled old pods in beside the new ones: that breach is theirs, and the only one.
    const theirs: readonly Invariant[] = ["I2", "I10"];
    expect((await scene.verdict()).filter(({ invariant }) => !theirs.includes(invariant))).toEqual([]);
  }));

test.concurrent("somebody scales a component that is down: their number is the one that counts", () => {
  const topology = annotated(modern(), "ceilometer-notification", { "sim/stop-takes": "3s" });
  const { components } = auditScope(topology);
  const audit = {
    components: components.map((each) => (each.component === "notification" ? { ...each, replicas: 1 } : each)),
  };
  return inScene({ topology, audit }, async (scene) => {
    const edit = once(scene, phase("ceilometer-notification", "down"), () =>
      scene.kubectl("scale", "deploy/ceilometer-notification", "--replicas=1"),
    );
    await scene.apply();
    await scene.succeed();
    expect(edit.done()).toBe(true);
  });
});

test.concurrent("paused between two steps, with nothing borrowed, and resumed", () =>
  inScene({ topology: modern() }, async (scene) => {
    const pause = once(scene, phase("ceilometer-notification", "down"), () => scene.edit({ paused: true }));
    await scene.apply();
    await scene.until({ type: "Paused", status: "True" });
    expect(pause.done()).toBe(true);
    const marks = await scene.kubectl("get", "deploy,ds", "-o", "jsonpath={.items[*].metadata.annotations}");
    expect(marks).not.toContain("ceilometer.openstack.org/borrowed");
    expect(await imagesOf(scene)).toHaveLength(2);
    const effects = scene.effects().length;
    await scene.kubectl("annotate", "deploy", "ceilometer-central", "somebody=was-here");
    await scene.until({ type: "Reconciling", status: "False" });
    expect(scene.effects()).toHaveLength(effects);
    await scene.edit({ paused: false });
    await scene.succeed();
  }));

const RETARGETS = [7, 8, 9, 12, 14, 16];

test.concurrent.for(RETARGETS)("another target after write %i: it goes on from where it is", (at) => {
  const next = `${NEW}-r2`;
  return inScene({ topology: modern(), audit: { database: { image: [NEW, next] } } }, async (scene) => {
    const edit = once(
      scene,
      (_write, effect) => effect === at,
      async () => {
        await scene.edit({ target: { image: next } });
      },
    );
    await scene.apply();
    await scene.until({ type: "Succeeded", status: "True" });
    expect(edit.done()).toBe(true);
    expect(await imagesOf(scene)).toEqual([next]);
    const replicas = "jsonpath={.items[*].spec.replicas}";
    expect(await scene.kubectl("get", "deploy", "-o", replicas)).toBe("1 2");
  });
});
