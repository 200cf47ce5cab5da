/**
 * That there was nothing to do is told without a write, so that no precondition says that the view was old. A resource that is made
 * while the watches of workloads and pods are late must not be told of as done: people, and what they run, go on by it.
 */
import { expect, test } from "vitest";
import { auditScope, modern, workloadsOf } from "./fixtures/topology.ts";
import { eventually, isSo, tell } from "./resource.ts";
import { allReady, inScene, type Scene } from "./scene.ts";

const imagesOfPods = (scene: Scene): Promise<string> =>
  scene.kubectl("get", "pods", "--output=jsonpath={.items[*].spec.containers[*].image}");

test("a resource is not told of as done by workloads that are not what their watch has told any more", () =>
  inScene({ topology: modern().tagged("2025.2") }, async (scene) => {
    await eventually(
      () => Promise.resolve(scene.logged().some(({ msg }) => msg === "ready")),
      () => "the operator is not ready",
      60_000,
    );
    const hidden = scene.proxy.valve.hide((path) => /\/(deployments|daemonsets|pods)\?/.test(path));
    for (const { kind, metadata, spec } of workloadsOf(modern())) {
      const images = spec.template.spec.containers.map(({ name, image }) => `${name}=${image}`);
      await scene.kubectl("set", "image", `${kind.toLowerCase()}/${metadata.name}`, ...images);
    }
    await allReady(scene.cluster, scene.namespace, scene.topology, []);
    // Ready is said while pods of the image before still end, which the audit would take for new ones beside old ones.
    await eventually(
      async () => !(await imagesOfPods(scene)).includes(":2025.2"),
      () => "pods of the image before do not go",
      60_000,
    );
    await scene.audit(auditScope(modern()));
    await scene.apply();

    let told = await scene.resource();
    const isDone = (): boolean => isSo(told, { type: "Succeeded", status: "True" });
    await eventually(
      async () => {
        told = await scene.resource();
        return isDone() || isSo(told, { type: "Ready", status: "Unknown", reason: "Unreadable" });
      },
      () => `neither done nor in doubt\n${tell(told)}`,
      60_000,
    );
    expect(isDone()).toBe(false);
    expect(tell(told)).toMatch(/is not as its watch has told/);
    hidden.release("last");
    await scene.succeed();
  }));
