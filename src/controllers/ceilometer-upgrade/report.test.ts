import { expect, test } from "vitest";
import { aMeta, NAMESPACE } from "../../../test/support/builders.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { growth } from "../../../test/support/growth.ts";
import type { Status } from "../../api/v1alpha1/schema.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError, type KubeFailure } from "../../kube/errors.ts";
import { parseObject } from "../../kube/object.ts";
import type { Decision, Phase } from "../../model/decision.ts";
import { silentLog } from "../../runtime/logger.ts";
import { createReporter } from "./report.ts";
import { isOfSpec } from "./status-storage.ts";

const decided = (phase: Phase): Decision => ({
  phase,
  headline: { reason: phase, message: "so it is" },
  steps: [],
  findings: [],
  probes: [],
});
const collector = (state: "Running" | "Succeeded", message: string): Status => ({
  steps: [{ name: "Collector", state, message }],
});
const { signal } = new AbortController();

/** A reporter of upgrades that each have had their first report, and how many reports it has written since. */
async function reporting(upgrades: number) {
  const clock = new FakeClock();
  let writes = 0;
  let refuses: KubeFailure | undefined;
  const stored: unknown[] = [];
  const client: Pick<KubeClient, "patchJson"> = {
    patchJson(_resource, { name }, operations) {
      writes += 1;
      const status = operations.at(-1)?.value;
      const isWhole = typeof status === "object" && status !== null && "steps" in status;
      if (refuses !== undefined && (refuses.kind !== "invalid" || isWhole))
        return Promise.reject(new KubeApiError(refuses));
      stored.push(status);
      return Promise.resolve(parseObject({ apiVersion: "v1", kind: "CeilometerUpgrade", metadata: { name } }));
    },
  };
  const reporter = createReporter({ client, recorder: { record() {} }, clock, log: silentLog, put() {} });
  const report = (name: string, previous: Status, status: Status, phase: Phase = "Progressing") =>
    reporter.report(aMeta(name), previous, status, decided(phase), signal);
  for (let index = 0; index < upgrades; index += 1) await report(`u${index}`, {}, collector("Running", "begun"));
  writes = 0;
  const refuse = (by: KubeFailure | undefined): void => {
    refuses = by;
  };
  return { clock, reporter, report, refuse, stored, writes: () => writes };
}

const before = collector("Running", "begun");
const otherWords = collector("Running", "two of three pods are gone");
const otherStep = collector("Succeeded", "all pods are new");

test.each([
  ["the words of a step", otherWords, 5000],
  ["a step", otherStep, 1000],
])("a change of %s is written when its time has come, and not before", async (_what, after, spacing) => {
  const { clock, report, writes } = await reporting(1);
  await clock.advance(spacing - 1);
  expect(await report("u0", before, after)).toEqual({ stored: false, againMs: 1 });
  await clock.advance(1);
  expect(await report("u0", before, after)).toMatchObject({ stored: true });
  expect(writes()).toBe(1);
});

test.each([
  [10, 1000],
  [11, 1100],
  [40, 4000],
])("where %i upgrades move, a step waits %i ms for its report", async (moving, spacing) => {
  const { report, writes } = await reporting(moving);
  expect(await report("u0", before, otherStep)).toEqual({ stored: false, againMs: spacing });
  expect(writes()).toBe(0);
});

test("upgrades that have ended, or are gone, make no other wait", async () => {
  const { report, reporter } = await reporting(40);
  for (let index = 10; index < 25; index += 1) await report(`u${index}`, before, otherStep, "Completed");
  for (let index = 25; index < 40; index += 1) reporter.forget(`${NAMESPACE}/u${index}`);
  expect(await report("u0", before, otherStep)).toEqual({ stored: false, againMs: 1000 });
});

test("an end and a hold are told at once, however many move", async () => {
  const { report, writes } = await reporting(100);
  expect(await report("u0", before, otherStep, "Completed")).toMatchObject({ stored: true });
  expect(await report("u1", before, otherWords, "Held")).toMatchObject({ stored: true });
  expect(writes()).toBe(2);
});

test("what stands in the cluster already is not written again", async () => {
  const { clock, report, writes } = await reporting(1);
  await clock.advance(5000);
  expect(await report("u0", before, { ...before })).toMatchObject({ stored: true });
  expect(writes()).toBe(0);
});

test("a report that was refused is given again, also where no news of the resource comes", async () => {
  const { report, refuse, writes } = await reporting(1);
  refuse({ kind: "conflict", code: 409, reason: "Conflict", message: "not so" });
  expect(await report("u0", before, otherStep, "Completed")).toEqual({ stored: false, againMs: 5000 });
  refuse(undefined);
  expect(await report("u0", before, otherStep, "Completed")).toMatchObject({ stored: true });
  expect(writes()).toBe(2);
});

