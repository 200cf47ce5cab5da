/**
 * New pollsters in a group of their own, disturbed at each write of the sequence: the operator is killed, the resource is
 * given another target, other components, or is deleted. Each ends in a state that is whole: what was borrowed is given back,
 * no isolated workload and no derived file is left, and all agents poll a whole file. Without E2E_FULL=1 a sample of the writes
 * is taken, drawn from a seed that is printed (E2E_SEED sets it).
 */
import { expect, test } from "vitest";
import type { Breach } from "../support/invariants.ts";
import { afterEffect, onceAfter } from "./after-write.ts";
import { settledState } from "./end-state.ts";
import { auditScope, ipmiPollsters, newPollsters, type Topology } from "./fixtures/topology.ts";
import { completed, imagesOf, leftovers, only, pollingOnly, widened } from "./isolation.ts";
import { eventually, tell } from "./resource.ts";
import { eachOf, FULL, SEED, sample } from "./sampling.ts";
import { inScene, type SceneOptions } from "./scene.ts";

const AT_ONCE = 3;

/** An upgrade with an isolated group, and how many of its writes are tried where not all are. */
interface Case {
  readonly name: string;
  readonly topology: Topology;
  readonly workload: string;
  readonly sample: number;
}

const pollers = only(pollingOnly(newPollsters()), "Deployment", "ceilometer-central");
const central: Case = { name: "central", topology: pollers, workload: "Deployment/ceilometer-central", sample: 4 };
const hosts = pollingOnly(ipmiPollsters());
const ipmi: Case = { name: "ipmi", topology: hosts, workload: "DaemonSet/ceilometer-ipmi", sample: 2 };
/** With something else that may be upgraded alone. */
const withNotification: Case = {
  ...central,
  topology: only(newPollsters(), "Deployment", "ceilometer-central").wish(({ components }) => {
    components.database = { action: "Skip" };
  }),
};

const nextImage = ({ topology }: Case): string => `${topology.spec.target.image}-r2`;

/** What was abandoned with old agents is what the new pollsters were for: nobody polls them in the end. */
function unfinished({ topology }: Case, images: readonly string[], breaches: readonly Breach[]): readonly Breach[] {
  const isOld = images.some((image) => image !== topology.spec.target.image);
  return breaches.filter(({ message }) => !(isOld && ABANDONED.test(message)));
}
const ABANDONED =
  /^\(b\) polled by nobody in the end, (?:central|ipmi) on [\w -]+: (?:(?:alarm|volume\.provider|hardware\.ipmi\.power)[^ ,]*(?:, | and \d+ more)?)+$/;

/** Windows and gaps come once more where the upgrade is begun anew. */
function scoped(one: Case, restarts: number) {
  const windows = widened(...Array.from({ length: 1 + restarts }, () => one.workload));
  return { ...auditScope(one.topology, { windows, newImages: [nextImage(one)] }), restarts };
}

const opened = (one: Case, restarts = 0): SceneOptions => ({ topology: one.topology, audit: scoped(one, restarts) });

interface Ended {
  readonly state: unknown;
  readonly writes: number;
}
const references = new Map<Case, Promise<Ended>>();

function undisturbed(one: Case): Promise<Ended> {
  const made =
    references.get(one) ??
    inScene(opened(one), async (scene) => {
      await scene.apply();
      const state = await settledState(scene);
      expect(await scene.verdict()).toEqual([]);
      return { state, writes: scene.effects().length };
    });
  references.set(one, made);
  return made;
}

/** Plays a scene for each write that is tried, several at a time. */
async function atEachWrite(
  what: string,
  one: Case,
  play: (write: number, reference: Ended) => Promise<void>,
): Promise<void> {
  const ended = await undisturbed(one);
  const all = Array.from({ length: ended.writes }, (_, index) => index + 1);
  const chosen = FULL ? all : sample(one.sample, ended.writes, SEED);
  const share = FULL ? "every write" : `a sample with E2E_SEED=${SEED} (E2E_FULL=1 tries all)`;
  console.info(`${one.name}, ${what}: ${ended.writes} writes, after ${chosen.join(", ")}: ${share}`);
  const failures: unknown[] = [];
  await eachOf(chosen, AT_ONCE, async (write) => {
    await play(write, ended).catch((error: unknown) => {
      if (error instanceof Error) error.message = `${what} after write ${write}: ${error.message}`;
      failures.push(error);
    });
  });
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join("\n"));
  if (failures.length > 0) throw failures[0];
}

const LONG = { timeout: 900_000 };
const BOTH = [central, ipmi] as const;

test.concurrent.each(BOTH)("$name: the operator is killed", LONG, (one) =>
  atEachWrite("killed", one, (write, { state }) =>
    inScene(opened(one), async (scene) => {
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
  ),
);

test.concurrent("the operator is killed after every write of one run", async () => {
  const { state } = await undisturbed(central);
  await inScene(opened(central), async (scene) => {
    const kills = afterEffect(scene, async () => {
      await scene.crash();
      return "drop";
    });
    await scene.apply();
    expect(await settledState(scene)).toEqual(state);
    expect(kills()).toBeGreaterThan(0);
    expect(await scene.verdict()).toEqual([]);
  });
});

test.concurrent.each(BOTH)("$name: the resource is given another image", LONG, (one) =>
  atEachWrite("retargeted", one, (write) =>
    inScene(opened(one, 1), async (scene) => {
      const next = nextImage(one);
      const isEdited = onceAfter(scene, write, () => scene.edit({ target: { image: next } }));
      await scene.apply();
      const isThere = async (): Promise<boolean> => (await isEdited()) && (await imagesOf(scene)).join() === next;
      await eventually(isThere, async () => `it does not arrive\n${tell(await scene.resource())}`, 120_000);
      await completed(scene);
    }),
  ),
);

test.concurrent("the resource is to upgrade other components only", LONG, () =>
  atEachWrite("narrowed", withNotification, (write) =>
    inScene(opened(withNotification, 1), async (scene) => {
      const isEdited = onceAfter(scene, write, () => scene.edit({ only: ["database", "notification"] }));
      await scene.apply();
      await eventually(isEdited, () => `write ${write} does not come`, 120_000);
      await scene.until({ type: "Succeeded", status: "True" });
      expect(await leftovers(scene)).toEqual([]);
      expect(unfinished(withNotification, await imagesOf(scene), await scene.verdict())).toEqual([]);
    }),
  ),
);

test.concurrent.each(BOTH)("$name: the resource is deleted", LONG, (one) =>
  atEachWrite("deleted", one, (write) =>
    inScene(opened(one), async (scene) => {
      const isDeleted = onceAfter(scene, write, async () => {
        await scene.kubectl("delete", "cmu", "ceilometer", "--wait=false");
      });
      await scene.apply();
      const gone = async (): Promise<boolean> => (await isDeleted()) && (await scene.resource()) === undefined;
      await eventually(gone, async () => `it is still there\n${tell(await scene.resource())}`, 60_000);
      await scene.kubectl("rollout", "status", one.workload, "--timeout=60s");
      expect(await leftovers(scene)).toEqual([]);
      expect(unfinished(one, await imagesOf(scene), await scene.verdict())).toEqual([]);
    }),
  ),
);
