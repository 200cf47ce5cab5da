/**
 * The verb matrix: each verb at each write of a full and of a partial upgrade, by field or by annotation, audited, with the conditions
 * that follow asserted through `kubectl wait`. Without E2E_FULL=1 a sample of the writes is taken, drawn from a seed that is printed
 * (E2E_SEED sets it).
 */
import { expect, test } from "vitest";
import { onceAfter } from "./after-write.ts";
import { imagesOf, leftovers } from "./isolation.ts";
import { conditionOf, eventually, isSo, tell } from "./resource.ts";
import { eachOf, FULL, SEED, sample } from "./sampling.ts";
import { inScene, type Scene } from "./scene.ts";
import { annotate, annotationsGone, CASES, type Case, endsWell, onTheWay, opened, wait } from "./verb-cases.ts";

const AT_ONCE = 3;
const LONG = { timeout: 900_000 };
const counts = new Map<string, Promise<number>>();

/** How many writes an undisturbed run has. */
function writesOf(one: Case): Promise<number> {
  const made =
    counts.get(one.name) ??
    inScene(opened(one), async (scene) => {
      await scene.apply();
      await scene.succeed();
      return scene.effects().length;
    });
  counts.set(one.name, made);
  return made;
}

/** Plays a scene for each write that is tried, several at a time. `turn` counts them, so that both ways of a verb are used. */
async function atWrites(
  verb: string,
  one: Case,
  count: number,
  play: (scene: Scene, write: number, turn: number) => Promise<void>,
  restarts = 0,
): Promise<void> {
  const writes = await writesOf(one);
  const all = Array.from({ length: writes }, (_, index) => index + 1);
  const chosen = FULL ? all : sample(count, writes, SEED);
  const share = FULL ? "every write" : `a sample with E2E_SEED=${SEED} (E2E_FULL=1 tries all)`;
  console.info(`${verb}, ${one.name}: ${writes} writes, after ${chosen.join(", ")}: ${share}`);
  const failures: unknown[] = [];
  await eachOf(chosen, AT_ONCE, (write) =>
    inScene(opened(one, restarts), (scene) => play(scene, write, write + SEED)).catch((error: unknown) => {
      if (error instanceof Error) error.message = `${verb}, ${one.name}, after write ${write}: ${error.message}`;
      failures.push(error);
    }),
  );
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join("\n"));
  if (failures.length > 0) throw failures[0];
}

/** Whichever comes first: a verb may come too late to have an effect. */
async function either(scene: Scene, type: string): Promise<boolean> {
  let isOver = false;
  const known = async (): Promise<boolean> => {
    const resource = await scene.resource();
    isOver = isSo(resource, { type: "Succeeded", status: "True" });
    return isOver || isSo(resource, { type, status: "True" });
  };
  await eventually(known, async () => `neither ${type} nor Succeeded\n${tell(await scene.resource())}`, 120_000);
  return !isOver;
}

test.concurrent.each(CASES)("pause and resume: $name", LONG, (one) =>
  atWrites("pause", one, 2, async (scene, write, turn) => {
    const byField = turn % 2 === 0;
    const isAsked = onceAfter(scene, write, async () => {
      await (byField ? scene.edit({ paused: true }) : annotate(scene, "pause"));
    });
    await scene.apply();
    await eventually(isAsked, () => `write ${write} does not come`, 120_000);
    if (await either(scene, "Paused")) {
      await wait(scene, "Paused");
      const writes = scene.effects().length;
      expect(conditionOf(await scene.resource(), "Reconciling")?.status).toBe("False");
      expect(scene.effects()).toHaveLength(writes);
    }
    await (byField ? scene.edit({ paused: false }) : annotate(scene, "resume"));
    await endsWell(scene);
    if (!byField) await annotationsGone(scene);
  }),
);

const workloadWrites = (scene: Scene): number =>
  scene.effects().filter(({ path }) => path.includes("/apis/apps/")).length;

