import { expect, test } from "vitest";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError, type KubeFailureKind } from "../../kube/errors.ts";
import { parseObject } from "../../kube/object.ts";
import type { Effect } from "../../model/outcome.ts";
import { type Acted, act, unlessUndone } from "./act.ts";

const why = { reason: "TakingDown", message: "" };
const patch: Effect = {
  kind: "patch",
  ref: { kind: "Deployment", namespace: "a", name: "b" },
  operations: [{ op: "test", path: "/metadata/uid", value: "u" }],
  why,
};

function clientThatFails(kind: KubeFailureKind, message: string): KubeClient {
  const fail = () => Promise.reject(new KubeApiError({ kind, code: 0, reason: "", message }));
  const nothing = () => {
    throw new Error("not called");
  };
  return {
    create: fail,
    patchJson: fail,
    patchMerge: fail,
    review: nothing,
    listPage: nothing,
    list: nothing,
    get: nothing,
    replace: nothing,
    remove: nothing,
    watch: nothing,
    serverVersion: nothing,
    logs: nothing,
    subscribeAnswers: nothing,
    close: nothing,
  };
}

const TEST_FAILED = "the server rejected our request due to an error in our request";

test.each<[KubeFailureKind, string, string]>([
  ["conflict", "", "stale"],
  ["alreadyExists", "", "stale"],
  ["notFound", "", "stale"],
  ["invalid", TEST_FAILED, "stale"],
  ["invalid", 'Deployment.apps "b" is invalid: spec.template.spec.containers[0].image: Required value', "refused"],
  ["forbidden", "", "refused"],
  ["lost", "", "unknown"],
  ["unavailable", "", "unknown"],
  ["throttled", "", "unknown"],
  ["unauthorized", "", "unknown"],
])("%s (%s) is read as %s… nothing is assumed of a write whose answer was lost", async (kind, message, meaning) => {
  const acted = await act(clientThatFails(kind, message), patch, new AbortController().signal);
  expect(acted.kind).toBe(meaning);
});

const labels = { app: "b" };
const object = (kind: string, uid: string, more: object = {}) => ({
  apiVersion: "v1",
  kind,
  metadata: { namespace: "a", name: `one-${uid}`, uid, labels, resourceVersion: "1" },
  ...more,
});
const pod = (uid: string, more: object = {}) =>
  object("Pod", uid, { spec: { containers: [] }, status: { phase: "Running", ...more } });
const file = (uid: string) => object("ConfigMap", uid);
const only = (kind: "Pod" | "ConfigMap") => ({ onlyWith: [{ kind, namespace: "a", labels, uids: ["known"] }] });
const seen: Effect = { ...patch, ...only("Pod") };
const letGo: Effect = {
  kind: "annotate",
  ref: { kind: "CeilometerUpgrade", namespace: "a", name: "b" },
  uid: "u",
  resourceVersion: "1",
  metadata: { finalizers: [] },
  ...only("ConfigMap"),
  why,
};

test.each<[what: string, effect: Effect, there: readonly object[], meaning: string]>([
  ["no pods", seen, [], "done"],
  ["the pods that were seen", seen, [pod("known")], "done"],
  ["a pod that was not seen", seen, [pod("known"), pod("other")], "stale"],
  ["a pod that has ended for good", seen, [pod("other", { phase: "Failed" })], "done"],
  ["no files", letGo, [], "done"],
  ["the files that were seen", letGo, [file("known")], "done"],
  ["a file whose creation nobody answered", letGo, [file("known"), file("other")], "stale"],
])("a write that is right only with what was seen: where there are %s", async (_, effect, there, meaning) => {
  const asked: unknown[] = [];
  let written = 0;
  const write = () => {
    written += 1;
    return Promise.resolve({ metadata: { name: "b" } });
  };
  const client: KubeClient = {
    ...clientThatFails("lost", ""),
    list: (resource, options) => {
      asked.push([resource.plural, options?.namespace, options?.labelSelector]);
      return Promise.resolve({ items: there.map(parseObject), resourceVersion: "1" });
    },
    patchJson: write,
    patchMerge: write,
  };
  const acted = await act(client, effect, new AbortController().signal);
  expect(acted.kind).toBe(meaning);
  expect(asked).toEqual([[effect === seen ? "pods" : "configmaps", "a", "app=b"]]);
  expect(written).toBe(meaning === "done" ? 1 : 0);
});

test("where the pods cannot be asked for, nothing is written", async () => {
  const list = () => Promise.reject(new KubeApiError({ kind: "unavailable", code: 503, reason: "", message: "" }));
  const patchJson = () => Promise.reject(new TypeError("written"));
  const acted = await act({ ...clientThatFails("lost", ""), list, patchJson }, seen, new AbortController().signal);
  expect(acted.kind).toBe("unknown");
});

test.each([true, false])("what was deleted is gone (%s) where the API server says so", async (isGone) => {
  const ref = { kind: "ConfigMap", namespace: "a", name: "b" };
  const remove: Effect = { kind: "delete", ref, uid: "u", resourceVersion: "1", why };
  const client = { ...clientThatFails("lost", ""), remove: () => Promise.resolve(isGone) };
  const acted = await act(client, remove, new AbortController().signal);
  expect(acted).toEqual(isGone ? { kind: "done", gone: { ref, uid: "u" } } : { kind: "done" });
});

test("a mistake of the program is thrown, not read as an answer", async () => {
  const broken = { ...clientThatFails("lost", ""), patchJson: () => Promise.reject(new TypeError("no")) };
  await expect(act(broken, patch, new AbortController().signal)).rejects.toThrow(TypeError);
});

test("a write after whose answer the object has the version of before has changed nothing", () => {
  const before = { uid: "u", resourceVersion: "7" };
  const answered = (uid: string, resourceVersion: string): Acted => ({
    kind: "done",
    object: { metadata: { name: "a", uid, resourceVersion } },
  });
  expect(unlessUndone(answered("u", "7"), before)).toMatchObject({ kind: "stale", isUndone: true });
  for (const done of [answered("u", "8"), answered("v", "7"), { kind: "done" } as const])
    expect(unlessUndone(done, before)).toBe(done);
  expect(unlessUndone(answered("u", "7"), undefined).kind).toBe("done");
  expect(unlessUndone({ kind: "stale", why: "" }, before)).toEqual({ kind: "stale", why: "" });
});

test("an object that has lost the last finalizer it waited for is gone", async () => {
  const ref = { kind: "CeilometerUpgrade", namespace: "a", name: "b" };
  const effect: Effect = { kind: "annotate", ref, uid: "u", resourceVersion: "7", metadata: { finalizers: [] }, why };
  const answering = (metadata: object): Promise<Acted> => {
    const object = parseObject({ metadata: { name: "b", uid: "u", resourceVersion: "7", ...metadata } });
    const client = { ...clientThatFails("lost", ""), patchMerge: () => Promise.resolve(object) };
    return act(client, effect, new AbortController().signal);
  };
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  expect(await answering({ deletionTimestamp })).toEqual({ kind: "done", gone: { ref, uid: "u" } });
  for (const metadata of [{}, { deletionTimestamp, finalizers: ["another"] }])
    expect(await answering(metadata)).toMatchObject({ kind: "done", object: { metadata } });
});
