import { expect, test } from "vitest";
import { specSchema } from "../../src/api/v1alpha1/schema.ts";
import { statefulset } from "../e2e/fixtures/topology.ts";
import type { Condition, Resource } from "../e2e/resource.ts";
import { untruths } from "./truth.ts";

const spec = specSchema.parse(statefulset().spec);
const running = [
  { kind: "StatefulSet", name: "ceilometer-notification" },
  { kind: "StatefulSet", name: "ceilometer-central" },
  { kind: "DaemonSet", name: "ceilometer-compute" },
].map((each) => ({ ...each, labels: {}, images: [spec.target.image] }));

function resource(conditions: readonly Partial<Condition>[], status: Partial<Resource["status"]> = {}): Resource {
  const all = conditions.map((each) => ({
    type: "Ready",
    status: "True",
    reason: "Completed",
    message: "done",
    observedGeneration: 2,
    ...each,
  }));
  return {
    metadata: { uid: "u", generation: 2, resourceVersion: "1", finalizers: [] },
    status: { steps: [], preflight: [], history: [], ...status, conditions: all },
  };
}

test("what is ready and runs is true", () => {
  expect(untruths(resource([{}]), spec, running)).toEqual([]);
});

test("ready beside a workload that runs something else, or is not there, is not", () => {
  const [first, ...rest] = running;
  const old = { kind: "StatefulSet", name: "ceilometer-notification", labels: {}, images: ["old"] };
  expect(untruths(resource([{}]), spec, [old, ...rest])).toHaveLength(1);
  expect(untruths(resource([{}]), spec, first === undefined ? [] : [first])).toHaveLength(2);
});

test("a generation that does not exist yet cannot have been looked at", () => {
  expect(untruths(resource([{ observedGeneration: 3 }]), spec, running)).toHaveLength(1);
});

test("whoever is to do something is told what", () => {
  const stalled = { type: "Stalled", reason: "ReleaseUnknown", message: "no release is called x" };
  expect(untruths(resource([stalled]), spec, running)).toHaveLength(1);
  const finding = { check: "ReleaseUnknown", object: "CeilometerUpgrade/x", message: "none", remedy: "correct it" };
  expect(untruths(resource([stalled], { preflight: [finding] }), spec, running)).toEqual([]);
  expect(untruths(resource([stalled], { preflight: [{ ...finding, remedy: "" }] }), spec, running)).toHaveLength(1);
});