test.concurrent.each(CASES)("abort, then go on: $name", LONG, (one) =>
  atWrites("abort", one, 1, async (scene, write, turn) => {
    const byField = turn % 2 === 0;
    const isAsked = onceAfter(scene, write, async () => {
      await (byField ? scene.edit({ abort: true }) : annotate(scene, "abort"));
    });
    await scene.apply();
    await eventually(isAsked, () => `write ${write} does not come`, 120_000);
    if (await either(scene, "Stalled")) {
      await wait(scene, "Stalled");
      expect(conditionOf(await scene.resource(), "Stalled")?.reason).toBe("Aborted");
      // What was asked may still be taken over; the workloads are left alone.
      const writes = workloadWrites(scene);
      await scene.kubectl("get", "deploy,ds");
      expect(workloadWrites(scene)).toBe(writes);
    }
    await (byField ? scene.edit({ abort: false }) : annotate(scene, "retry"));
    await endsWell(scene);
    if (!byField) await annotationsGone(scene);
  }),
);

test.concurrent.each(CASES)("roll back, then upgrade after all: $name", LONG, (one) =>
  atWrites(
    "rollback",
    one,
    2,
    async (scene, write, turn) => {
      const before = await imagesOf(scene);
      const way = ["field", "annotation", "abort"][turn % 3] ?? "field";
      const isAsked = onceAfter(scene, write, async () => {
        if (way === "annotation") await annotate(scene, "rollback");
        else await scene.edit({ rollback: true, abort: way === "abort" });
      });
      await scene.apply();
      await eventually(isAsked, () => `write ${write} does not come`, 120_000);
      const answered = async (): Promise<boolean> => {
        const reason = conditionOf(await scene.resource(), "Ready")?.reason;
        return reason === "RolledBack" || reason === "NothingToRollBack";
      };
      await eventually(answered, async () => `it does not come back\n${tell(await scene.resource())}`, 120_000);
      expect(await imagesOf(scene)).toEqual(before);
      if (conditionOf(await scene.resource(), "Ready")?.reason === "RolledBack") {
        await wait(scene, "Succeeded=False");
        await wait(scene, way === "annotation" ? "Stalled" : "Ready");
        expect(await leftovers(scene)).toEqual([]);
        expect((await scene.resource())?.status.history.map(({ state }) => state)).toContain("RolledBack");
      }
      expect(onTheWay(await scene.verdict({ ended: false }))).toEqual([]);
      await scene.edit({ rollback: false, abort: false, retryAttempt: 1 });
      await wait(scene, "Succeeded");
      expect(await leftovers(scene)).toEqual([]);
      expect(await imagesOf(scene)).toEqual([scene.topology.spec.target.image]);
    },
    2,
  ),
);

test.concurrent.each(CASES)("a retry that nothing needs changes nothing: $name", LONG, (one) =>
  atWrites(
    "retry",
    one,
    1,
    async (scene, write, turn) => {
      const isAsked = onceAfter(scene, write, async () => {
        await (turn % 2 === 0 ? scene.edit({ retryAttempt: 1 }) : annotate(scene, "retry"));
      });
      await scene.apply();
      await eventually(isAsked, () => `write ${write} does not come`, 120_000);
      await endsWell(scene);
    },
    1,
  ),
);

const NEVER = [{ schedule: "0 0 29 2 *", durationSeconds: 60, timeZone: "Etc/UTC" }];

test.concurrent.each(CASES)("a maintenance window closes, and opens again: $name", LONG, (one) =>
  atWrites("window", one, 1, async (scene, write) => {
    const isAsked = onceAfter(scene, write, () => scene.edit({ maintenanceWindows: NEVER }));
    await scene.apply();
    await eventually(isAsked, () => `write ${write} does not come`, 120_000);
    const stands = async (): Promise<boolean> => {
      const resource = await scene.resource();
      const reason = conditionOf(resource, "Ready")?.reason;
      return reason === "OutsideWindow" || isSo(resource, { type: "Succeeded", status: "True" });
    };
    await eventually(stands, async () => `it does not stand still\n${tell(await scene.resource())}`, 120_000);
    await scene.edit({ maintenanceWindows: null });
    await endsWell(scene);
  }),
);
