import { beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import {
  claim,
  type ElectionOptions,
  LeaseLostError,
  type LeasePort,
  type LeaseRecord,
  microTime,
  type NewLeaseRecord,
  next,
  runElection,
} from "./lease.ts";

const record = (overrides: Partial<LeaseRecord> = {}): LeaseRecord => ({
  holder: "other",
  durationSeconds: 15,
  acquireTime: microTime(0),
  renewTime: microTime(0),
  transitions: 0,
  resourceVersion: "1",
  ...overrides,
});

describe("next", () => {
  test.each([
    ["no lease", undefined, 0, { kind: "create" }],
    ["ours", record({ holder: "me" }), 0, { kind: "renew" }],
    ["released", record({ holder: "", durationSeconds: 1 }), 0, { kind: "takeOver" }],
    ["cleared by somebody", record({ holder: "" }), 0, { kind: "standBy", holder: "", forMs: 15_000 }],
    ["another's, just seen", record(), 0, { kind: "standBy", holder: "other", forMs: 15_000 }],
    [
      "another's, seen unchanged for all but a moment of its time",
      record(),
      14_999,
      { kind: "standBy", holder: "other", forMs: 1 },
    ],
    ["another's, seen unchanged for its time", record(), 15_000, { kind: "takeOver" }],
  ])("%s", (_, lease, age, step) => {
    expect(next(lease, "me", 1_000, 1_000 + age)).toEqual(step);
  });
  test("the holder's clock does not matter", () => {
    expect(next(record({ renewTime: "1970-01-01T00:00:00.000000Z" }), "me", 0, 10).kind).toBe("standBy");
    expect(next(record({ renewTime: "2999-01-01T00:00:00.000000Z" }), "me", 0, 15_000).kind).toBe("takeOver");
  });
});

test("MicroTime has six fractional digits", () => {
  expect(microTime(Date.UTC(2026, 10, 22, 1, 2, 3, 45))).toBe("2026-11-22T01:02:03.045000Z");
});

test("a claim keeps the time of acquisition when renewing and counts transitions when taking over", () => {
  expect(claim(record({ holder: "me", transitions: 3 }), "me", 15_000, 5_000)).toMatchObject({
    transitions: 3,
    acquireTime: microTime(0),
  });
  expect(claim(record({ transitions: 3 }), "me", 15_000, 5_000)).toMatchObject({
    transitions: 4,
    acquireTime: microTime(5_000),
  });
  expect(claim(undefined, "me", 15_000, 5_000)).toMatchObject({ transitions: 0, durationSeconds: 15 });
});

/** One lease as the API server keeps it, with the faults a test asks for. */
class FakeLease implements LeasePort {
  stored: LeaseRecord | undefined;
  fault: "none" | "throws" | "hangs" | "lostAnswer" = "none";
  writes = 0;
  async get(): Promise<LeaseRecord | undefined> {
    if (this.fault === "throws") throw new Error("unavailable");
    return this.stored;
  }
  create(wanted: NewLeaseRecord): Promise<LeaseRecord | undefined> {
    return this.#write(wanted, this.stored === undefined);
  }
  update(wanted: LeaseRecord): Promise<LeaseRecord | undefined> {
    return this.#write(wanted, this.stored?.resourceVersion === wanted.resourceVersion);
  }
  async #write(wanted: NewLeaseRecord, free: boolean): Promise<LeaseRecord | undefined> {
    this.writes += 1;
    if (this.fault === "throws") throw new Error("unavailable");
    if (this.fault === "hangs") return new Promise(() => {});
    if (!free) return undefined;
    this.stored = { ...wanted, resourceVersion: String(Number(this.stored?.resourceVersion ?? 0) + 1) };
    if (this.fault === "lostAnswer") throw new Error("lost");
    return this.stored;
  }
}

let clock: FakeClock;
let lease: FakeLease;
let history: string[];
beforeEach(() => {
  clock = new FakeClock();
  lease = new FakeLease();
  history = [];
});

interface Process {
  readonly stop: AbortController;
  readonly ended: Promise<string>;
}

