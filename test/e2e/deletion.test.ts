/**
 * The resource is deleted half-way: what was borrowed comes back by value, the order is kept meanwhile, nobody's object goes,
 * and no mark of ours stays.
 */
import { expect, test } from "vitest";
import { LABEL } from "../../src/api/v1alpha1/names.ts";
import { onceAfter } from "./after-write.ts";
import { classic, modern, type Topology } from "./fixtures/topology.ts";
import { eventually, tell } from "./resource.ts";
import { inScene, type Scene } from "./scene.ts";

/** Numbers of writes of an undisturbed run, one in each of its steps; E2E_FULL=1 adds those between. */
const FULL = process.env["E2E_FULL"] === "1";
const MODERN = [2, 7, 8, 9, 12, 14, 16, 24, ...(FULL ? [1, 4, 10, 13, 15, 17, 19, 22] : [])];
const CLASSIC = [12, 17, 22, ...(FULL ? [10, 14, 19] : [])];

const RECORDS = `${LABEL.purpose}=attempt`;
const records = (scene: Scene): Promise<string> => scene.kubectl("get", "cm", "-l", RECORDS, "-o", "name");
/** Those that nobody has deleted. */
const kept = (scene: Scene): Promise<string> =>
  scene.kubectl(
    "get",
    "cm",
    "-l",
    RECORDS,
    "-o",
    "go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}",
  );

/** The garbage collector looks every half a minute which kinds there are: until it has heard of this one, it collects nothing. */
async function collected({ apply, kubectl, topology }: Scene): Promise<void> {
  await apply({ ...topology, spec: { ...topology.spec, mode: "Plan" } }, "trial");
  await kubectl("delete", "cmu", "trial", "--cascade=foreground", "--timeout=90s");
}

/** With the dependents first, as Argo CD prunes, the garbage collector is at the records before the operator is at the workloads. */
type Cascade = "background" | "foreground";

function deletedAfter(topology: Topology, write: number, cascade: Cascade = "background"): Promise<void> {
  return inScene({ topology }, async (scene) => {
    const isDeleted = onceAfter(scene, write, async () => {
      await scene.kubectl("delete", "cmu", "ceilometer", "--wait=false", `--cascade=${cascade}`);
      // The operator waits for its answer, and learns of the deletion when the garbage collector has been at its records.
      if (cascade === "foreground")
        await eventually(
          async () => (await kept(scene)) === "",
          () => kept(scene),
          60_000,
        );
    });
    if (cascade === "foreground") await collected(scene);
    await scene.apply();
    const gone = async (): Promise<boolean> => (await isDeleted()) && (await scene.resource()) === undefined;
    await eventually(gone, async () => `it is still there\n${tell(await scene.resource())}`, 60_000);
    const marks =
      "jsonpath={range .items[*]}{.metadata.name}{.metadata.annotations}{.spec.template.spec.nodeSelector}{end}";
    const left = await scene.kubectl("get", "deploy,ds,sts", "-o", marks);
    for (const mark of ["claim", "borrowed", "phase", "offline"])
      expect(left).not.toContain(`ceilometer.openstack.org/${mark}`);
    const replicas = await scene.kubectl("get", "deploy,sts", "-o", "jsonpath={.items[*].spec.replicas}");
    expect(replicas.trim().split(" ")).not.toContain("0");
    await eventually(
      async () => (await records(scene)) === "",
      () => records(scene),
      60_000,
    );
    // Given back as it was, or as the target where others of its component run that already: never settled in the order.
    expect(await scene.verdict()).toEqual([]);
  });
}

test.concurrent.for(MODERN)("modern: deleted after write %i", (write) => deletedAfter(modern(), write));
test.concurrent.for([8, 11, 13])("modern: deleted with its dependents first, after write %i", (write) =>
  deletedAfter(modern(), write, "foreground"),
);

test.concurrent("records of a resource whose finalizer was taken off by hand go with it", () =>
  inScene({ topology: modern() }, async (scene) => {
    const isForced = onceAfter(scene, 9, async () => {
      await scene.kubectl("patch", "cmu", "ceilometer", "--type=merge", "-p", '{"metadata":{"finalizers":null}}');
      await scene.kubectl("delete", "cmu", "ceilometer", "--wait=false");
    });
    await scene.apply();
    await eventually(
      async () => (await isForced()) && (await records(scene)) === "",
      () => records(scene),
      60_000,
    );
    expect(await scene.resource()).toBeUndefined();
  }));

test.concurrent.for(CLASSIC)("classic: deleted after write %i", (write) => deletedAfter(classic(), write));
