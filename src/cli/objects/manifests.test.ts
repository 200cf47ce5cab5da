import { expect, test } from "vitest";
import { parseObjects, readFileObjects, stored } from "./manifests.ts";

const names = (text: string) => parseObjects("a.yaml", text).map(({ kind, metadata }) => `${kind}/${metadata.name}`);

test("reads every document of a file, and what is in a list", () => {
  expect(names("kind: A\nmetadata: { name: a }\n---\n# nothing\n---\nkind: B\nmetadata: { name: b }\n")).toEqual([
    "A/a",
    "B/b",
  ]);
  expect(names("kind: List\nitems: [{ kind: A, metadata: { name: a } }, { kind: B, metadata: { name: b } }]")).toEqual([
    "A/a",
    "B/b",
  ]);
});

test.each([
  { text: "a: [", says: "a.yaml is no YAML" },
  { text: "a: *none", says: "a.yaml is no YAML: Unresolved alias" },
  { text: "just: a value", says: "a.yaml holds a document that is no object of Kubernetes" },
])("says which file is wrong: $text", ({ text, says }) => {
  expect(() => parseObjects("a.yaml", text)).toThrow(says);
});

test("says what and where, and shows no line of a file in which a Secret may be", () => {
  const text = "kind: Secret\nstringData:\n  password: hunter2\n bad: [\n";
  expect(() => parseObjects("a.yaml", text)).toThrow(/^a.yaml is no YAML: .* at line 4, column 1$/);
});

test("a folder in the place of a file is told as that", async () => {
  await expect(readFileObjects("examples/modern")).rejects.toThrow("examples/modern is a folder: name a file in it");
});

test("says which file is not there", async () => {
  await expect(readFileObjects("none/at/all.yaml")).rejects.toThrow("none/at/all.yaml cannot be read");
});

test("an object gets the identity that it lacks, and keeps the one it has", () => {
  const object = { kind: "Deployment", metadata: { name: "a" } };
  expect(stored(object, "there").metadata).toEqual({
    name: "a",
    namespace: "there",
    uid: "Deployment/there/a",
    resourceVersion: "1",
    generation: 1,
  });
  const own = { uid: "u", resourceVersion: "7", generation: 3, name: "a" };
  expect(stored({ ...object, metadata: own }, "there").metadata).toEqual({ ...own, namespace: "there" });
});

test("a Secret's plain texts are stored in base64", () => {
  const secret = { kind: "Secret", metadata: { name: "a" }, data: { a: "YQ==" }, stringData: { b: "b" } };
  expect(stored(secret, "there")).toMatchObject({ data: { a: "YQ==", b: "Yg==" } });
  expect(stored(secret, "there")).not.toHaveProperty("stringData");
});

test("times and what looks like base 60 are texts, as kubectl reads them", () => {
  const [object] = parseObjects(
    "a.yaml",
    "kind: A\nmetadata: {name: a}\nspec: {at: 2027-01-31T00:00:00Z, day: 2027-01-31, time: 12:30}",
  );
  expect(object?.["spec"]).toEqual({ at: "2027-01-31T00:00:00Z", day: "2027-01-31", time: "12:30" });
});

test("null is as if it were not there, but in a resource, whose definition decides", () => {
  const [deployment, upgrade] = parseObjects(
    "a.yaml",
    `kind: Deployment
metadata: {name: a, creationTimestamp: null}
spec: {replicas: null, a: [{b: null, c: 1}]}
---
kind: CeilometerUpgrade
metadata: {name: a, creationTimestamp: null}
spec: {from: null}
`,
  ).map((object) => stored(object, "n"));
  expect(deployment).toEqual({
    kind: "Deployment",
    metadata: { name: "a", namespace: "n", uid: "Deployment/n/a", resourceVersion: "1", generation: 1 },
    spec: { a: [{ c: 1 }] },
  });
  expect(upgrade?.["spec"]).toEqual({ from: null });
  expect(upgrade?.metadata).not.toHaveProperty("creationTimestamp");
});
