import { expect, test } from "vitest";
import { sendJson, startStub, statusBody } from "../../test/support/stub-api-server.ts";
import { systemClock } from "../runtime/clock.ts";
import { runReflector } from "../runtime/reflector.ts";
import { Store } from "../runtime/store.ts";
import { createKubeClient } from "./client.ts";
import { KubeApiError, type KubeFailureKind } from "./errors.ts";
import { type StoredObject, trimmed } from "./object.ts";
import type { Resource } from "./resource.ts";
import { listWatch } from "./watch.ts";

const widgets: Resource = { group: "example.org", version: "v1", plural: "widgets", kind: "Widget", namespaced: true };

test.each<[KubeFailureKind, string, string]>([
  ["gone", "Expired", "expired"],
  ["lost", "ConnectionFailed", "interrupted"],
  ["unavailable", "", "interrupted"],
  ["throttled", "", "interrupted"],
  ["forbidden", "Forbidden", "refused"],
  ["notFound", "NotFound", "refused"],
  ["unauthorized", "Unauthorized", "refused"],
  ["other", "Garbled", "garbled"],
  ["other", "TooLarge", "tooLarge"],
])("a %s failure (%s) is %s to a reflector", async (kind, reason, fault) => {
  await using stub = await startStub(() => {});
  const client = createKubeClient(stub.connection(), { userAgent: "a", fieldManager: "m" });
  const source = listWatch(client, widgets);
  expect(source.explain(new KubeApiError({ kind, code: 0, reason, message: "why" }))).toMatchObject({
    kind: fault,
    why: "why",
  });
  expect(source.explain(new TypeError("ours"))).toEqual({ kind: "garbled", why: "ours" });
});

/** All that a reflector lists of these, page by page; how many objects each answer had. */
async function listed(
  items: readonly object[],
): Promise<{ readonly names: readonly string[]; readonly sent: number[] }> {
  const sent: number[] = [];
  await using stub = await startStub(({ query }, response) => {
    if (query["watch"] !== undefined) return;
    const from = Number(query["continue"] ?? 0);
    const to = Math.min(items.length, from + Number(query["limit"]));
    const more = to < items.length ? { continue: String(to) } : {};
    sent.push(to - from);
    sendJson(response, 200, { metadata: { resourceVersion: "10", ...more }, items: items.slice(from, to) });
  });
  const client = createKubeClient(stub.connection(), { userAgent: "a", fieldManager: "m" });
  const store = new Store<StoredObject>();
  const life = new AbortController();
  const source = listWatch(client, widgets);
  const running = runReflector({ name: "widgets", source, store, transform: trimmed, clock: systemClock }, life.signal);
  await expect.poll(() => store.state.kind, { timeout: 20_000 }).toBe("synced");
  const names = store.list().map(({ metadata }) => metadata.name);
  life.abort();
  await running;
  client.close();
  return { names, sent };
}

const ofText = (name: string, text: string) => ({
  metadata: { name, namespace: "ns", uid: name, resourceVersion: "1" },
  text,
});

test.each<[KubeFailureKind, boolean]>([
  ["lost", true],
  ["unavailable", true],
  ["throttled", false],
  ["forbidden", false],
  ["gone", false],
  ["other", false],
])("a %s failure is one of a server that may be away: %s", async (kind, isAway) => {
  await using stub = await startStub(() => {});
  const source = listWatch(createKubeClient(stub.connection(), { userAgent: "a", fieldManager: "m" }), widgets);
  expect(source.explain(new KubeApiError({ kind, code: 0, reason: "", message: "" })).isAway).toBe(isAway);
});

test("a hundred objects of a megabyte, which anybody may make in a namespace, are never read in one piece", async () => {
  const text = "x".repeat(1024 * 1024);
  const { names, sent } = await listed(Array.from({ length: 100 }, (_, index) => ofText(`a${index}`, text)));
  expect(names).toHaveLength(100);
  expect(sent.slice(0, 4)).toEqual([100, 100, 32, 8]);
  // Now and then a larger page is tried again, as a few large objects are no reason to ask for all others one by one.
  const eights = sent.slice(4).filter((each) => each >= 8).length;
  expect(Math.max(...sent.slice(4))).toBe(8);
  expect(eights).toBeLessThan(sent.length / 10);
}, 30_000);

test("an object that is longer than a page may be is read by itself, and hides none of its kind", async () => {
  // Escaped, a character takes six bytes: what etcd holds in 1.5 MiB may be nine here.
  const { names } = await listed([ofText("long", "x".repeat(9 * 1024 * 1024)), ofText("short", "")]);
  expect(names).toEqual(["long", "short"]);
}, 30_000);

test("a change of such an object is read off the watch, which goes on", async () => {
  const long = ofText("long", "<".repeat(1.5 * 1024 * 1024));
  // As the API server writes it.
  const line = JSON.stringify({ type: "ADDED", object: long }).replaceAll("<", "\\u003c");
  let lists = 0;
  await using stub = await startStub(({ query }, response) => {
    if (query["watch"] !== undefined) {
      response.write(`${line}\n${JSON.stringify({ type: "ADDED", object: ofText("short", "") })}\n`);
      return;
    }
    lists += 1;
    sendJson(response, 200, { metadata: { resourceVersion: "10" }, items: [] });
  });
  const client = createKubeClient(stub.connection(), { userAgent: "a", fieldManager: "m" });
  const store = new Store<StoredObject>();
  const life = new AbortController();
  const source = listWatch(client, widgets);
  const running = runReflector({ name: "widgets", source, store, transform: trimmed, clock: systemClock }, life.signal);
  await expect
    .poll(() => store.list().map(({ metadata }) => metadata.name), { timeout: 20_000 })
    .toEqual(["long", "short"]);
  expect(store.get("ns", "long")?.["text"]).toBe(long.text);
  expect(lists).toBe(1);
  life.abort();
  await running;
  client.close();
}, 30_000);

test("client, reflector and store: listed, watched, relisted when the version has expired, trimmed", async () => {
  const object = (name: string, version: string): object => ({
    metadata: {
      name,
      namespace: "ns",
      uid: `uid-${name}`,
      resourceVersion: version,
      managedFields: [{}],
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", keep: "me" },
    },
  });
  const lists = [
    { metadata: { resourceVersion: "10" }, items: [object("a", "1")] },
    { metadata: { resourceVersion: "20" }, items: [object("b", "15")] },
  ];
  await using stub = await startStub(({ query }, response) => {
    if (query["watch"] === undefined) sendJson(response, 200, lists.shift());
    else if (query["resourceVersion"] === "10") {
      response.end(`${JSON.stringify({ type: "ERROR", object: statusBody(410, "Expired") })}\n`);
    } else response.write(`${JSON.stringify({ type: "ADDED", object: object("c", "21") })}\n`);
  });
  const client = createKubeClient(stub.connection(), { userAgent: "a", fieldManager: "m" });
  const store = new Store<StoredObject>();
  const life = new AbortController();
  const source = listWatch(client, widgets, { namespace: "ns", labelSelector: "x" });
  const running = runReflector({ name: "widgets", source, store, transform: trimmed, clock: systemClock }, life.signal);
  await expect.poll(() => store.list().map(({ metadata }) => metadata.name)).toEqual(["b", "c"]);
  expect(store.get("ns", "b")?.metadata).toMatchObject({ annotations: { keep: "me" } });
  expect(store.get("ns", "b")?.metadata).not.toHaveProperty("managedFields");
  expect(stub.requests.every(({ query }) => query["labelSelector"] === "x")).toBe(true);
  life.abort();
  await running;
  client.close();
});
