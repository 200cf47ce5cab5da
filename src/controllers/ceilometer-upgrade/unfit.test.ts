/** A resource whose stored spec does not fit the schema, in the middle of an upgrade: what it has borrowed comes back when it goes. */
import { expect, test } from "vitest";
import { aStage, passUntil, type Stage, startOperator } from "../../../test/sim/running-operator.ts";
import { ANNOTATION, FINALIZER } from "../../api/v1alpha1/names.ts";
import { type Log, silentLog } from "../../runtime/logger.ts";

const replicasOf = ({ cluster }: Stage): number | undefined => cluster.workloads[0]?.spec.replicas;
const marksOf = ({ cluster }: Stage): readonly string[] =>
  Object.keys(cluster.workloads[0]?.metadata.annotations ?? {}).filter((each) =>
    [ANNOTATION.claim, ANNOTATION.borrowed, ANNOTATION.phase].some((mark) => mark === each),
  );
const finalizersOf = ({ cluster }: Stage): readonly string[] | undefined => cluster.upgrade?.metadata.finalizers;

/** Agents are down, and then what is stored fits the schema no more. */
async function takenDown(): Promise<Stage> {
  const stage = aStage();
  stage.cluster.wish();
  const operator = startOperator(stage);
  expect(await passUntil(stage, [operator], () => replicasOf(stage) === 0)).toBe(true);
  operator.stop();
  await passUntil(stage, [operator], () => false, 5_000);
  await operator.ended;
  const { upgrade } = stage.cluster;
  if (upgrade === undefined) throw new Error("the resource is gone");
  stage.cluster.api.update(upgrade, { spec: { strategy: "Rolling" } });
  return stage;
}

test("it is told so while nobody deletes it, and nothing is written to its workloads", async () => {
  const stage = await takenDown();
  const operator = startOperator(stage);
  const told = (): boolean => JSON.stringify(stage.cluster.upgrade?.["status"] ?? {}).includes("InvalidSpec");
  expect(await passUntil(stage, [operator], told)).toBe(true);
  await passUntil(stage, [operator], () => false, 60_000);
  expect(replicasOf(stage)).toBe(0);
  operator.stop();
  await passUntil(stage, [operator], () => false, 5_000);
  await operator.ended;
});

test("deleted, it gives everything back and goes", async () => {
  const stage = await takenDown();
  const warned: string[] = [];
  const written: unknown[] = [];
  const log: Log = {
    ...silentLog,
    warn: (_, msg) => warned.push(msg),
    info: (fields, msg) => void (msg === "wrote" && "object" in fields && written.push(fields.object)),
  };
  const operator = startOperator({ ...stage, log });
  stage.cluster.unwish();
  expect(await passUntil(stage, [operator], () => stage.cluster.upgrade === undefined, 120_000)).toBe(true);
  expect(replicasOf(stage)).toBe(2);
  expect(marksOf(stage)).toEqual([]);
  await passUntil(stage, [operator], () => false, 5_000);
  expect(warned).toEqual([]);
  expect(written.at(-1)).toBe("CeilometerUpgrade/ceilometer");
  operator.stop();
  await passUntil(stage, [operator], () => false, 5_000);
  await operator.ended;
});

test("when the operator is removed, it gives everything back, stays, and holds up nothing", async () => {
  const stage = await takenDown();
  const operator = startOperator({ ...stage, flags: ["--give-back"] });
  let isOver = false;
  void operator.ended.then(() => {
    isOver = true;
  });
  expect(await passUntil(stage, [operator], () => isOver, 300_000)).toBe(true);
  expect(replicasOf(stage)).toBe(2);
  expect(marksOf(stage)).toEqual([]);
  expect(finalizersOf(stage) ?? []).not.toContain(FINALIZER);
  expect(JSON.stringify(stage.cluster.upgrade?.["status"])).toContain("OperatorRemoved");
});
