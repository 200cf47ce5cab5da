import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { type ManagedCache, type Runnable, runManager } from "./manager.ts";
import { Store } from "./store.ts";

let clock: FakeClock;
let life: AbortController;
let history: string[];
beforeEach(() => {
  clock = new FakeClock();
  life = new AbortController();
  history = [];
});

function aCache(name: string, fill: (store: Store<never>) => void, afterMs: number): ManagedCache {
  const store = new Store<never>();
  return {
    name,
    store,
    async run(signal) {
      await clock.sleep(afterMs, signal);
      fill(store);
      history.push(`${name} settled`);
      await clock.sleep(1e9, signal);
      history.push(`${name} stopped`);
    },
  };
}

const aController = (name: string): Runnable => ({
  name,
  async run(signal) {
    history.push(`${name} starts`);
    await clock.sleep(1e9, signal);
    history.push(`${name} stops`);
  },
});

const election = async (work: (leading: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> => {
  history.push("elected");
  await work(signal);
  history.push("released");
};

const full = (store: Store<never>): void => store.replace([], "1");
const refused = (store: Store<never>): void => store.fail("forbidden");

test("caches, then election, then controllers; down in reverse", async () => {
  const caches = [aCache("slow", full, 20), aCache("forbidden", refused, 10)];
  const running = runManager(
    { caches, controllers: [aController("one")], election, clock, onSettled: () => history.push("settled") },
    life.signal,
  );
  await clock.advance(19);
  expect(history).toEqual(["forbidden settled"]);
  await clock.advance(1);
  life.abort();
  await clock.advance(0);
  await running;
  expect(history).toEqual([
    "forbidden settled",
    "slow settled",
    "settled",
    "elected",
    "one starts",
    "one stops",
    "released",
    "forbidden stopped",
    "slow stopped",
  ]);
  expect(clock.sleeping).toBe(0);
});

test("stopping before the caches are full starts nothing more", async () => {
  const running = runManager(
    { caches: [aCache("slow", full, 1e6)], controllers: [aController("one")], election, clock },
    life.signal,
  );
  await clock.advance(40_000);
  life.abort();
  await clock.advance(0);
  await running;
  expect(history).not.toContain("elected");
  expect(clock.sleeping).toBe(0);
});

test("a controller that throws stops the others, then comes out after the take-down", async () => {
  const broken: Runnable = {
    name: "broken",
    async run() {
      await clock.sleep(5);
      throw new Error("bug");
    },
  };
  const running = runManager(
    { caches: [aCache("one", full, 0)], controllers: [aController("good"), broken], election, clock },
    life.signal,
  );
  const outcome = expect(running).rejects.toThrow("bug");
  await clock.advance(10);
  await outcome;
  expect(history).toEqual(["one settled", "elected", "good starts", "good stops", "one stopped"]);
});
