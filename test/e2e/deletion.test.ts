/**
 * The resource is deleted half-way: what was borrowed comes back by value, the order is kept meanwhile, nobody's object goes,
 * and no mark of ours stays.
 */
import { expect, test } from "vitest";
import { onceAfter } from "./after-write.ts";
import { classic, modern, type Topology } from "./fixtures/topology.ts";
import { eventually, tell } from "./resource.ts";
import { inScene } from "./scene.ts";

/** Numbers of writes of an undisturbed run, one in each of its steps; E2E_FULL=1 adds those between. */
const FULL = process.env["E2E_FULL"] === "1";
const MODERN = [2, 7, 8, 9, 12, 14, 16, 24, ...(FULL ? [1, 4, 10, 13, 15, 17, 19, 22] : [])];
const CLASSIC = [12, 17, 22, ...(FULL ? [10, 14, 19] : [])];

function deletedAfter(topology: Topology, write: number): Promise<void> {
  return inScene({ topology }, async (scene) => {
    const isDeleted = onceAfter(scene, write, async () => {
      await scene.kubectl("delete", "cmu", "ceilometer", "--wait=false");
    });
    await scene.apply();
    const gone = async (): Promise<boolean> => (await isDeleted()) && (await scene.resource()) === undefined;
    await eventually(gone, async () => `it is still there\n${tell(await scene.resource())}`, 60_000);
    const marks =
      "jsonpath={range .items[*]}{.metadata.name}{.metadata.annotations}{.spec.template.spec.nodeSelector}{end}";
    const left = await scene.kubectl("get", "deploy,ds,sts", "-o", marks);
    for (const mark of ["claim", "borrowed", "phase", "offline"])
      expect(left).not.toContain(`ceilometer.openstack.org/${mark}`);
    // Given back as it was, or as the target where others of its component run that already: never settled in the order.
    expect(await scene.verdict()).toEqual([]);
  });
}

test.concurrent.for(MODERN)("modern: deleted after write %i", (write) => deletedAfter(modern(), write));
test.concurrent.for(CLASSIC)("classic: deleted after write %i", (write) => deletedAfter(classic(), write));
