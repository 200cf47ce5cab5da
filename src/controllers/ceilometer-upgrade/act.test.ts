import { expect, test } from "vitest";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError, type KubeFailureKind } from "../../kube/errors.ts";
import type { Effect } from "../../model/outcome.ts";
import { act } from "./act.ts";

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
    apply: nothing,
    replace: nothing,
    remove: nothing,
    watch: nothing,
    serverVersion: nothing,
    logs: nothing,
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

test("a mistake of the program is thrown, not read as an answer", async () => {
  const broken = { ...clientThatFails("lost", ""), patchJson: () => Promise.reject(new TypeError("no")) };
  await expect(act(broken, patch, new AbortController().signal)).rejects.toThrow(TypeError);
});
