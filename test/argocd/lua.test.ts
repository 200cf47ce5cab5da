/** Health and actions as Argo CD itself computes them, of resources whose status the operator's own reporter has made. */
import { expect, inject, test } from "vitest";
import { API_VERSION, KIND, VERB } from "../../src/api/v1alpha1/names.ts";
import type { Status } from "../../src/api/v1alpha1/schema.ts";
import { makeStatus } from "../../src/controllers/ceilometer-upgrade/status.ts";
import type { Decision, Phase } from "../../src/model/decision.ts";
import type { Violation } from "../../src/model/outcome.ts";
import { anUpgrade, aRecord, NOW } from "../support/builders.ts";
import { adminOf } from "./admin.ts";

const admin = adminOf(inject("argocd"));

interface Shape {
  readonly status?: Status;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
}

const resource = ({ status, spec = {}, generation = 1, ...metadata }: Shape = {}) => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: "ceilometer", namespace: "openstack", generation, ...metadata },
  spec: { strategy: "Full", components: { collector: { targets: [] } }, ...spec },
  ...(status === undefined ? {} : { status }),
});

const record = aRecord();
const violation: Violation = {
  gate: "Rollout",
  object: "Pod/a",
  reason: "CrashLoopBackOff",
  message: "it crashes",
  remedy: "read its log",
  severity: "Error",
};

function reported(phase: Phase, reason: string, more: Partial<Decision> = {}): Status {
  const headline = { reason, message: "so it is" };
  const decision: Decision = { phase, headline, steps: [], findings: [], probes: [], record, ...more };
  return makeStatus({ upgrade: anUpgrade(), decision, records: [], now: NOW }, {});
}

const awaiting: Status = {
  ...reported("Waiting", "AwaitingApproval"),
  steps: [
    { name: "database", state: "Succeeded" },
    {
      name: "polling",
      state: "Waiting",
      blockedBy: { gate: "Approval", object: "polling", reason: "AwaitingApproval", remedy: "approve it" },
    },
  ],
};
const states = {
  new: undefined,
  checking: reported("Preflight", "Checking"),
  progressing: reported("Progressing", "Progressing"),
  unreadable: reported("Unreadable", "Unreadable"),
  pausing: reported("Progressing", "TakingDown"),
  paused: reported("Paused", "Paused"),
  awaiting,
  "outside its windows": reported("Waiting", "OutsideWindow"),
  planned: reported("Planned", "Planned"),
  "refused before the first write": reported("Held", violation.reason, { findings: [violation] }),
  held: reported("Held", violation.reason, { findings: [violation] }),
  aborted: reported("Held", "Aborted"),
  "rolled back by annotation": reported("RolledBack", "RolledBack"),
  "rolled back by spec": reported("RolledBack", "RolledBack", { spec: anUpgrade({ rollback: true }).spec }),
  completed: reported("Completed", "Completed"),
  "nothing to do": reported("NoChange", "NoChange"),
  drifted: reported("Completed", "Completed", { drifted: ["Deployment/a"] }),
} as const satisfies Readonly<Record<string, Status | undefined>>;

test.concurrent.each([
  ["new", "Progressing", "The operator has not reported on this generation yet"],
  ["checking", "Progressing", "Checking: so it is"],
  ["progressing", "Progressing", "Progressing: so it is"],
  ["unreadable", "Progressing", "Unreadable: so it is"],
  ["pausing", "Progressing", "TakingDown: so it is"],
  ["paused", "Suspended", "Paused: so it is"],
  ["awaiting", "Suspended", "AwaitingApproval: so it is"],
  ["outside its windows", "Suspended", "OutsideWindow: so it is"],
  ["planned", "Suspended", "Planned: so it is"],
  ["refused before the first write", "Degraded", "CrashLoopBackOff: so it is"],
  ["held", "Degraded", "CrashLoopBackOff: so it is"],
  ["aborted", "Degraded", "Aborted: so it is"],
  ["rolled back by annotation", "Degraded", "RolledBack: so it is"],
  ["rolled back by spec", "Healthy", "RolledBack: so it is"],
  ["completed", "Healthy", "Completed: so it is"],
  ["nothing to do", "Healthy", "NoChange: so it is"],
  ["drifted", "Suspended", "Drifted: not at the target any more: Deployment/a"],
] as const)("a resource that is %s is %s", async (state, status, message) => {
  const held = await admin.health(resource({ ...of(state) }));
  expect(held).toEqual({ status, message });
});

const of = (state: keyof typeof states): Shape => {
  const status = states[state];
  return status === undefined ? {} : { status };
};