/** A process that works until told to stop, and takes `drainMs` to do so. */
function aProcess(
  identity: string,
  { drainMs = 0, port = lease, ...more }: { drainMs?: number } & Partial<ElectionOptions> = {},
): Process {
  const stop = new AbortController();
  const note = (what: string): void => void history.push(`${clock.monotonic()} ${identity} ${what}`);
  const work = async (leading: AbortSignal): Promise<void> => {
    note("starts");
    await clock.sleep(3_600_000, leading);
    await clock.sleep(drainMs);
    note("ends");
  };
  const ended = runElection({ port, identity, clock, random: () => 0, ...more }, work, stop.signal).then(
    () => "stopped",
    (error: unknown) => (error instanceof LeaseLostError ? "lost" : String(error)),
  );
  return { stop, ended };
}

async function stopped({ stop, ended }: Process): Promise<string> {
  stop.abort();
  await clock.advance(0);
  return ended;
}

test("the first one leads, renews with one write each two seconds, and releases on stop", async () => {
  const a = aProcess("a");
  await clock.advance(60_000);
  expect(history).toEqual(["0 a starts"]);
  expect(lease.writes).toBe(1 + 30);
  expect(await stopped(a)).toBe("stopped");
  expect(lease.stored).toMatchObject({ holder: "", durationSeconds: 1 });
  expect(clock.sleeping).toBe(0);
});

test("a released lease is taken at the next try", async () => {
  const a = aProcess("a");
  await clock.advance(1_000);
  const b = aProcess("b");
  await clock.advance(20_000);
  await stopped(a);
  await clock.advance(2_000);
  expect(history).toEqual(["0 a starts", "21000 a ends", "22000 b starts"]);
  expect(lease.stored).toMatchObject({ holder: "b", transitions: 1 });
  await stopped(b);
});

test("a killed leader is followed when its lease has been seen unchanged for 15 s, whatever the wall clocks say", async () => {
  lease.stored = record({ holder: "dead", renewTime: microTime(0) });
  const b = aProcess("b");
  await clock.advance(5_000);
  clock.jumpWall(3_600_000);
  await clock.advance(9_999);
  expect(history).toEqual([]);
  await clock.advance(2_000);
  expect(history).toEqual(["15000 b starts"]);
  await stopped(b);
});

test("a deleted lease is made anew by its holder, and by nobody before", async () => {
  const a = aProcess("a");
  await clock.advance(1_000);
  const b = aProcess("b");
  await clock.advance(500);
  lease.stored = undefined;
  await clock.advance(30_000);
  expect(history).toEqual(["0 a starts"]);
  expect(lease.stored).toMatchObject({ holder: "a", acquireTime: microTime(clock.now() - 31_500) });
  await stopped(a);
  await stopped(b);
});

test("the holder of a deleted lease is left the time that it had", async () => {
  lease.stored = record({ holder: "cut off" });
  const b = aProcess("b");
  await clock.advance(5_000);
  lease.stored = undefined;
  await clock.advance(12_000);
  expect(history).toEqual(["15000 b starts"]);
  await stopped(b);
});

test("who clears the holder of a lease makes nobody lead before that one has stopped", async () => {
  const a = aProcess("a");
  await clock.advance(1_000);
  const b = aProcess("b");
  await clock.advance(1_500);
  lease.stored = record({ holder: "", resourceVersion: "77" });
  await clock.advance(20_000);
  expect(history).toEqual(["0 a starts", "4000 a ends", "18000 b starts"]);
  expect(await a.ended).toBe("lost");
  await stopped(b);
});

test("the lease is kept until the work has really ended", async () => {
  const a = aProcess("a", { drainMs: 30_000 });
  await clock.advance(1_000);
  const b = aProcess("b");
  a.stop.abort();
  await clock.advance(30_000);
  expect(history).toEqual(["0 a starts", "31000 a ends", "31000 b starts"]);
  expect(await a.ended).toBe("stopped");
  await stopped(b);
});

