/** What kstatus itself, by which Flux and Helm wait, says of resources whose status the operator's own reporter has made. */
import { expect, inject, test } from "vitest";
import { z } from "zod";
import { resourceSchema } from "../../src/api/v1alpha1/crd.ts";
import { API_VERSION, KIND } from "../../src/api/v1alpha1/names.ts";
import { makeStatus } from "../../src/controllers/ceilometer-upgrade/status.ts";
import { PHASES, type Phase } from "../../src/model/decision.ts";
import { run } from "../../tools/control-plane/process.ts";
import { anUpgrade, NOW } from "../support/builders.ts";

async function kstatus(object: unknown): Promise<string> {
  const { code, stdout, stderr } = await run(inject("kstatus"), [], { input: JSON.stringify(object) });
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

const object = (status: unknown, generation = 1) => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: "ceilometer", namespace: "openstack", generation },
  spec: {},
  status,
});

const reported = (phase: Phase) =>
  makeStatus(
    {
      upgrade: anUpgrade(),
      decision: { phase, headline: { reason: phase, message: "so it is" }, steps: [], findings: [], probes: [] },
      records: [],
      now: NOW,
    },
    {},
  );

const expected = (phase: Phase): string => {
  if (phase === "Completed" || phase === "NoChange") return "Current";
  // What was not asked for by spec: Git wants the target, and the old release runs.
  return phase === "Held" || phase === "RolledBack" ? "Failed" : "InProgress";
};

test.each(PHASES)("%s is what it is to the operator", async (phase) => {
  expect(await kstatus(object(reported(phase)))).toBe(expected(phase));
});

test.each(PHASES)("after %s the next generation is in progress", async (phase) => {
  expect(await kstatus(object(reported(phase), 2))).toBe("InProgress");
});

test("a resource that nobody has looked at yet is in progress, for which its status needs a default", async () => {
  const { default: unseen } = z.object({ default: z.unknown() }).parse(resourceSchema().properties?.["status"]);
  expect(await kstatus(object(unseen))).toBe("InProgress");
  expect(await kstatus(object(undefined))).toBe("Current");
});
