/** What goes wrong in the middle of a roll: it is held with object and remedy, and goes on when that has been done. */
import { expect, test } from "vitest";
import { NOTIFICATION, only, treated } from "./fixtures/notification.ts";
import { auditScope, changedPipeline, partialClassic } from "./fixtures/topology.ts";
import { inScene } from "./scene.ts";
import { generations } from "./seen.ts";

const OCATA = "quay.io/example/ceilometer:ocata";
const NAME = "ceilometer-notification";

test.concurrent("a StatefulSet that waits for a pod of a template that was corrected: the pod is removed, and it goes on", () => {
  const bad = `${OCATA}-badimage`;
  const topology = only(partialClassic().stateful(NAME)).wish(({ components }) =>
    Object.assign(components.notification ?? {}, { image: bad, replicas: 3 }),
  );
  const three = topology.workload(NAME, ({ spec }) => Object.assign(spec, { replicas: 3 }));
  return inScene({ topology: three, audit: auditScope(three, { newImages: [OCATA] }) }, async (scene) => {
    await scene.apply();
    const { object, message } = await scene.stalled("ImagePullBackOff");
    expect(object).toBe(`Pod/${NAME}-2`);
    expect(message).toContain(bad);
    await scene.edit({ components: { notification: { image: null } } });
    await scene.succeed();
    const deletions = scene.effects().filter(({ method, committed }) => method === "DELETE" && committed === 200);
    expect(deletions.map(({ path }) => path.replace(/[?].*/, ""))).toEqual([
      `/api/v1/namespaces/${scene.namespace}/pods/${NAME}-2`,
    ]);
    expect(await scene.kubectl("get", "events", "-o", "jsonpath={.items[*].reason}")).toContain("RemovingUnready");
  });
});

test.concurrent("an image that cannot be pulled, while the old agents go on", () => {
  const bad = `${OCATA}-badimage`;
  const topology = only(partialClassic()).wish(({ components }) =>
    Object.assign(components.notification ?? {}, { image: bad }),
  );
  return inScene({ topology, audit: auditScope(topology, { newImages: [OCATA] }) }, async (scene) => {
    await scene.apply();
    const { object, remedy } = await scene.stalled("ImagePullBackOff");
    expect(object).toMatch(/^Pod\/ceilometer-notification-/);
    expect(remedy).toContain("image");
    expect(await scene.verdict({ ended: false })).toEqual([]);
    await scene.edit({ components: { notification: { image: null } } });
    await scene.succeed();
  });
});

test.concurrent("an agent that runs and has not loaded its pipeline", () => {
  const bad = `${OCATA}-badpipeline`;
  const topology = treated(only(changedPipeline()), { image: bad });
  const windows = [{ workload: NOTIFICATION, count: 1, why: "P3: loaded with the new pipeline" }];
  return inScene({ topology, audit: auditScope(topology, { newImages: [OCATA], windows }) }, async (scene) => {
    await scene.apply();
    const { object, message, remedy } = await scene.stalled("NotLoaded");
    expect(object).toMatch(/^Pod\/ceilometer-notification-/);
    expect(message).toContain("could not load these pipelines");
    expect(remedy).toContain("correct the file");
    await scene.edit({ components: { notification: { image: null } } });
    const done = await scene.succeed();
    expect(done.status.steps.map(({ state }) => state)).toEqual(["Succeeded", "Succeeded"]);
    expect(generations(scene, "notification").at(-1)).toBe("ocata ceilometer-newton+ceilometer-pipeline");
  });
});