test("who insists takes the lease from its holder, begins when that one must have stopped, and is followed only after a while", async () => {
  const a = aProcess("a");
  await clock.advance(1_000);
  const thief = aProcess("thief", { insist: true, lingerMs: () => 60_000 });
  await clock.advance(1_000);
  expect(await a.ended).toBe("lost");
  await clock.advance(9_000);
  await stopped(thief);
  const b = aProcess("b");
  await clock.advance(59_999);
  expect(history).toEqual(["0 a starts", "2000 a ends", "11000 thief starts", "11000 thief ends"]);
  await clock.advance(2_000);
  expect(history.at(-1)).toMatch(/b starts$/);
  await stopped(b);
});

test("who insists waits for the holder to stop also where the answer to the taking was lost", async () => {
  const a = aProcess("a");
  await clock.advance(1_000);
  lease.fault = "lostAnswer";
  const thief = aProcess("thief", { insist: true });
  await clock.advance(0);
  lease.fault = "none";
  expect(lease.stored?.holder).toBe("thief");
  await clock.advance(8_000);
  expect(history.filter((line) => line.includes("thief"))).toEqual([]);
  await clock.advance(4_000);
  expect(history.at(-1)).toMatch(/thief starts$/);
  expect(await a.ended).toBe("lost");
  await stopped(thief);
});

test("who insists does not wait for a holder that there is not", async () => {
  const only = aProcess("only", { insist: true });
  await clock.advance(0);
  expect(history).toEqual(["0 only starts"]);
  await stopped(only);
  expect(lease.stored).toMatchObject({ holder: "" });
});

describe("the lease is lost", () => {
  test.each(["throws", "hangs"] as const)(
    "when renewals fail for ten seconds (%s), before anybody else may lead",
    async (fault) => {
      const a = aProcess("a");
      await clock.advance(1_000);
      lease.fault = fault;
      await clock.advance(13_000);
      expect(await a.ended).toBe("lost");
      const end = Number.parseInt(history[1] ?? "", 10);
      expect(end).toBeGreaterThanOrEqual(10_000);
      expect(end).toBeLessThan(15_000);
      expect(clock.sleeping).toBe(0);
    },
  );
  test("when somebody else holds it", async () => {
    const a = aProcess("a");
    await clock.advance(1_000);
    lease.stored = record({ holder: "thief", resourceVersion: "77" });
    await clock.advance(2_000);
    expect(await a.ended).toBe("lost");
    expect(lease.stored.holder).toBe("thief");
  });
  test("when the process stood still for longer than the deadline", async () => {
    const a = aProcess("a");
    await clock.advance(1_000);
    await clock.freeze(20_000);
    await clock.advance(0);
    expect(await a.ended).toBe("lost");
    expect(lease.writes).toBe(1);
  });
});

test("an outage shorter than the deadline is survived", async () => {
  const a = aProcess("a");
  await clock.advance(2_000);
  lease.fault = "throws";
  await clock.advance(7_000);
  lease.fault = "none";
  await clock.advance(60_000);
  expect(history).toEqual(["0 a starts"]);
  expect(await stopped(a)).toBe("stopped");
});

test("a renewal that took effect but whose answer was lost is recognised as our own", async () => {
  const a = aProcess("a");
  await clock.advance(1_000);
  lease.fault = "lostAnswer";
  await clock.advance(2_000);
  lease.fault = "none";
  await clock.advance(30_000);
  expect(history).toEqual(["0 a starts"]);
  expect(await stopped(a)).toBe("stopped");
  expect(lease.stored?.holder).toBe("");
});

test("what the work throws comes out, after the lease is released", async () => {
  const life = new AbortController();
  const failing = runElection(
    { port: lease, identity: "a", clock },
    () => Promise.reject(new Error("bug")),
    life.signal,
  );
  await expect(failing).rejects.toThrow("bug");
  expect(lease.stored?.holder).toBe("");
});

test("stopping while standing by writes nothing", async () => {
  lease.stored = record();
  const a = aProcess("a");
  await clock.advance(3_000);
  expect(await stopped(a)).toBe("stopped");
  expect(lease.writes).toBe(0);
});
