/** What the API server refuses before the operator ever sees it, and what it fills in. Nothing is written (dry run). */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { resourceSchema } from "../../src/api/v1alpha1/crd.ts";
import type { StructuralSchema } from "../../src/api/v1alpha1/structural.ts";
import { accepted, at, defaulted, edited, refusals, resource } from "./admission-cases.ts";

const kubectl = process.env["KUBECTL_E2E"] ?? "kubectl";
const kubeconfig = z.string({ error: "KUBECONFIG_E2E names no cluster" }).parse(process.env["KUBECONFIG_E2E"]);

async function dryRun(object: unknown): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const child = spawn(kubectl, ["--kubeconfig", kubeconfig, "apply", "--dry-run=server", "-o", "json", "-f", "-"]);
  child.stdin.end(JSON.stringify(object));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr };
}

const answer = z.object({ spec: z.record(z.string(), z.unknown()) });

function* defaultsOf(schema: StructuralSchema | undefined, pointer: string): Generator<[string, unknown]> {
  if (schema?.default !== undefined) yield [pointer, schema.default];
  for (const [key, field] of Object.entries(schema?.properties ?? {})) yield* defaultsOf(field, `${pointer}/${key}`);
}

test("the table names every default of the schema", () => {
  expect(Object.fromEntries(defaultsOf(resourceSchema().properties?.["spec"], ""))).toEqual(defaulted);
});

test("a resource that says only what must be said is accepted, with every default", async () => {
  const { stdout, stderr } = await dryRun(resource(accepted));
  expect(stderr).toBe("");
  const { spec } = answer.parse(JSON.parse(stdout));
  const found = Object.keys(defaulted).map((pointer) => [pointer, at(spec, pointer.slice(1).split("/"))]);
  expect(Object.fromEntries(found)).toEqual(defaulted);
});

describe.concurrent("refused at admission, naming the field", () => {
  test.for(refusals)("$name", async ({ edits, field, says }, { expect }) => {
    const { stdout, stderr } = await dryRun(edited(edits));
    expect(stdout).toBe("");
    expect(stderr).toContain(says);
    expect(stderr.split(/[\s"]+|:(?=\s)/)).toContain(field);
  });
});
