import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { lint } from "./lint.ts";
import { locate, readLocated } from "./located.ts";

const settings = { secrets: ["ceilometer-etc"], imagesAllowed: [], providers: ["rabbitmq"], podLogs: true };
const NOW = Date.UTC(2026, 0, 1);
const linted = (text: string) => lint(locate("a.yaml", text), { namespace: undefined, settings }, NOW);

const resource = (spec: string): string => `apiVersion: ceilometer.openstack.org/v1alpha1
kind: CeilometerUpgrade
metadata: {name: ceilometer, namespace: openstack}
spec:
  strategy: Full
  target:
    release: "2025.2"
    image: quay.io/example/ceilometer:2025.2
${spec}  components:
    database: {action: Skip}
    notification:
      targets: [{kind: Deployment, name: notification}]
`;

test("what is wrong is told with file, line, field and remedy", () => {
  const { problems } = linted(resource("  aproved: []\n"));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({
    file: "a.yaml",
    line: 9,
    object: "CeilometerUpgrade/ceilometer",
    field: "spec.aproved",
    severity: "Error",
    message: "unknown field",
  });
  expect(problems[0]?.remedy).toContain("approved");
});

test("a file that is no YAML is a problem, and its other documents are read all the same", () => {
  const { problems } = linted(`a: [\n---\n${resource("  paused: perhaps\n")}`);
  expect(problems.map(({ object, line }) => [object, line])).toEqual([
    ["YAML", 2],
    ["CeilometerUpgrade/ceilometer", 11],
  ]);
});

test("an alias without its anchor is a problem, and no mistake of the program", () => {
  const { problems } = linted(`kind: A\nmetadata: {name: a}\nspec: *none\n---\n${resource("  paused: perhaps\n")}`);
  expect(problems.map(({ object }) => object)).toEqual(["YAML", "CeilometerUpgrade/ceilometer"]);
  expect(problems[0]?.message).toContain("Unresolved alias");
});

test("names that lead nowhere are warned of", () => {
  const { problems } = linted(
    resource(`  approvals: [{before: polling}]
  gates: [{name: quiet, before: api, job: {kind: Job, name: a}}]
  skipGates: [{name: loud, planHash: "01234567", reason: why}]
`),
  );
  expect(problems.map(({ severity, field }) => [severity, field])).toEqual([
    ["Warning", "spec.approvals[0].before"],
    ["Warning", "spec.gates[0].before"],
    ["Warning", "spec.skipGates[0].name"],
  ]);
});

const configured = resource(`    config:
      pipeline: {kind: ConfigMap, name: files, key: pipeline.yaml}
      polling: {kind: ConfigMap, name: elsewhere, key: polling.yaml}
      definitions: [{kind: ConfigMap, name: files, key: meters.yaml}]
`);
const files = `apiVersion: v1
kind: ConfigMap
metadata: {name: files, namespace: openstack}
data:
  pipeline.yaml: |
    sources: [{name: a, meters: ["*"], sinks: [none]}]
    sinks: [{name: b, publishers: ["gnocchi://"]}]
  meters.yaml: "just a text"
`;

test("configuration files go through the gate that an upgrade has, where they are among the files", () => {
  const { problems, checked } = linted(`${configured}---\n${files}`);
  expect(problems.map(({ object, severity }) => [object, severity])).toContainEqual(["ConfigMap/files", "Error"]);
  expect(problems.some(({ message }) => message.startsWith("pipeline.yaml, line "))).toBe(true);
  expect(problems.some(({ field }) => field === "meters.yaml")).toBe(true);
  expect(checked[0]).toContain("2 configuration files; not among the files: ConfigMap/elsewhere");
  expect(checked[1]).toContain("its workloads are not among the files");
});

test("a publisher of somebody's own is a problem, until the resource answers for it", () => {
  const own = files.replace("sinks: [none]", "sinks: [b]").replace("gnocchi://", "acme://");
  const objects = (text: string) => linted(`${text}---\n${own}`).problems.map(({ object }) => object);
  expect(objects(configured)).toContain("Publisher/acme");
  const word = `  acceptedRisks:
    - {check: PluginUnknown, object: Publisher/acme, reason: our image brings it, expiresAt: "2100-01-01T00:00:00Z"}
`;
  expect(objects(configured.replace("spec:\n", `spec:\n${word}`))).not.toContain("Publisher/acme");
});

