import { expect, test } from "vitest";
import { PERMISSIONS, permissionsFor, resourceName } from "./permissions.ts";

const holders = (verb: string) =>
  PERMISSIONS.filter(({ verbs }) => verbs.some((granted) => granted === verb)).map(resourceName);

test("only kinds of which the operator creates some can be deleted, and pods for one case (I9)", () => {
  expect(holders("delete")).toEqual(["deployments", "daemonsets", "configmaps", "pods"]);
});

test("full updates, which overwrite what others wrote, are for the lease only", () => {
  expect(holders("update")).toEqual(["leases"]);
});

test("Secrets and logs are granted only where they were asked for", () => {
  expect(permissionsFor("namespaced").map(resourceName)).not.toContain("secrets");
  expect(permissionsFor("namespaced").map(resourceName)).not.toContain("pods/log");
  expect(permissionsFor("optional:secrets").map(resourceName)).toEqual(["secrets"]);
  expect(permissionsFor("optional:podLogs").map(resourceName)).toEqual(["pods/log"]);
});

test("an object's name narrows only verbs that name an object", () => {
  const narrowed = PERMISSIONS.filter(({ resourceNames }) => resourceNames !== undefined);
  expect(narrowed.flatMap(({ verbs }) => verbs)).not.toContain("create");
});

test("no wildcards, and each line says why", () => {
  for (const { group, resource, why } of PERMISSIONS) {
    expect(`${group}/${resource}`).not.toContain("*");
    expect(why).toMatch(/\.$/);
  }
});
