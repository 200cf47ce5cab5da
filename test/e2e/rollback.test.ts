/** Rollbacks that nobody asked for by a verb: after a failure, by a revert of the target; and what refuses one. */
import { expect, test } from "vitest";
import { classic, modern } from "./fixtures/topology.ts";
import { imagesOf, leftovers } from "./isolation.ts";
import { conditionOf } from "./resource.ts";
import { inScene } from "./scene.ts";
import { annotate, CASES, onTheWay, opened, wait } from "./verb-cases.ts";

const LONG = { timeout: 300_000 };

test.concurrent("a failure takes the workloads back, where the resource says so", LONG, () => {
  const topology = modern().wish((spec) =>
    Object.assign(spec, {
      onFailure: "Rollback",
      progressDeadlineSeconds: 5,
      target: { ...spec.target, image: `${spec.target.image}-badimage` },
    }),
  );
  const skipped = topology.wish(({ components }) => {
    components.database = { action: "Skip" };
  });
  return inScene({ topology: skipped }, async (scene) => {
    const before = await imagesOf(scene);
    await scene.apply();
    await wait(scene, "Succeeded=False");
    await wait(scene, "Stalled");
    const resource = await scene.resource();
    expect(conditionOf(resource, "Stalled")).toMatchObject({ reason: "RolledBack" });
    expect(conditionOf(resource, "Stalled")?.message).toContain("ProgressDeadlineExceeded");
    expect(await imagesOf(scene)).toEqual(before);
    expect(await leftovers(scene)).toEqual([]);
    expect(onTheWay(await scene.verdict({ ended: false }))).toEqual([]);
  });
});

test.concurrent.each(CASES)("a target that is again the release of before: $name", LONG, (one) =>
  inScene(opened(one, 1), async (scene) => {
    const before = await imagesOf(scene);
    await scene.apply();
    await scene.succeed();
    const release = one.topology.spec.from?.release ?? "";
    await scene.edit({ target: { release, image: before[0] } });
    await wait(scene, "Succeeded");
    expect(conditionOf(await scene.resource(), "Succeeded")?.reason).toBe("Completed");
    expect(await imagesOf(scene)).toEqual(before);
    expect(await leftovers(scene)).toEqual([]);
    expect(onTheWay(await scene.verdict({ ended: false }))).toEqual([]);
  }),
);

test.concurrent("old configuration that cannot be read is no unchanged one, unless a person says so", () =>
  inScene({ topology: classic() }, async (scene) => {
    const before = await imagesOf(scene);
    await scene.apply();
    await scene.succeed();
    await scene.edit({ rollback: true });
    const { object, remedy } = await scene.stalled("OldConfigurationUnknown");
    expect(object).toBe("Secret/ceilometer-etc");
    expect(remedy).toContain("spec.acceptedRisks");
    expect(await imagesOf(scene)).not.toEqual(before);
    const risk = {
      check: "OldConfigurationUnknown",
      object,
      reason: "compared by hand",
      expiresAt: "2099-01-01T00:00:00Z",
    };
    await annotate(scene, "accept-risk", JSON.stringify([risk]));
    await wait(scene, "Succeeded=False");
    expect(await imagesOf(scene)).toEqual(before);
    expect(onTheWay(await scene.verdict({ ended: false }))).toEqual([]);
  }));