test("a key that the object does not have is a problem", () => {
  const { problems } = linted(`${configured}---\n${files.replace("pipeline.yaml: |", "other.yaml: |")}`);
  expect(problems.map(({ message }) => message)).toContain(
    "it has no key pipeline.yaml; without it the agents use the default that their image carries",
  );
});

test("with the workloads among the files, every check before the first write is made", () => {
  const { problems, checked } = linted(
    `${resource("")}---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: other, namespace: openstack}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: d}]}}}}\n`,
  );
  expect(problems.map(({ object, severity }) => [object, severity])).toEqual([["Deployment/notification", "Error"]]);
  expect(problems[0]?.message).toContain("TargetNotFound");
  expect(checked[1]).toContain("every check before the first write");
});

const examples = readdirSync("examples", { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
test.each(examples)("nothing is wrong with examples/%s", async (name) => {
  const { problems } = lint(await readLocated([`examples/${name}`]), { namespace: undefined, settings }, NOW);
  expect(problems.filter(({ severity }) => severity === "Error")).toEqual([]);
});

test("what cannot be read is no problem of a file, but of the command", async () => {
  await expect(readLocated(["none/at/all.yaml"])).rejects.toThrow("none/at/all.yaml cannot be read");
});

const workload = (metadata: string): string => `---
apiVersion: apps/v1
kind: Deployment
metadata: ${metadata}
spec:
  replicas: 1
  selector: {matchLabels: {app: notification}}
  template:
    metadata: {creationTimestamp: null, labels: {app: notification}}
    spec:
      containers:
        - {name: ceilometer-notification, image: "quay.io/example/ceilometer:2025.1", command: [ceilometer-agent-notification]}
`;
const reasons = (text: string) => linted(text).problems.map(({ object, message }) => `${object} ${message}`);

test("what programs write where there is nothing is as if it were not there", () => {
  const text =
    resource("") + workload("{name: notification, namespace: openstack, creationTimestamp: null, finalizers: null}");
  expect(reasons(text)).toEqual([]);
});

test("an object that no API server would take is a problem with its place, and no mistake of the program", () => {
  const { problems, checked } = linted(
    resource("") + workload("{name: notification, namespace: openstack, labels: {version: 1}}"),
  );
  expect(checked[1]).toContain("no check before the first write, before Deployment/notification fits");
  expect(problems).toEqual([
    {
      file: "a.yaml",
      line: 16,
      object: "Deployment/notification",
      severity: "Error",
      message: "no API server would take it: labels.version: Invalid input: expected string, received number",
    },
  ]);
});

test("a time needs no quotes, as with kubectl", () => {
  const risk = "{check: DefinitionRemoved, object: a, reason: b, expiresAt: 2027-01-31T00:00:00Z}";
  expect(reasons(resource(`  acceptedRisks: [${risk}]\n`))).toEqual([]);
});

test("what lies in another namespace is no part of this one", () => {
  const { problems, checked } = linted(configured + workload("{name: notification, namespace: other}"));
  expect(problems).toEqual([]);
  expect(checked[1]).toContain("its workloads are not among the files");
  const file = (namespace: string, text: string) =>
    `---\nkind: ConfigMap\nmetadata: {name: files, namespace: ${namespace}}\ndata: {pipeline.yaml: "${text}", meters.yaml: "metric: []"}\n`;
  const both = linted(configured + file("other", "sources: {") + file("openstack", "sources: ["));
  expect(new Set(both.problems.map(({ line }) => line))).toEqual(new Set([24]));
});

test("nothing is said of workloads among the files before the resource itself fits", () => {
  const { checked } = linted(
    resource("  only: [notification]\n") + workload("{name: notification, namespace: openstack}"),
  );
  expect(checked[1]).toContain("no workloads, before the resource itself fits");
});

test("a field is unknown also where every object of the program has one of that name", () => {
  const { problems } = linted(resource("  constructor: {}\n  toString: a\n"));
  expect(problems.map(({ field, message }) => [field, message])).toEqual([
    ["spec.constructor", "unknown field"],
    ["spec.toString", "unknown field"],
  ]);
});
