import { describe, expect, test } from "vitest";
import { type Change, Store, type Stored } from "./store.ts";

interface Thing extends Stored {
  readonly owner?: string;
}

const thing = (name: string, version: number, { uid = `uid-${name}`, namespace = "ns", owner = "" } = {}): Thing => ({
  metadata: { namespace, name, uid, resourceVersion: String(version) },
  owner,
});

function aStore(): { store: Store<Thing, "owner">; changes: Change<Thing>[] } {
  const store = new Store<Thing, "owner">({ indexes: { owner: ({ owner }) => (owner === undefined ? [] : [owner]) } });
  const changes: Change<Thing>[] = [];
  store.subscribe((change) => changes.push(change));
  return { store, changes };
}

const told = (changes: readonly Change<Thing>[]): string[] =>
  changes.map(({ previous, current }) => {
    const show = (value: Thing | undefined): string =>
      value === undefined ? "-" : `${value.metadata.uid}@${value.metadata.resourceVersion}`;
    return `${show(previous)} > ${show(current)}`;
  });

test("finds by namespace and name, lists by namespace and in all", () => {
  const { store } = aStore();
  store.replace([thing("a", 1), thing("b", 2), thing("a", 3, { namespace: "other" })], "3");
  expect(store.get("ns", "a")?.metadata.resourceVersion).toBe("1");
  expect(store.get("nowhere", "a")).toBeUndefined();
  expect(store.list("ns")).toHaveLength(2);
  expect(store.list()).toHaveLength(3);
});

test("objects without a namespace are found without one", () => {
  const store = new Store<Stored>();
  const node: Stored = { metadata: { name: "n", uid: "u", resourceVersion: "1" } };
  store.observe(node);
  expect(store.get(undefined, "n")).toBe(node);
});

test("values are frozen all the way down", () => {
  const { store } = aStore();
  store.observe(thing("a", 1));
  expect(() => Object.assign(store.get("ns", "a")?.metadata ?? {}, { name: "b" })).toThrow(TypeError);
});

