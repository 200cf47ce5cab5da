import { expect, test } from "vitest";
import type { Decision } from "../model/decision.ts";
import { createMetrics } from "./metrics.ts";

const held: Decision = {
  phase: "Held",
  headline: { reason: "TargetNotFound", message: "" },
  steps: [],
  findings: [],
  probes: [],
};

test("a resource is in one phase at a time, and in none once it is gone", async () => {
  const metrics = createMetrics({ queueDepth: () => 3 });
  metrics.decided("openstack", "ceilometer", held);
  const text = await metrics.text();
  expect(text).toContain('ceilometer_upgrade_phase{namespace="openstack",name="ceilometer",phase="Held"} 1');
  expect(text).toContain('ceilometer_upgrade_phase{namespace="openstack",name="ceilometer",phase="Progressing"} 0');
  expect(text).toContain("ceilometer_upgrade_queue_depth 3");
  metrics.forgotten("openstack", "ceilometer");
  expect(await metrics.text()).not.toContain('name="ceilometer"');
});

test("every metric has a help text", async () => {
  const metrics = createMetrics({ queueDepth: () => 0 });
  metrics.reconciled("ceilometerupgrade", "settled", 0.01);
  metrics.wrote("patch", "done");
  metrics.watchFault("pods", "expired");
  metrics.leading(true);
  const text = await metrics.text();
  const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
  const helps = [...text.matchAll(/^# HELP (\S+) \S/gm)].map((match) => match[1]);
  expect(types.length).toBeGreaterThan(5);
  expect(helps).toEqual(types);
});
