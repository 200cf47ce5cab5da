import { expect, test } from "vitest";
import { artefacts, drift } from "./artefacts.ts";
import { rules } from "./roles.ts";

const wanted = [
  { path: "a", content: "1" },
  { path: "b", content: "2" },
  { path: "c", content: "3" },
];

test("a changed file and a missing file are drift, an equal one is not", async () => {
  const files = new Map([
    ["a", "1"],
    ["b", "edited"],
  ]);
  expect(await drift(wanted, async (path) => files.get(path))).toEqual([
    { path: "b", why: "differs" },
    { path: "c", why: "missing" },
  ]);
});

test("two runs write the same bytes", () => {
  expect(artefacts()).toEqual(artefacts());
});

test("the chart carries the definition byte by byte", () => {
  const [crd, ...others] = artefacts().filter(({ path }) => /crds\/|files\/crd\.yaml/.test(path));
  expect(others.map(({ content }) => content)).toEqual([crd?.content]);
});

test("permissions of one group with the same verbs share a rule; an object's name keeps them apart", () => {
  const common = { group: "apps", verbs: ["get"], scope: "namespaced", why: "" } as const;
  const merged = rules([
    { ...common, resource: "deployments" },
    { ...common, resource: "daemonsets", subresource: "status" },
    { ...common, resource: "deployments", resourceNames: ["one"] },
  ]);
  expect(merged).toEqual([
    { apiGroups: ["apps"], resources: ["deployments", "daemonsets/status"], verbs: ["get"] },
    { apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["one"], verbs: ["get"] },
  ]);
});
