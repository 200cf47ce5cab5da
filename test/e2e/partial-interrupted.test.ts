/**
 * The sequences of clause P3, disturbed at each of their writes: the operator is killed right after it, or the resource is deleted. Killed,
 * it ends as the undisturbed run did; deleted, it gives back what it borrowed, the intake too. Every invariant is kept on the way.
 * Without E2E_FULL=1 a sample of the writes is taken, drawn from a seed that is printed (E2E_SEED sets it).
 */
import { expect, test } from "vitest";
import { afterEffect, onceAfter } from "./after-write.ts";
import { type Broker, startBroker } from "./broker.ts";
import { settledState } from "./end-state.ts";
import { allowing, only, treated } from "./fixtures/notification.ts";
import { changedPipeline, drained, type Topology } from "./fixtures/topology.ts";
import { eventually, tell } from "./resource.ts";
import { eachOf, FULL, SEED, sample } from "./sampling.ts";
import { inScene, type Scene, type SceneOptions } from "./scene.ts";

const SAMPLE = 3;
const AT_ONCE = 3;
const LONG = { timeout: 900_000 };
const NAMES = ["ceilometer-notification", "ceilometer-notification-2"] as const;

/** Two workloads share their work, so that there are moments when one of them is ahead. */
const twins = (topology: Topology): Topology =>
  treated(only(topology).twin(NAMES[0], NAMES[1]), { memberTimeoutSeconds: 1 });

interface Sequence {
  readonly name: string;
  readonly topology: Topology;
  /** How often each workload may go below its floor; once more where it comes back as it was. */
  readonly stops: number;
  readonly replicas: number;
}
const RELOAD: Sequence = { name: "reload", topology: twins(changedPipeline()), stops: 1, replicas: 2 };
const DRAIN: Sequence = { name: "drain", topology: twins(drained()), stops: 2, replicas: 3 };

function options({ topology, stops }: Sequence, broker: Broker): SceneOptions {
  const { audit } = allowing(topology, stops, "P3");
  const windows = NAMES.map((name) => ({ workload: `Deployment/${name}`, count: stops, why: "P3" }));
  return { topology, audit: { ...audit, windows }, flags: ["--providers", broker.providers] };
}

interface Ended {
  readonly state: unknown;
  readonly writes: number;
}
const references = new Map<string, Promise<Ended>>();

function undisturbed(sequence: Sequence): Promise<Ended> {
  const run = async (): Promise<Ended> => {
    await using broker = await startBroker(0);
    return await inScene(options(sequence, broker), async (scene) => {
      await scene.apply();
      const state = await settledState(scene);
      expect(await scene.verdict()).toEqual([]);
      return { state, writes: scene.effects().length };
    });
  };
  const made = references.get(sequence.name) ?? run();
  references.set(sequence.name, made);
  return made;
}

/** Plays a scene for each write that is tried, several at a time. */
async function atEachWrite(
  what: string,
  sequence: Sequence,
  play: (scene: Scene, write: number, reference: Ended) => Promise<void>,
): Promise<void> {
  const reference = await undisturbed(sequence);
  const all = Array.from({ length: reference.writes }, (_, index) => index + 1);
  const chosen = FULL ? all : sample(SAMPLE, reference.writes, SEED);
  const share = FULL ? "every write" : `a sample with E2E_SEED=${SEED} (E2E_FULL=1 tries all)`;
  console.info(`${sequence.name}, ${what}: ${reference.writes} writes, after ${chosen.join(", ")}: ${share}`);
  const failures: unknown[] = [];
  await eachOf(chosen, AT_ONCE, async (write) => {
    await using broker = await startBroker(0);
    await inScene(options(sequence, broker), (scene) => play(scene, write, reference)).catch((error: unknown) => {
      if (error instanceof Error) error.message = `${what} after write ${write}: ${error.message}`;
      failures.push(error);
    });
  });
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("\n"));
}

test.concurrent.each([RELOAD, DRAIN])("$name: the operator is killed after a write", LONG, (sequence) =>
  atEachWrite("killed", sequence, async (scene, write, { state }) => {
    const effects = afterEffect(scene, async (effect) => {
      if (effect !== write) return undefined;
      await scene.crash();
      return "drop";
    });
    await scene.apply();
    expect(await settledState(scene)).toEqual(state);
    expect(effects(), "it was not killed").toBeGreaterThanOrEqual(write);
    expect(await scene.verdict()).toEqual([]);
  }),
);

/** It goes, and leaves agents that work as before or as loaded, all of them, and nothing that reminds of it. */
async function leavesAll(scene: Scene, { replicas }: Sequence): Promise<void> {
  const gone = async (): Promise<boolean> => (await scene.resource()) === undefined;
  await eventually(gone, async () => `it is still there\n${tell(await scene.resource())}`, 90_000);
  for (const name of NAMES) {
    await scene.kubectl("rollout", "status", `deploy/${name}`, "--timeout=60s");
    const text = await scene.kubectl("get", "deploy", name, "-o", "json");
    expect(text).not.toContain("drain.conf");
    expect(text).toContain(`"replicas": ${replicas},`);
    for (const mark of ["claim", "borrowed", "phase"]) expect(text).not.toContain(`ceilometer.openstack.org/${mark}`);
  }
  expect(await scene.verdict()).toEqual([]);
}

test.concurrent.each([RELOAD, DRAIN])("$name: the resource is deleted after a write", LONG, (sequence) =>
  atEachWrite("deleted", sequence, async (scene, write) => {
    const isDeleted = onceAfter(scene, write, async () => {
      await scene.kubectl("delete", "cmu", "ceilometer", "--wait=false");
    });
    await scene.apply();
    await eventually(isDeleted, () => `write ${write} does not come`, 90_000);
    await leavesAll(scene, sequence);
  }),
);

test.concurrent.each([RELOAD, DRAIN])(
  "$name: the resource is deleted when the first workload is up again",
  async (sequence) => {
    await using broker = await startBroker(0);
    await inScene(options(sequence, broker), async (scene) => {
      let isDone = false;
      scene.proxy.setHook(async (_n, phase, { path, body }) => {
        const isUp = path.includes(`/${NAMES[0]}?`) && body.includes('\\"phase\\":\\"up\\"');
        if (phase !== "after-commit" || isDone || !isUp) return undefined;
        isDone = true;
        await scene.kubectl("delete", "cmu", "ceilometer", "--wait=false");
        return undefined;
      });
      await scene.apply();
      await eventually(
        async () => isDone,
        () => "no workload came up again",
        90_000,
      );
      await leavesAll(scene, sequence);
    });
  },
);