test.concurrent.each(Object.keys(states))(
  "whatever was said of an earlier generation (%s), the next one is Progressing",
  async (state) => {
    const status = Object.entries(states).find(([name]) => name === state)?.[1];
    const { status: health } = await admin.health(resource({ generation: 2, ...(status ? { status } : {}) }));
    expect(health).toBe("Progressing");
  },
);

test.concurrent("a status without conditions, or with half of them, is Progressing and no error", async () => {
  for (const status of [{}, { conditions: [] }, { observedGeneration: 1, conditions: [] }] satisfies Status[])
    expect(await admin.health(resource({ status }))).toMatchObject({ status: "Progressing" });
});

test.concurrent.each([
  ["new", resource(), ["pause"]],
  ["under way", resource(of("progressing")), ["abort", "pause", "rollback"]],
  ["being paused by spec", resource({ ...of("pausing"), spec: { paused: true } }), ["abort", "resume", "rollback"]],
  [
    "being paused by annotation",
    resource({ ...of("pausing"), annotations: { [VERB.pause]: "true" } }),
    ["abort", "resume", "rollback"],
  ],
  ["paused", resource(of("paused")), ["abort", "resume", "rollback"]],
  ["waiting for a person", resource(of("awaiting")), ["abort", "approve", "pause", "rollback"]],
  [
    "just approved",
    resource({ ...of("awaiting"), annotations: { [VERB.approve]: `polling@${record.plan}` } }),
    ["abort", "pause", "rollback"],
  ],
  ["planned", resource({ ...of("planned"), spec: { mode: "Plan" } }), []],
  ["held", resource(of("held")), ["abort", "pause", "retry", "rollback"]],
  ["aborted by spec", resource({ ...of("held"), spec: { abort: true } }), ["pause", "retry", "rollback"]],
  ["aborted", resource(of("aborted")), ["pause", "retry", "rollback"]],
  ["completed", resource(of("completed")), ["rollback"]],
  ["drifted", resource(of("drifted")), ["retry", "rollback"]],
  ["rolled back", resource(of("rolled back by annotation")), ["retry"]],
  ["being deleted", resource({ ...of("held"), deletionTimestamp: "2026-12-05T02:00:00Z" }), []],
])("a resource that is %s can be told what makes sense", async (_state, object, enabled) => {
  const all = ["abort", "approve", "pause", "resume", "retry", "rollback"];
  expect(await admin.actions(object)).toEqual({
    enabled,
    disabled: all.filter((name) => !enabled.includes(name)),
  });
});

test.concurrent.each(["pause", "resume", "abort", "retry", "rollback"] as const)(
  "%s is asked for by its annotation, and nothing else is touched",
  async (verb) => {
    const before = resource({ ...of("held"), annotations: { mine: "stays" } });
    const annotations = { mine: "stays", [VERB[verb]]: "true" };
    expect(await admin.act(before, verb)).toEqual({ ...before, metadata: { ...before.metadata, annotations } });
    const bare = resource(of("held"));
    expect((await admin.act(bare, verb)).metadata["annotations"]).toEqual({ [VERB[verb]]: "true" });
  },
);

test.concurrent.each([
  ["pause", "resume"],
  ["resume", "pause"],
] as const)("%s withdraws a request to %s", async (verb, other) => {
  const before = resource({ ...of("progressing"), annotations: { [VERB[other]]: "true" } });
  expect((await admin.act(before, verb)).metadata["annotations"]).toEqual({ [VERB[verb]]: "true" });
});

test.concurrent("resume takes back spec.paused, too", async () => {
  const before = resource({ ...of("paused"), spec: { paused: true } });
  expect(await admin.act(before, "resume")).toMatchObject({
    metadata: { annotations: { [VERB.resume]: "true" } },
    spec: { ...before.spec, paused: false },
  });
});

test.concurrent("approve names the step that waits and the plan, beside what was approved before", async () => {
  const word = `polling@${record.plan}`;
  const { metadata } = await admin.act(resource(of("awaiting")), "approve");
  expect(metadata["annotations"]).toEqual({ [VERB.approve]: word });
  const before = { [VERB.approve]: `collector@${record.plan}` };
  const again = await admin.act(resource({ ...of("awaiting"), annotations: before }), "approve");
  expect(again.metadata["annotations"]).toEqual({ [VERB.approve]: `collector@${record.plan},${word}` });
});

test.concurrent("approve says so where nothing waits for it", async () => {
  for (const object of [resource(), resource(of("progressing")), resource(of("completed"))])
    await expect(admin.act(object, "approve")).rejects.toThrow("waits for an approval");
});