test("an index follows its values", () => {
  const { store } = aStore();
  store.replace([thing("a", 1, { owner: "x" }), thing("b", 1, { owner: "x" })], "1");
  expect(store.byIndex("owner", "x").map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  store.observe(thing("a", 2, { owner: "y" }));
  store.delete(thing("b", 3));
  expect(store.byIndex("owner", "x")).toEqual([]);
  expect(store.byIndex("owner", "y")).toHaveLength(1);
});

describe("read your writes", () => {
  test("an older event does not overwrite the answer to our write", () => {
    const { store } = aStore();
    store.replace([thing("a", 5)], "5");
    store.put(thing("a", 10));
    store.observe(thing("a", 7));
    expect(store.get("ns", "a")?.metadata.resourceVersion).toBe("10");
    store.observe(thing("a", 11));
    expect(store.get("ns", "a")?.metadata.resourceVersion).toBe("11");
  });
  test("versions compare as numbers beyond 2^53, not as text", () => {
    const { store } = aStore();
    store.put({ metadata: { namespace: "ns", name: "a", uid: "u", resourceVersion: "9007199254740993" } });
    store.observe({ metadata: { namespace: "ns", name: "a", uid: "u", resourceVersion: "9007199254740992" } });
    store.observe({ metadata: { namespace: "ns", name: "a", uid: "u", resourceVersion: "99" } });
    expect(store.get("ns", "a")?.metadata.resourceVersion).toBe("9007199254740993");
  });
  test("a late answer does not bring back an object that has been seen to go", () => {
    const { store } = aStore();
    store.replace([thing("a", 5)], "5");
    store.delete(thing("a", 9));
    store.put(thing("a", 8));
    expect(store.get("ns", "a")).toBeUndefined();
  });
  test("an answer older than what was shown, of an object that is not held, is told as doubtful; every other is not", () => {
    const { store } = aStore();
    const doubted: string[] = [];
    const stop = store.subscribeDoubt((version) => doubted.push(version));
    store.replace([thing("a", 5)], "9");
    store.put(thing("a", 4));
    store.put(thing("b", 10));
    expect(doubted).toEqual([]);
    store.put(thing("c", 8));
    stop();
    store.put(thing("c", 7));
    expect(doubted).toEqual(["8"]);
    expect(store.get("ns", "c")).toBeUndefined();
  });
  test("an object we created survives a list taken before", () => {
    const { store } = aStore();
    store.replace([], "5");
    store.put(thing("a", 9));
    store.replace([thing("b", 3)], "7");
    expect(store.list("ns").map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    store.replace([thing("b", 3)], "12");
    expect(store.get("ns", "a")).toBeUndefined();
  });
  test("what the API server has answered to be gone is not held, another one of its name is, and the watch may be behind", () => {
    const { store, changes } = aStore();
    store.replace([thing("a", 1), thing("b", 2)], "2");
    store.gone("ns", "a", "uid-a");
    store.gone("ns", "b", "another");
    expect(store.list()).toEqual([thing("b", 2)]);
    store.observe(thing("a", 3));
    expect(store.get("ns", "a")).toBeDefined();
    store.delete(thing("a", 4));
    expect(told(changes).slice(2)).toEqual(["uid-a@1 > -", "- > uid-a@3", "uid-a@3 > -"]);
  });

  test("a deletion of the former object does not take the one we created since", () => {
    const { store } = aStore();
    store.replace([thing("a", 5, { uid: "old" })], "5");
    store.put(thing("a", 9, { uid: "new" }));
    store.delete(thing("a", 8, { uid: "old" }));
    expect(store.get("ns", "a")?.metadata.uid).toBe("new");
  });
});

describe("what listeners are told", () => {
  test("a list is compared by uid: the same name with another uid is a deletion and an addition", () => {
    const { store, changes } = aStore();
    store.replace([thing("a", 1, { uid: "old" }), thing("b", 1), thing("c", 1)], "1");
    changes.length = 0;
    store.replace([thing("a", 4, { uid: "new" }), thing("b", 1), thing("d", 4)], "4");
    expect(told(changes)).toEqual(["uid-c@1 > -", "old@1 > -", "- > new@4", "- > uid-d@4"]);
  });
  test("a watch that skipped the deletion is told apart in the same way", () => {
    const { store, changes } = aStore();
    store.observe(thing("a", 1, { uid: "old" }));
    changes.length = 0;
    store.observe(thing("a", 4, { uid: "new" }));
    expect(told(changes)).toEqual(["old@1 > -", "- > new@4"]);
  });
  test("a listener that throws neither stops the writer nor the other listeners", () => {
    const store = new Store<Thing>();
    const seen: string[] = [];
    store.subscribe(() => {
      throw new Error("listener");
    });
    const stop = store.subscribe(({ current }) => seen.push(current?.metadata.name ?? "gone"));
    store.observe(thing("a", 1));
    stop();
    store.observe(thing("b", 2));
    expect(seen).toEqual(["a"]);
  });
});

describe("state", () => {
  test("empty, then synced by a list, failing with a reason while keeping what is known", async () => {
    const { store } = aStore();
    const states: string[] = [];
    store.subscribeState(({ kind }) => states.push(kind));
    expect(store.state).toEqual({ kind: "empty" });
    store.replace([thing("a", 1)], "1");
    await store.settled();
    store.fail("forbidden");
    expect(store.state).toEqual({ kind: "failing", why: "forbidden" });
    expect(store.list()).toHaveLength(1);
    expect(states).toEqual(["synced", "failing"]);
  });
  test("putting our own write into an empty store does not make it synced", () => {
    const { store } = aStore();
    store.put(thing("a", 1));
    expect(store.state.kind).toBe("empty");
  });
});

test("a list from the past means a restored server and replaces everything", () => {
  const { store } = aStore();
  store.replace([thing("a", 90), thing("b", 95)], "100");
  store.replace([thing("a", 40)], "50");
  expect(store.get("ns", "a")?.metadata.resourceVersion).toBe("40");
  expect(store.get("ns", "b")).toBeUndefined();
});
