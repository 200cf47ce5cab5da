import { expect, test } from "vitest";
import { aDeployment, anAgent, anUpgrade, aWorld, marks, NOW } from "../../test/support/builders.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import { parseRelease, type Release } from "../model/release.ts";
import { formatTime } from "../model/time.ts";
import { collectorQueue } from "./collector-queue.ts";

function asked(
  spec: Partial<SpecInput> = {},
  more: { readonly to?: string; readonly replicas?: number; readonly lent?: number } = {},
) {
  const { to = "queens", replicas = 2, lent } = more;
  const annotations = lent === undefined ? {} : marks({ borrowed: { replicas: lent }, phase: { phase: "down" } });
  const target = parseRelease(to) satisfies Release | undefined;
  if (target === undefined) throw new Error(to);
  const collector = anAgent(aDeployment({ name: "collector", component: "collector", replicas, annotations }), {
    component: "collector",
    wanted: { image: "", mounts: [], undone: [], appended: undefined, replicas: undefined, retires: true },
  });
  const { violations, accepted } = collectorQueue([collector], aWorld({ upgrade: anUpgrade(spec) }), target);
  return { reasons: violations.map(({ reason, object }) => `${reason} ${object}`), accepted };
}

const UNSEEN = "CollectorQueueUnseen Deployment/collector";
const risk = (object: string, expiresAt: number) => ({
  check: "CollectorQueueUnseen" as const,
  object,
  reason: "looked at the broker",
  expiresAt: formatTime(expiresAt),
});
const gate = { name: "stored", job: { kind: "Job", name: "look" }, timeoutSeconds: 60 } as const;

test("a collector does not retire where nothing shows that its queues are empty", () => {
  expect(asked()).toEqual({ reasons: [UNSEEN], accepted: [] });
  expect(asked({ gates: [{ ...gate, before: "polling" }] }).reasons).toEqual([UNSEEN]);
  expect(asked({ gates: [{ ...gate, after: "collector" }] }).reasons).toEqual([UNSEEN]);
});

test("a gate before it sees them", () => {
  expect(asked({ gates: [{ ...gate, before: "collector" }] })).toEqual({ reasons: [], accepted: [] });
  const http = { provider: "broker", path: "/", pointer: "/messages", max: "0" };
  expect(asked({ gates: [{ name: "stored", before: "collector", http }] }).reasons).toEqual([]);
  const prometheus = { provider: "monitoring", query: "sum(x)", max: "0" };
  expect(asked({ gates: [{ name: "stored", before: "collector", prometheus }] }).reasons).toEqual([]);
});

test.each<[what: string, asks: Partial<NonNullable<SpecInput["gates"]>[number]>]>([
  ["an answer alone", { http: { provider: "broker", path: "/" } }],
  ["any number", { http: { provider: "broker", path: "/", pointer: "/messages" } }],
  ["a least number", { prometheus: { provider: "monitoring", query: "sum(x)", min: "0" } }],
  ["a line in its log", { podLog: { text: "idle" } }],
])("a gate before it that %s passes sees nothing of them", (_, asks) => {
  expect(asked({ gates: [{ name: "stored", before: "collector", ...asks }] }).reasons).toEqual([UNSEEN]);
});

test("a person answers for them by name, until the word expires", () => {
  const ours = risk("Deployment/collector", NOW + 1000);
  expect(asked({ acceptedRisks: [ours] })).toEqual({ reasons: [], accepted: [ours] });
  expect(asked({ acceptedRisks: [risk("Deployment/other", NOW + 1000)] }).reasons).toEqual([UNSEEN]);
  expect(asked({ acceptedRisks: [risk("Deployment/collector", NOW - 1000)] }).reasons).toEqual([UNSEEN]);
});

test("one that is down already leaves nothing behind by retiring, and one that the target has is refused for that", () => {
  expect(asked({}, { replicas: 0 }).reasons).toEqual([]);
  // Of one that an attempt before has taken down nobody has looked at the queues, and its notification agents went on.
  expect(asked({}, { replicas: 0, lent: 2 }).reasons).toEqual([UNSEEN]);
  expect(asked({}, { to: "pike" }).reasons).toEqual([]);
});
