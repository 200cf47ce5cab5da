/**
 * Pods come by another watch than their workload. One that is late may show none of them yet, and a decision that takes that for
 * "all old pods are gone" starts new ones beside them (I2). Of a StatefulSet the count in its status would tell.
 */
import { expect, test } from "vitest";
import type { Hidden } from "../support/watch-valve.ts";
import { modern } from "./fixtures/topology.ts";
import { eventually, tell } from "./resource.ts";
import { allReady, inScene, type Scene } from "./scene.ts";

const WORKLOAD = "deployment/ceilometer-notification";
const UNSEEN = "was not seen when this was decided";

const podsOf = (scene: Scene): Promise<string> =>
  scene.kubectl("get", "pods", "--selector=component=notification", "--output=name");

async function finalizers(scene: Scene, list: string): Promise<void> {
  for (const pod of (await podsOf(scene)).split("\n").filter(Boolean))
    await scene.kubectl("patch", pod, "--type=merge", `--patch={"metadata":{"finalizers":${list}}}`);
}

/** Keeps what the watch of pods has to tell, from a moment on when it has told that these are gone. */
async function hidePods(scene: Scene): Promise<Hidden> {
  await eventually(
    async () => (await podsOf(scene)) === "",
    () => "the old pods do not go",
    60_000,
  );
  for (;;) {
    const hidden = scene.proxy.valve.hide((path) => /\/pods\?/.test(path));
    const kept = () => hidden.kept().flatMap(({ objects }) => objects);
    // What happened before has come when this has: one watch keeps the order.
    await scene.kubectl("annotate", "pods", "--selector=component=central", `mark=${Date.now()}`, "--overwrite");
    await eventually(
      () => Promise.resolve(kept().some(({ name }) => name.includes("central"))),
      () => "the watch of pods tells nothing",
      60_000,
    );
    if (kept().every(({ isGone }) => !isGone)) return hidden;
    hidden.release("last");
  }
}

test("new pods are not started beside old ones that the watch of pods has not shown yet", () =>
  inScene({ topology: modern() }, async (scene) => {
    const isReady = (): boolean => scene.logged().some(({ msg }) => msg === "ready");
    await eventually(
      () => Promise.resolve(isReady()),
      () => "the operator is not ready",
      60_000,
    );
    await scene.kubectl("scale", WORKLOAD, "--replicas=0");
    const hidden = await hidePods(scene);
    await scene.kubectl("scale", WORKLOAD, "--replicas=2");
    await allReady(scene.cluster, scene.namespace, scene.topology, []);
    await scene.audit();
    // They are deleted, and go when they are let go: meanwhile no status counts them.
    await finalizers(scene, '["example.com/late"]');
    await scene.apply();

    const isRefused = (): boolean => scene.logged().some((line) => JSON.stringify(line).includes(UNSEEN));
    const isStarted = async (): Promise<boolean> =>
      (await scene.kubectl("get", WORKLOAD, "--output=jsonpath={.spec.template.spec.containers[0].image}")).endsWith(
        "2025.2",
      );
    await eventually(
      async () => isRefused() || (await isStarted()),
      async () => `neither started nor refused\n${tell(await scene.resource())}`,
      60_000,
    );
    expect(isRefused()).toBe(true);
    await finalizers(scene, "null");
    hidden.release("last");
    await scene.succeed();
  }));