const invalid = (message: string): KubeFailure => ({ kind: "invalid", code: 422, reason: "Invalid", message });

test("a failed test of the patch is somebody else's write, and looked at again", async () => {
  const { report, refuse, stored } = await reporting(0);
  refuse(invalid("the server rejected our request due to an error in our request"));
  expect(await report("u0", before, otherStep, "Completed")).toEqual({ stored: false, againMs: 5000 });
  expect(stored).toEqual([]);
});

test("a report that does not fit the definition is told by its conditions alone, and not tried again and again", async () => {
  const { clock, report, refuse, stored, writes } = await reporting(0);
  const conditions: Status["conditions"] = [
    { type: "Ready", status: "False", reason: "Held", message: "so it is", lastTransitionTime: "2026-01-01T00:00:00Z" },
  ];
  const status: Status = { ...otherStep, observedGeneration: 3, conditions };
  refuse(invalid('CeilometerUpgrade "u0" is invalid: status.steps[0].message: Too long, it does not exist'));
  expect(await report("u0", before, status, "Held")).toEqual({ stored: false, againMs: 300_000 });
  expect(stored).toEqual([{ observedGeneration: 3, conditions }]);
  expect(writes()).toBe(2);
  await clock.advance(299_000);
  expect(await report("u0", { observedGeneration: 3, conditions }, status, "Held")).toMatchObject({ againMs: 1000 });
  expect(writes()).toBe(2);
  await clock.advance(1000);
  await report("u0", { observedGeneration: 3, conditions }, status, "Held");
  expect(writes()).toBe(3);
  refuse(undefined);
  expect(await report("u0", { conditions }, { ...status, step: "other" }, "Held")).toMatchObject({ stored: true });
});

test("what was announced is not announced again because something could not be read for a while", async () => {
  const clock = new FakeClock();
  const said: string[] = [];
  const client = {
    patchJson: () => Promise.resolve(parseObject({ metadata: { name: "u" }, kind: "K", apiVersion: "v1" })),
  };
  const recorder = { record: (_: unknown, { reason }: { readonly reason: string }) => void said.push(reason) };
  const reporter = createReporter({ client, recorder, clock, log: silentLog, put() {} });
  for (const phase of ["Held", "Unreadable", "Held", "Progressing", "Held"] as const)
    await reporter.report(aMeta("u"), {}, before, decided(phase), signal);
  expect(said).toEqual(["Held", "Held"]);
});

test("what was announced of a resource is announced of another one that takes its name", async () => {
  const said: string[] = [];
  const client = {
    patchJson: () => Promise.resolve(parseObject({ metadata: { name: "u" }, kind: "K", apiVersion: "v1" })),
  };
  const recorder = { record: ({ uid }: { readonly uid: string }) => void said.push(uid) };
  const reporter = createReporter({ client, recorder, clock: new FakeClock(), log: silentLog, put() {} });
  for (const uid of ["first", "first", "second"])
    await reporter.report({ ...aMeta("u"), uid }, {}, before, decided("Held"), signal);
  expect(said).toEqual(["first", "second"]);
});

test("where the spec that is stored does not fit, no part of a report is tried", async () => {
  const { report, refuse, stored, writes } = await reporting(0);
  refuse(
    invalid('CeilometerUpgrade "status-list" is invalid: spec.components: Invalid value: "object": expected a map'),
  );
  expect(await report("u0", before, otherStep, "Held")).toEqual({ stored: false, againMs: 300_000 });
  expect(stored).toEqual([]);
  expect(writes()).toBe(1);
});

test.each([
  ["x is invalid: spec.components: no", true],
  ["x is invalid: [spec: no, status.steps: no]", true],
  ["x is invalid: [status.steps: no,\n more, spec.only[0]: no]", true],
  ["x is invalid: [status.steps: no, status.spec: no]", false],
  ["spec.components, spec.only: no", false],
  [", spec: before it is invalid: status: no", false],
])("%j names a field of spec: %s", (message, wanted) => {
  expect(isOfSpec(message)).toBe(wanted);
});

test("that a refusal names no field of spec takes no longer than its text is long", () => {
  const message = (times: number): string => "is invalid: ".repeat(times);
  expect(isOfSpec(message(5000))).toBe(false);
  expect(growth({ from: 600, times: 8 }, message, isOfSpec)).toBeLessThan(24);
});
