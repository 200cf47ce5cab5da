import { beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import {
  type Fault,
  type ListPage,
  type ListWatch,
  type ReflectorState,
  runReflector,
  type WatchedObject,
  type WatchFrom,
} from "./reflector.ts";
import { Store, type Stored } from "./store.ts";

type Raw = Stored & { readonly junk?: string };

class Scripted extends Error {
  readonly fault: Fault;
  constructor(kind: Fault["kind"], retryAfterMs?: number, isAway = false) {
    super(kind);
    this.fault = { kind, why: kind, retryAfterMs, isAway };
  }
}

type Event = WatchedObject<Raw>;
/** A watch plays its events, then throws, ends, or stays open until it is aborted. */
interface Play {
  readonly events?: readonly Event[];
  /** That many bookmarks follow, a minute apart. */
  readonly minutes?: number;
  /** Seconds of silence after that, before it ends. */
  readonly idle?: number;
  /** The API server does not even say yes. */
  readonly isRefused?: boolean;
  readonly then?: "end" | "stay" | Scripted;
}

/** An API server that follows a script and notes when it was asked for what. */
class ScriptedServer implements ListWatch<Raw> {
  readonly asked: string[] = [];
  lists: (ListPage<Raw> | Scripted)[] = [];
  watches: Play[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #clock: FakeClock;
  constructor(clock: FakeClock) {
    this.#clock = clock;
  }
  async list(options: { limit: number; continue?: string | undefined }): Promise<ListPage<Raw>> {
    this.asked.push(
      `${this.#clock.monotonic()} list ${options.limit}${options.continue === undefined ? "" : ` ${options.continue}`}`,
    );
    const page = this.lists.length > 1 ? this.lists.shift() : this.lists[0];
    if (page === undefined || page instanceof Scripted) throw page ?? new Error("script has no list");
    return page;
  }
  async *watch(options: WatchFrom, signal: AbortSignal): AsyncGenerator<Event> {
    this.asked.push(`${this.#clock.monotonic()} watch ${options.resourceVersion} ${options.timeoutSeconds}`);
    const { events = [], minutes = 0, idle = 0, isRefused = false, then = "stay" } = this.watches.shift() ?? {};
    if (!isRefused) options.onOpen();
    yield* events;
    for (let minute = 1; minute <= minutes; minute++) {
      await this.#clock.sleep(60_000, signal);
      yield bookmark(Number(options.resourceVersion) + minute);
    }
    if (idle > 0) await this.#clock.sleep(idle * 1000, signal);
    if (then instanceof Scripted) throw then;
    if (then === "end") return;
    await new Promise<void>((_, reject) => {
      signal.addEventListener("abort", () => reject(new Scripted("interrupted")), { once: true });
    });
  }
  /** Somebody else has been answered. */
  answerOthers(): void {
    for (const listener of this.#waiting) listener();
  }
  get waiting(): number {
    return this.#waiting.size;
  }
  readonly subscribeAnswers = (listener: () => void): (() => void) => {
    this.#waiting.add(listener);
    return () => void this.#waiting.delete(listener);
  };
  explain(error: unknown): Fault {
    if (error instanceof Scripted) return error.fault;
    return { kind: "garbled", why: String(error) };
  }
}

const raw = (name: string, version: number, uid = `uid-${name}`): Raw => ({
  metadata: { namespace: "ns", name, uid, resourceVersion: String(version) },
  junk: "large",
});
const page = (version: number, ...items: Raw[]): ListPage<Raw> => ({ items, resourceVersion: String(version) });
const event = (type: Event["type"], object: Raw): Event => ({ type, object });
const bookmark = (version: number): Event => ({ type: "BOOKMARK", object: raw("", version) });

let clock: FakeClock;
let server: ScriptedServer;
let store: Store<Stored>;
let states: ReflectorState[];
let life: AbortController;
beforeEach(() => {
  clock = new FakeClock();
  server = new ScriptedServer(clock);
  store = new Store();
  states = [];
  life = new AbortController();
});

function start(transform: (object: Raw) => Stored | undefined = ({ metadata }) => ({ metadata })): Promise<void> {
  return runReflector(
    {
      name: "things",
      source: server,
      store,
      transform,
      clock,
      random: () => 0,
      onState: (state) => states.push(state),
    },
    life.signal,
  );
}

async function stop(running: Promise<void>): Promise<void> {
  life.abort();
  await clock.advance(0);
  await running;
  expect(clock.sleeping).toBe(0);
}

const names = (): string[] => store.list().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);

test("empty, listed, watching; trimmed values; watch from the version of the list", async () => {
  server.lists = [page(10, raw("a", 3))];
  server.watches = [
    { events: [event("ADDED", raw("b", 11)), event("MODIFIED", raw("a", 12)), event("DELETED", raw("b", 13))] },
  ];
  const running = start();
  await clock.advance(0);
  expect(server.asked).toEqual(["0 list 500", "0 watch 10 300"]);
  expect(states.map(({ at }) => at)).toEqual(["listed", "watching", "watching", "watching", "watching"]);
  expect(states.at(-1)).toEqual({ at: "watching", resourceVersion: "13" });
  expect(names()).toEqual(["a@12"]);
  expect(store.get("ns", "a")).not.toHaveProperty("junk");
  expect(store.state.kind).toBe("synced");
  await stop(running);
});

test("a list comes in pages, and is in the store only when the last page is", async () => {
  server.lists = [{ ...page(10, raw("a", 1)), continue: "next" }, page(10, raw("b", 2))];
  const running = start();
  await clock.advance(0);
  expect(server.asked.slice(0, 2)).toEqual(["0 list 500", "0 list 500 next"]);
  expect(names()).toEqual(["a@1", "b@2"]);
  await stop(running);
});

test("a page that is too large is asked for again with fewer objects, and so are those that follow", async () => {
  const tooLarge = new Scripted("tooLarge");
  server.lists = [tooLarge, tooLarge, { ...page(10, raw("a", 1)), continue: "next" }, page(10, raw("b", 2))];
  const running = start();
  await clock.advance(0);
  expect(server.asked.slice(0, 4)).toEqual(["0 list 500", "0 list 125", "0 list 32", "0 list 32 next"]);
  expect(names()).toEqual(["a@1", "b@2"]);
  await stop(running);
});

test("after a few large objects the pages become as large as they were", async () => {
  const next = (version: number) => ({ ...page(10, raw(`a${version}`, version)), continue: "next" });
  const tooLarge = new Scripted("tooLarge");
  server.lists = [
    tooLarge,
    tooLarge,
    ...Array.from({ length: 32 }, (_, index) => next(index + 1)),
    page(10, raw("b", 99)),
  ];
  const running = start();
  await clock.advance(0);
  const limits = server.asked.flatMap((each) => (each.includes(" list ") ? [each.split(" ")[2]] : []));
  expect(limits.slice(0, 3)).toEqual(["500", "125", "32"]);
  expect(limits.slice(3, 18)).toEqual(Array.from({ length: 15 }, () => "32"));
  expect(limits.slice(18)).toEqual([...Array.from({ length: 16 }, () => "128"), "500"]);
  expect(names()).toHaveLength(33);
  await stop(running);
});

test("a source that calls a page of one object too large has failed, and is asked for all again later", async () => {
  const tooLarge = new Scripted("tooLarge");
  server.lists = [...Array.from({ length: 6 }, () => tooLarge), page(10, raw("a", 1))];
  const running = start();
  await clock.advance(0);
  const limits = () => server.asked.flatMap((each) => (each.includes(" list ") ? [each.split(" ")[2]] : []));
  expect(limits()).toEqual(["500", "125", "32", "8", "2", "1"]);
  expect(store.state).toEqual({ kind: "failing", why: "tooLarge" });
  await clock.advance(30_000);
  expect(limits().slice(6)).toEqual(["500"]);
  expect(names()).toEqual(["a@1"]);
  await stop(running);
});

test("pages of different versions are no list", async () => {
  server.lists = [{ ...page(10, raw("a", 1)), continue: "next" }, page(11), page(12, raw("c", 12))];
  const running = start();
  await clock.advance(0);
  expect(store.state.kind).toBe("failing");
  await clock.advance(800);
  expect(names()).toEqual(["c@12"]);
  expect(store.state.kind).toBe("synced");
  await stop(running);
});

test("a failed first list is not synced; it says why and is tried again with growing delay up to 30 s", async () => {
  server.lists = [new Scripted("refused")];
  const running = start();
  await clock.advance(120_000);
  expect(store.state).toEqual({ kind: "failing", why: "refused" });
  expect(server.asked.slice(0, 9).map((line) => Number.parseInt(line, 10))).toEqual([
    0, 800, 2_400, 5_600, 12_000, 24_800, 50_400, 80_400, 110_400,
  ]);
  server.lists = [page(5, raw("a", 5))];
  await clock.advance(30_000);
  expect(store.state.kind).toBe("synced");
  await stop(running);
});

test("Retry-After is honoured when it is longer than our own delay", async () => {
  server.lists = [new Scripted("interrupted", 7_000), page(5)];
  const running = start();
  await clock.advance(6_999);
  expect(server.asked).toHaveLength(1);
  await clock.advance(1);
  expect(server.asked[1]).toBe("7000 list 500");
  await stop(running);
});

describe("how a watch ends", () => {
  test("closed by the server: watched on from the last version at once, bookmarks included", async () => {
    server.lists = [page(10)];
    server.watches = [{ events: [event("ADDED", raw("a", 11)), bookmark(40)], then: "end" }];
    const running = start();
    await clock.advance(0);
    expect(server.asked).toEqual(["0 list 500", "0 watch 10 300", "0 watch 40 300"]);
    await stop(running);
  });
  test("interrupted: resumed from the last version after a delay, without a list", async () => {
    server.lists = [page(10)];
    server.watches = [{ events: [event("ADDED", raw("a", 11))], then: new Scripted("interrupted") }];
    const running = start();
    await clock.advance(799);
    expect(server.asked).toHaveLength(2);
    await clock.advance(1);
    expect(server.asked[2]).toBe("800 watch 11 300");
    expect(store.state.kind).toBe("synced");
    await stop(running);
  });
  test.each(["expired", "garbled", "refused"] as const)(
    "%s: everything is listed again, and what went meanwhile is gone",
    async (kind) => {
      server.lists = [page(10, raw("a", 1), raw("b", 2)), page(20, raw("b", 2))];
      server.watches = [{ then: new Scripted(kind) }];
      const running = start();
      await clock.advance(800);
      expect(server.asked.map((line) => line.split(" ")[1])).toEqual(["list", "watch", "list", "watch"]);
      expect(names()).toEqual(["b@2"]);
      await stop(running);
    },
  );
  test("expired right after a list, again and again, is not a tight loop", async () => {
    server.lists = [page(10)];
    server.watches = Array.from({ length: 100 }, () => ({ then: new Scripted("expired") }));
    const running = start();
    await clock.advance(10_000);
    expect(server.asked.filter((line) => line.includes("list")).map((line) => Number.parseInt(line, 10))).toEqual([
      0, 0, 1_600, 4_800,
    ]);
    await stop(running);
  });
  test("closed at once without an event counts as a failure", async () => {
    server.lists = [page(10)];
    server.watches = [{ then: "end" }, { then: "end" }, { then: "end" }];
    const running = start();
    await clock.advance(6_000);
    expect(server.asked.slice(1)).toEqual([
      "0 watch 10 300",
      "800 watch 10 300",
      "2400 watch 10 300",
      "5600 watch 10 300",
    ]);
    await stop(running);
  });
  test("silent for 90 s: everything is listed again, as a server restored from a backup says nothing to a version of its future", async () => {
    server.lists = [page(90, raw("a", 80), raw("b", 85)), page(50, raw("a", 40))];
    server.watches = [{ events: [bookmark(95)], then: new Scripted("interrupted") }, {}];
    const running = start();
    await clock.advance(800 + 89_999);
    expect(server.asked).toEqual(["0 list 500", "0 watch 90 300", "800 watch 95 300"]);
    await clock.advance(1 + 1_600);
    expect(server.asked.slice(3)).toEqual(["92400 list 500", "92400 watch 50 300"]);
    expect(names()).toEqual(["a@40"]);
    await stop(running);
  });
  test("silent again and again: a list for each silence, never more often than every 90 s", async () => {
    server.lists = [page(10)];
    const running = start();
    await clock.advance(600_000);
    expect(server.asked.filter((line) => line.includes("list")).map((line) => Number.parseInt(line, 10))).toEqual([
      0, 90_800, 182_400, 275_600, 372_000, 474_800, 590_400,
    ]);
    await stop(running);
  });
  test("an answer to our own write that is older than what was shown has everything listed again, at once", async () => {
    server.lists = [page(90), page(50, raw("ours", 45))];
    const running = start();
    await clock.advance(10_000);
    store.put({ metadata: raw("ours", 45).metadata });
    expect(names()).toEqual([]);
    await clock.advance(0);
    expect(server.asked.slice(2)).toEqual(["10000 list 500", "10000 watch 50 300"]);
    expect(names()).toEqual(["ours@45"]);
    await stop(running);
  });
  test("so it does where it comes while no watch is open", async () => {
    server.lists = [page(90), page(50, raw("ours", 45))];
    server.watches = [{ then: new Scripted("interrupted") }];
    const running = start();
    await clock.advance(100);
    store.put({ metadata: raw("ours", 45).metadata });
    await clock.advance(5_000);
    expect(server.asked.slice(1)).toEqual(["0 watch 90 300", "2400 list 500", "2400 watch 50 300"]);
    await stop(running);
  });
  test("failures add up where watches are refused, or cut at once, until two minutes of health", async () => {
    const fault = new Scripted("interrupted");
    server.lists = [page(10)];
    server.watches = [
      { then: fault },
      { idle: 0.9, then: fault },
      { isRefused: true, idle: 30, then: fault },
      { minutes: 3, then: fault },
    ];
    const running = start();
    await clock.advance(800 + 900 + 1_600 + 30_000 + 3_200);
    expect(server.asked.slice(1)).toEqual([
      "0 watch 10 300",
      "800 watch 10 300",
      "3300 watch 10 300",
      "36500 watch 10 300",
    ]);
    await clock.advance(180_000 + 800);
    expect(server.asked.at(-1)).toBe("217300 watch 13 300");
    await stop(running);
  });
  test.each([
    ["broken off", new Scripted("interrupted"), 800],
    ["closed", "end", 0],
  ] as const)(
    "%s again and again after fifteen seconds, as by a proxy: never blind for longer",
    async (_, then, ms) => {
      server.lists = [page(10)];
      server.watches = Array.from({ length: 20 }, () => ({ idle: 15, then }));
      const running = start();
      await clock.advance(200_000);
      const watches = server.asked.filter((line) => line.includes("watch")).map((line) => Number.parseInt(line, 10));
      expect(watches).toEqual(Array.from({ length: watches.length }, (_each, index) => index * (15_000 + ms)));
      expect(watches.length).toBeGreaterThan(12);
      // It is heard of, though it has told nothing.
      expect(clock.monotonic() - (store.lastContact ?? 0)).toBeLessThanOrEqual(16_000);
      await stop(running);
    },
  );
  test("cut before its first bookmark again and again: after five minutes without a word everything is listed", async () => {
    server.lists = [page(90, raw("a", 80)), page(50, raw("a", 40))];
    server.watches = Array.from({ length: 30 }, () => ({ idle: 15, then: new Scripted("interrupted") }));
    const running = start();
    await clock.advance(330_000);
    const lists = server.asked.filter((line) => line.includes("list")).map((line) => Number.parseInt(line, 10));
    expect(lists).toEqual([0, 19 * 15_800]);
    expect(names()).toEqual(["a@40"]);
    await stop(running);
  });
  test("that refuses watches for minutes is not asked for lists instead", async () => {
    const refused = { isRefused: true, then: new Scripted("interrupted") } as const;
    server.lists = [page(10)];
    server.watches = Array.from({ length: 40 }, () => refused);
    const running = start();
    await clock.advance(600_000);
    expect(server.asked.filter((line) => line.includes("list"))).toEqual(["0 list 500"]);
    await stop(running);
  });
});

describe("when the API server answers somebody else meanwhile", () => {
  const away = new Scripted("interrupted", undefined, true);
  const gone: Play = { isRefused: true, then: away };
  const times = (): number[] => server.asked.map((line) => Number.parseInt(line, 10));

  /** Time goes on, and somebody else is answered every 100 ms, as by a server that is there for them. */
  async function answeringOthers(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      server.answerOthers();
      await clock.advance(100);
    }
  }

  test("after an outage of two minutes the watch is tried at once, and not when its wait is over", async () => {
    server.lists = [page(10)];
    server.watches = [{ idle: 60, then: away }, ...Array.from({ length: 8 }, () => gone)];
    const running = start();
    await clock.advance(60_000 + 120_000);
    expect(times().slice(2)).toEqual([60_800, 62_400, 65_600, 72_000, 84_800, 110_400, 140_400, 170_400]);
    server.watches = [];
    server.answerOthers();
    await clock.advance(0);
    expect(server.asked.at(-1)).toBe("180000 watch 10 300");
    expect(states.at(-1)).toEqual({ at: "watching", resourceVersion: "10" });
    await answeringOthers(60_000);
    expect(times()).toHaveLength(11);
    expect(server.waiting).toBe(0);
    await stop(running);
  });

  test("so is a list, where nothing is known yet", async () => {
    server.lists = [away];
    const running = start();
    await clock.advance(60_000);
    server.lists = [page(10, raw("a", 1))];
    server.answerOthers();
    await clock.advance(0);
    expect(server.asked.slice(-2)).toEqual(["60000 list 500", "60000 watch 10 300"]);
    expect(store.state.kind).toBe("synced");
    await stop(running);
  });

  test("a version that is too old by then is followed by a list at once, and the next one is not", async () => {
    const expired: Play = { then: new Scripted("expired") };
    server.lists = [page(10), page(90)];
    server.watches = [{ idle: 60, then: away }, ...Array.from({ length: 8 }, () => gone), expired, expired];
    const running = start();
    await clock.advance(60_000 + 120_000);
    server.answerOthers();
    await answeringOthers(60_000);
    expect(server.asked.slice(10)).toEqual([
      "180000 watch 10 300",
      "180000 list 500",
      "180000 watch 90 300",
      "210000 list 500",
      "210000 watch 90 300",
    ]);
    await stop(running);
  });

  test("a watch that was merely cut is no outage: a list after it waits", async () => {
    server.lists = [page(10)];
    server.watches = [{ idle: 60, then: away }, { then: new Scripted("expired") }];
    const running = start();
    await clock.advance(70_000);
    expect(server.asked.slice(2)).toEqual(["60800 watch 10 300", "62400 list 500", "62400 watch 10 300"]);
    await stop(running);
  });

  test.each([
    ["refused", new Scripted("refused")],
    ["told to come later (429)", new Scripted("interrupted")],
    ["answered by what cannot be read", new Scripted("garbled")],
    ["told again and again that its version is too old", new Scripted("expired")],
  ])("whoever is %s is not woken: its failure is its own", async (_, own) => {
    server.lists = [own];
    const running = start();
    await answeringOthers(120_000);
    const [, ...again] = times();
    // The first time that a version is too old a list follows at once.
    const late = again[0] === 0 ? again.slice(1) : again;
    expect(late.slice(-4)).toEqual(
      again[0] === 0 ? [24_000, 49_600, 79_600, 109_600] : [24_800, 50_400, 80_400, 110_400],
    );
    await stop(running);
  });

  test("a server that is there for others and never for it is asked once more for each full wait, and no more", async () => {
    server.lists = [away];
    const running = start();
    await answeringOthers(600_000);
    const gaps = times().map((at, index, all) => at - (all[index - 1] ?? 0));
    // Every other wait is cut short, and they get longer as ever.
    expect(gaps.slice(1, 9)).toEqual([800, 0, 3_200, 0, 12_800, 0, 30_000, 0]);
    expect(times().length).toBeLessThan(2 * (600_000 / 30_000) + 10);
    await stop(running);
  });

  test("one that takes turns between failing, refusing and cutting is not asked in a tight loop", async () => {
    server.lists = [page(10), away, new Scripted("expired"), page(10)];
    const turns: readonly Play[] = [gone, { then: new Scripted("expired") }, { then: away }, { then: "end" }];
    server.watches = Array.from({ length: 400 }, (_, index) => turns[index % turns.length] ?? {});
    const running = start();
    await answeringOthers(600_000);
    expect(times().length).toBeLessThan(70);
    // When it has failed often enough, there is a wait of half a minute in each minute.
    const late = times().filter((at) => at > 60_000);
    expect(Math.max(...late.map((from) => late.filter((at) => at >= from && at < from + 29_000).length))).toBeLessThan(
      6,
    );
    await stop(running);
  });

  test("what the API server has asked to wait for is waited for", async () => {
    server.lists = [new Scripted("interrupted", 20_000, true), page(5)];
    const running = start();
    await answeringOthers(30_000);
    expect(times().slice(0, 2)).toEqual([0, 20_000]);
    await stop(running);
  });

  test("many of them do not come back at the same instant", async () => {
    server.lists = [away];
    let seed = 7;
    const random = (): number => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const many = Array.from({ length: 50 }, (_, index) =>
      runReflector(
        { name: `things ${index}`, source: server, store: new Store(), transform: (each) => each, clock, random },
        life.signal,
      ),
    );
    await clock.advance(200_000);
    server.asked.length = 0;
    server.lists = [page(10)];
    server.answerOthers();
    await clock.advance(1_000);
    const lists = server.asked.filter((line) => line.includes("list")).map((line) => Number.parseFloat(line));
    expect(lists).toHaveLength(50);
    expect(new Set(lists).size).toBeGreaterThan(45);
    expect(Math.max(...lists) - Math.min(...lists)).toBeGreaterThan(800);
    life.abort();
    await clock.advance(0);
    await Promise.all(many);
    expect(clock.sleeping).toBe(0);
  });
});

test("last contact is the last event, bookmarks included, or the yes to a watch", async () => {
  server.lists = [page(10)];
  server.watches = [{ minutes: 1 }];
  const running = start();
  await clock.advance(30_000);
  expect(store.lastContact).toBe(0);
  await clock.advance(50_000);
  expect(store.lastContact).toBe(60_000);
  await stop(running);
});

describe("transform", () => {
  test("leaving an object out takes it from the store when it was there", async () => {
    server.lists = [page(10, raw("a", 1), raw("hidden", 2))];
    server.watches = [{ events: [event("MODIFIED", { ...raw("a", 11), junk: "hide" })] }];
    const running = start((object) =>
      object.metadata.name === "hidden" || object.junk === "hide" ? undefined : { metadata: object.metadata },
    );
    await clock.advance(0);
    expect(names()).toEqual([]);
    await stop(running);
  });
  test("is not asked about the version that is held already, and the watch goes on from there", async () => {
    server.lists = [page(10)];
    server.watches = [{ events: [event("MODIFIED", raw("a", 11)), event("MODIFIED", raw("a", 12))] }];
    const seen: string[] = [];
    store.put({ metadata: raw("a", 11).metadata });
    const running = start(({ metadata }) => {
      seen.push(metadata.resourceVersion);
      return { metadata };
    });
    await clock.advance(0);
    expect(seen).toEqual(["12"]);
    expect(states.map((state) => (state.at === "empty" ? "" : state.resourceVersion))).toEqual([
      "10",
      "10",
      "11",
      "12",
    ]);
    await stop(running);
  });

  test("throwing makes the store failing, as what cannot be read must not pass for absent", async () => {
    server.lists = [page(10, raw("a", 1))];
    const running = start(() => {
      throw new Error("unreadable");
    });
    await clock.advance(0);
    expect(store.state).toEqual({ kind: "failing", why: "Error: unreadable" });
    await stop(running);
  });
});

test("stopping while a list is on its way opens no watch afterwards", async () => {
  const answer = Promise.withResolvers<ListPage<Raw>>();
  server.list = () => answer.promise;
  const running = start();
  await clock.advance(0);
  life.abort();
  answer.resolve(page(10, raw("a", 1)));
  await running;
  expect(server.asked).toEqual([]);
  expect(store.state.kind).toBe("empty");
});
