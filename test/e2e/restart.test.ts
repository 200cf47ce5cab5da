/**
 * The operator dies right after a write has been committed and before it learns of it, and another one starts at once. Every
 * write of an undisturbed run is such a moment in turn; each run must end as the undisturbed one did, with every invariant
 * kept on the way. Without E2E_FULL=1 a sample of the writes is taken, drawn from a seed that is printed (E2E_SEED sets it).
 */
import { expect, test } from "vitest";
import { settledState } from "./end-state.ts";
import { classic, modern, type Topology } from "./fixtures/topology.ts";
import { eachOf, FULL, SEED, sample } from "./sampling.ts";
import { inScene, isStatusWrite, type Scene } from "./scene.ts";

/** How many writes of one topology are tried where not all are. */
const SAMPLE = 5;
const AT_ONCE = 3;

/** Kills after the effects of these numbers, counted from 1; `every`: after each one. */
function killAfter(scene: Scene, when: (effect: number) => boolean): { readonly kills: () => number } {
  let effects = 0;
  let kills = 0;
  scene.proxy.setHook(async (_n, phase, request) => {
    if (phase !== "after-commit" || isStatusWrite(request)) return undefined;
    effects += 1;
    if (!when(effects)) return undefined;
    kills += 1;
    await scene.crash();
    return { kind: "drop" };
  });
  return { kills: () => kills };
}

interface Ended {
  readonly state: unknown;
  readonly writes: number;
}

const references = new Map<string, Promise<Ended>>();

/** The run that all others are compared with; one for each topology. */
function undisturbed(topology: Topology): Promise<Ended> {
  const known = references.get(topology.name);
  if (known !== undefined) return known;
  const made = inScene({ topology }, async (scene) => {
    await scene.apply();
    const state = await settledState(scene);
    expect(await scene.verdict()).toEqual([]);
    return { state, writes: scene.effects().length };
  });
  references.set(topology.name, made);
  return made;
}

const disturbed = (topology: Topology, when: (effect: number) => boolean): Promise<unknown> =>
  inScene({ topology }, async (scene) => {
    const { kills } = killAfter(scene, when);
    await scene.apply();
    const state = await settledState(scene);
    expect(kills()).toBeGreaterThan(0);
    expect(await scene.verdict()).toEqual([]);
    return state;
  });

test.concurrent.each([classic(), modern()])("$name: killed after a write", { timeout: 600_000 }, async (topology) => {
  const { state, writes } = await undisturbed(topology);
  const all = Array.from({ length: writes }, (_, index) => index + 1);
  const chosen = FULL ? all : sample(SAMPLE, writes, SEED);
  const share = FULL ? "every write" : `a sample with E2E_SEED=${SEED} (E2E_FULL=1 tries all)`;
  console.info(`${topology.name}: ${writes} writes, killed after ${chosen.join(", ")}: ${share}`);
  await eachOf(chosen, AT_ONCE, async (write) => {
    const ended = await disturbed(topology, (effect) => effect === write);
    expect(ended, `killed after write ${write}`).toEqual(state);
  });
});

test.concurrent.each([classic(), modern()])("$name: killed after every write of one run", async (topology) => {
  const { state } = await undisturbed(topology);
  expect(await disturbed(topology, () => true)).toEqual(state);
});
