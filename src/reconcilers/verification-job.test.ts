import { expect, test } from "vitest";
import { aCronJob, aDeployment, anAgent, anUpgrade, aRecord, aWorld, marks } from "../../test/support/builders.ts";
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import { verificationJob } from "./verification-job.ts";

const none = { collector: [], notification: [], polling: [], api: [] };

test("agents that somebody took back and that start once more are verified by a Job of their own", () => {
  const jobOf = (at: string): unknown => {
    const annotations = marks({ phase: { phase: "first", at } });
    const agent = anAgent(aDeployment({ name: "central", component: "polling", annotations }), {
      component: "polling",
    });
    const world = aWorld({
      upgrade: anUpgrade(),
      cronJobs: [aCronJob("look", { annotations: { [ANNOTATION.allowJobFrom]: "true" } })],
    });
    const scene = { world, record: aRecord(), agents: none, left: none, target: { name: "ocata", major: 8 } };
    const outcome = verificationJob(scene, agent, { kind: "CronJob", name: "look" });
    return outcome?.kind === "act" && outcome.effect.kind === "create" ? outcome.effect.object.metadata.name : outcome;
  };
  const first = jobOf("2026-01-01T00:00:00Z");
  expect(first).toMatch(/^ceilometer-verify-[0-9a-f]{8}$/);
  expect(jobOf("2026-01-01T00:00:00Z")).toBe(first);
  expect(jobOf("2026-01-01T01:00:00Z")).not.toBe(first);
});
