import { expect, test } from "vitest";
import { aMeta, anUpgrade } from "../../../test/support/builders.ts";
import type { Condition } from "../../api/v1alpha1/schema.ts";
import type { KubeClient } from "../../kube/client.ts";
import { parseObject } from "../../kube/object.ts";
import type { ObjectSeen } from "../../model/outcome.ts";
import { doubt } from "./unseen.ts";

const seen = (name: string, more: Partial<ObjectSeen> = {}): ObjectSeen => ({
  ref: { kind: "Deployment", namespace: "openstack", name },
  uid: `uid-of-${name}`,
  generation: 3,
  ...more,
});

const succeeded = (observedGeneration: number, status: Condition["status"] = "True"): Condition => ({
  type: "Succeeded",
  status,
  reason: "NoChange",
  message: "",
  observedGeneration,
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

/** An API server that has a and b, asked about these before they are told of. */
async function told(rightWith: readonly ObjectSeen[], conditions: Condition[] = []) {
  const asked: string[] = [];
  const list: KubeClient["list"] = ({ plural }, { namespace, fieldSelector } = {}) => {
    asked.push(`${namespace}/${plural}?${fieldSelector}`);
    const items = ["a", "b"]
      .filter((name) => fieldSelector === `metadata.name=${name}`)
      .map((name) => parseObject({ kind: "Deployment", metadata: { name, uid: `uid-of-${name}`, generation: 3 } }));
    return Promise.resolve({ items, resourceVersion: "1" });
  };
  const view = { metadata: aMeta(anUpgrade().metadata.name, { generation: 7 }), status: { conditions } };
  const decision = await doubt({ list }, view, { rightWith }, new AbortController().signal);
  return { phase: decision?.phase, message: decision?.headline.message, asked };
}

const BOTH = ["openstack/deployments?metadata.name=a", "openstack/deployments?metadata.name=b"];

test("what the API server has as it was seen is right, each asked for by its name", async () => {
  expect(await told([seen("a"), seen("b")])).toEqual({ phase: undefined, message: undefined, asked: BOTH });
});

test.each([
  ["has another spec", seen("b", { generation: 2 })],
  ["was made anew", seen("b", { uid: "of its predecessor" })],
  ["is no more", seen("c")],
])("one that %s is in doubt, and nothing else is told", async (_, other) => {
  const { phase, message } = await told([seen("a"), other]);
  expect(phase).toBe("Unreadable");
  expect(message).toContain(`Deployment/${other.ref.name}: it is not as its watch has told`);
});

test("what was told of this generation is not asked for again", async () => {
  expect((await told([seen("c")], [succeeded(7)])).asked).toEqual([]);
  expect((await told([seen("a")], [succeeded(6)])).asked).toHaveLength(1);
  expect((await told([seen("a")], [succeeded(7, "Unknown")])).asked).toHaveLength(1);
});
