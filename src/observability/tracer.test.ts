import http from "node:http";
import { expect, test } from "vitest";
import { anUpgrade, aRecord, NOW } from "../../test/support/builders.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import type { Status } from "../api/v1alpha1/schema.ts";
import type { Decision } from "../model/decision.ts";
import type { Effect } from "../model/outcome.ts";
import { formatTime } from "../model/time.ts";
import { silentLog } from "../runtime/logger.ts";
import { endedSpans, writeSpan } from "./spans.ts";
import { createTracer } from "./tracer.ts";
import type { UpgradeReport } from "./upgrade-report.ts";

const { metadata, spec } = anUpgrade();
const record = aRecord();
const at = (seconds: number): string => formatTime(NOW + seconds * 1000);
const why = { reason: "TakingDown", message: "hunter2", clause: "F4" };
const effect: Effect = {
  kind: "patch",
  ref: { kind: "Deployment", namespace: "openstack", name: "ceilometer-central" },
  operations: [{ op: "test", path: "/a", value: 1 }],
  why,
};
const decision: Decision = {
  phase: "Progressing",
  headline: why,
  steps: [{ component: "polling", outcome: { kind: "act", effect, note: why } }],
  findings: [],
  probes: [],
  effect,
  record,
};
const running: Status = {
  plan: { hash: record.plan },
  steps: [{ name: "polling", state: "Running", startedAt: at(0) }],
};
const done: Status = {
  plan: { hash: record.plan },
  steps: [{ name: "polling", state: "Succeeded", startedAt: at(0), finishedAt: at(60) }],
  history: [{ plan: record.plan, to: "2025.2", state: "Completed", startedAt: at(-5), finishedAt: at(61) }],
};
const report = (status: Status): UpgradeReport => ({
  metadata,
  spec,
  status,
  decision,
  workloads: { seen: "absent" },
  now: NOW,
});
const written = { metadata, decision, began: NOW + 1500, ended: NOW + 1520 };

test("an attempt, its steps and their writes are one trace, whichever process tells which", () => {
  const write = writeSpan(effect, "done", written);
  const [step, attempt, ...more] = endedSpans(running, report(done));
  expect(more).toEqual([]);
  expect(new Set([write?.traceId, step?.traceId, attempt?.traceId]).size).toBe(1);
  expect(step?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(step?.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect([write?.parentSpanId, step?.parentSpanId, attempt?.parentSpanId]).toEqual([
    step?.spanId,
    attempt?.spanId,
    undefined,
  ]);
  expect([write?.name, step?.name, attempt?.name]).toEqual(["TakingDown", "polling", "upgrade to 2025.2"]);
  expect(step?.startTimeUnixNano).toBe(`${NOW}000000`);
  expect(step?.endTimeUnixNano).toBe(`${NOW + 60_000}000000`);
  expect(write?.status.code).toBe(1);
  expect(writeSpan(effect, "refused", written)?.status.code).toBe(2);
  expect(JSON.stringify([write, step, attempt])).not.toContain("hunter2");
});

test("what was told is not told again, and nothing is told before there is a plan", () => {
  expect(endedSpans(done, report(done))).toEqual([]);
  expect(endedSpans({}, report({ ...done, steps: [] }))).toEqual([]);
  const { record: _, ...before } = decision;
  expect(writeSpan(effect, "done", { ...written, decision: before })).toBeUndefined();
});

test("a collector that is not there or asks to wait is tried again with all that waits; the end sends what is left", async () => {
  const bodies: string[] = [];
  let status = 503;
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      bodies.push(body);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = new URL(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/v1/traces`);
  const clock = new FakeClock();
  const target = { url, headers: {}, caFile: undefined, timeoutMs: 1000, service: "s" };
  const tracer = createTracer({ target, clock, log: silentLog, version: "1", instance: "i" });
  const arrived = async (count: number): Promise<void> => {
    while (bodies.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  tracer.wrote(effect, "done", written);
  await clock.advance(5_000);
  await arrived(1);
  status = 200;
  tracer.stored(running, report(done));
  await tracer.stop();
  expect(bodies.map((body) => body.match(/"spanId"/g)?.length)).toEqual([1, 3]);
  expect(clock.sleeping).toBe(0);
  await new Promise((resolve) => server.close(resolve));
});
