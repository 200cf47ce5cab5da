/** What is another wish, and so another attempt, and what only steers the one that is under way. */
import { expect, test } from "vitest";
import { aConfigObject, anUpgrade, aWorld, NEW_IMAGE, SPEC } from "../../test/support/builders.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import { readInputs } from "./inputs.ts";

const polling = {
  targets: [{ kind: "DaemonSet" as const, name: "compute" }],
  verification: { podLog: {} },
};
const pipeline = { kind: "ConfigMap", name: "files", key: "pipeline.yaml" } as const;
const base: Partial<SpecInput> = {
  target: { release: "ocata", image: NEW_IMAGE, config: { pipeline } },
  components: { ...SPEC.components, polling, database: { jobFrom: { kind: "Deployment", name: "notification" } } },
};
const inputsOf = (spec: Partial<SpecInput>, text = "sources: []") =>
  readInputs(
    aWorld({
      upgrade: anUpgrade({ ...base, ...spec }),
      files: [aConfigObject("ConfigMap", "files", { "pipeline.yaml": text })],
    }),
  );
const { target, components } = { ...SPEC, ...base };

const steering: readonly (readonly [string, Partial<SpecInput>])[] = [
  ["a pause", { paused: true }],
  ["a longer deadline", { progressDeadlineSeconds: 7200 }],
  ["a retry", { retryAttempt: 1 }],
  ["who owns the fields afterwards", { ownership: "Keep" }],
  ["a component's deadline", { components: { ...components, polling: { ...polling, progressDeadlineSeconds: 60 } } }],
  [
    "the time-out of the verification",
    { components: { ...components, polling: { ...polling, verification: { podLog: {}, timeoutSeconds: 60 } } } },
  ],
  [
    "the deadline of the migration",
    { components: { ...components, database: { ...components.database, deadlineSeconds: 60 } } },
  ],
];
test.each(steering)("%s is the same wish", (_, spec) => {
  expect(inputsOf(spec).digest).toBe(inputsOf({}).digest);
});

const other: readonly (readonly [string, Partial<SpecInput>])[] = [
  ["another image", { target: { ...target, image: `${NEW_IMAGE}-2` } }],
  ["another release", { target: { ...target, release: "pike" } }],
  ["no configuration", { target: { release: "ocata", image: NEW_IMAGE } }],
  [
    "another target",
    { components: { ...components, polling: { ...polling, targets: [{ kind: "DaemonSet", name: "ipmi" }] } } },
  ],
  ["another verification", { components: { ...components, polling: { ...polling, verification: { exporter: {} } } } }],
  [
    "replicas",
    {
      components: {
        ...components,
        notification: { targets: [{ kind: "Deployment", name: "notification" }], replicas: 3 },
      },
    },
  ],
  ["no database", { components: { ...components, database: { action: "Skip" } } }],
];
test.each(other)("%s is another wish", (_, spec) => {
  expect(inputsOf(spec).digest).toBeDefined();
  expect(inputsOf(spec).digest).not.toBe(inputsOf({}).digest);
});

test("the content of a file is part of the wish, and names its copy", () => {
  const one = inputsOf({});
  const two = inputsOf({}, "sources: [x]");
  expect(two.digest).not.toBe(one.digest);
  expect(two.files.pipeline?.object).not.toBe(one.files.pipeline?.object);
  expect(one.files.pipeline?.object).toMatch(/^ceilometer-pipeline-[0-9a-f]{8}$/);
  expect(one.copies).toHaveLength(1);
});

test("a Secret is mounted itself, and warned of where it can change", () => {
  const secret = { target: { ...target, config: { pipeline: { kind: "Secret" as const, name: "s", key: "k" } } } };
  const read = (immutable: boolean, secrets: readonly string[] = ["s"]) =>
    readInputs(
      aWorld({
        upgrade: anUpgrade({ ...base, ...secret }),
        files: [aConfigObject("Secret", "s", { k: "x" }, immutable)],
        operator: { secrets },
      }),
    );
  expect(read(true)).toMatchObject({ files: { pipeline: { object: "s" } }, copies: [], violations: [] });
  expect(read(false).violations).toMatchObject([{ reason: "SecretMutable", severity: "Warning" }]);
  expect(read(true, [])).toMatchObject({ digest: undefined, violations: [{ reason: "SecretNotReadable" }] });
});

test("a file that does not exist leaves the wish unknown", () => {
  const world = aWorld({ upgrade: anUpgrade(base), absentFiles: ["ConfigMap/files"] });
  expect(readInputs(world)).toMatchObject({ digest: undefined, violations: [{ reason: "ConfigurationMissing" }] });
});
