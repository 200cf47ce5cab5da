/** Extra gates in an attempt: when one has failed, when it has passed for good, and which Job is its own. */
import { expect, test } from "vitest";
import { aCronJob, aDeployment, anAgent, anUpgrade, aRecord, aWorld, NOW } from "../../test/support/builders.ts";
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import type { ProbeResult } from "../model/probe.ts";
import { formatTime } from "../model/time.ts";
import { gatesAt } from "./extra-gates.ts";

const query = { provider: "monitoring", query: "up", max: "1" };
const asks: SpecInput["gates"] = [{ name: "quiet", before: "polling", prometheus: query, timeoutSeconds: 600 }];
const runs: SpecInput["gates"] = [{ name: "quiet", before: "polling", job: { kind: "CronJob", name: "look" } }];
const HOUR = 3_600_000;
const none = { collector: [], notification: [], polling: [], api: [] };

interface Words {
  readonly gates?: SpecInput["gates"];
  readonly retryAttempt?: number;
  readonly mark?: Partial<AttemptRecord["gates"][string]>;
  readonly record?: Partial<AttemptRecord>;
  readonly probes?: Readonly<Record<string, ProbeResult>>;
}

function at({ gates = asks, retryAttempt = 0, mark = {}, record = {}, probes = {} }: Words): Outcome | undefined {
  const since = formatTime(NOW - HOUR);
  const look = aCronJob("look", { annotations: { [ANNOTATION.allowJobFrom]: "true" } });
  const world = aWorld({
    upgrade: anUpgrade({ gates, retryAttempt }),
    cronJobs: [{ ...look, template: { ...look.template, annotations: { "sidecar.istio.io/inject": "false" } } }],
    probes,
  });
  const polling = [anAgent(aDeployment({ name: "central", component: "polling" }), { component: "polling" })];
  const scene = {
    world,
    record: aRecord({ gates: { quiet: { since, retry: 0, ...mark } }, ...record }),
    agents: { ...none, polling },
    left: none,
    target: { name: "ocata", major: 8 },
  };
  return gatesAt(scene, "before", "polling");
}

const probeOf = (outcome: Outcome | undefined): string =>
  outcome?.kind === "wait" ? (outcome.probes?.[0]?.id ?? "") : "";

test("after its time it has failed by what it was answered, and not because nobody was asked yet", () => {
  const unasked = at({});
  expect(unasked).toMatchObject({ kind: "wait", blocked: { reason: "WaitingForGate" } });
  const answer = { at: NOW, verdict: "fail", reason: "messages wait" } as const;
  expect(at({ probes: { [probeOf(unasked)]: answer } })).toMatchObject({
    kind: "held",
    violations: [{ reason: "GateFailed" }],
  });
});

test("what it passed in an attempt that had ended is nothing to one that is carried out once more", () => {
  const mark = { passedAt: formatTime(NOW - HOUR) };
  const ended = { state: "Completed", at: formatTime(NOW - HOUR / 2), retry: 0 } as const;
  expect(at({ mark, retryAttempt: 1 })).toBeUndefined();
  expect(at({ mark, retryAttempt: 1, record: { ended } })).toMatchObject({
    kind: "act",
    note: { reason: "AskingGate" },
  });
});

test("its Job is as its template, with the annotations of that one's pod", () => {
  const outcome = at({ gates: runs });
  const made = outcome?.kind === "act" && outcome.effect.kind === "create" ? outcome.effect.object : outcome;
  expect(made).toMatchObject({
    spec: { template: { metadata: { annotations: { "sidecar.istio.io/inject": "false" } } } },
  });
});

test("its Job is another one where an attempt is taken up again", () => {
  const jobOf = (since: string): unknown => {
    const outcome = at({ gates: runs, mark: { since } });
    return outcome?.kind === "act" && outcome.effect.kind === "create" ? outcome.effect.object.metadata.name : outcome;
  };
  const first = jobOf(formatTime(NOW - HOUR));
  expect(first).toMatch(/^ceilometer-gate-[0-9a-f]{8}$/);
  expect(jobOf(formatTime(NOW))).not.toBe(first);
});
