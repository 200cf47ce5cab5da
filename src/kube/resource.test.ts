import { expect, test } from "vitest";
import { type Resource, resourcePath } from "./resource.ts";

const pods: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };
const deployments: Resource = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};
const nodes: Resource = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };

test.each([
  [pods, {}, "/api/v1/pods"],
  [pods, { namespace: "a" }, "/api/v1/namespaces/a/pods"],
  [pods, { namespace: "a", name: "b", subresource: "log" }, "/api/v1/namespaces/a/pods/b/log"],
  [deployments, { namespace: "a", name: "b" }, "/apis/apps/v1/namespaces/a/deployments/b"],
  [nodes, { namespace: "ignored", name: "n" }, "/api/v1/nodes/n"],
])("%o %o", (resource, place, path) => {
  expect(resourcePath(resource, place)).toBe(path);
});

test("a name cannot leave its place in the path", () => {
  expect(resourcePath(pods, { namespace: "a", name: "../../secrets?x" })).toBe(
    "/api/v1/namespaces/a/pods/..%2F..%2Fsecrets%3Fx",
  );
});

test("a path that would mean something else is refused", () => {
  expect(() => resourcePath(pods, { name: "b" })).toThrow("needs a namespace");
  expect(() => resourcePath(pods, { namespace: "a", name: "" })).toThrow("needs a name");
});
