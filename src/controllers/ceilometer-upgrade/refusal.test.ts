import { expect, test } from "vitest";
import { FINALIZER } from "../../api/v1alpha1/names.ts";
import type { Decision } from "../../model/decision.ts";
import type { Effect } from "../../model/outcome.ts";
import { failing, refusal, stuck } from "./refusal.ts";

const note = { reason: "AttemptStarted", message: "start" };
const decision: Decision = { phase: "Progressing", headline: note, steps: [], findings: [], probes: [] };
const object = "ConfigMap/ceilometer-attempt-1";
const metadata = { namespace: "openstack", name: "ceilometer-attempt-1" };
const body = { apiVersion: "v1", kind: "ConfigMap", metadata };
const effect: Effect = { kind: "create", object: body, why: { ...note, object } };

test("an object of ours whose name is taken is told as that, and what to do about it", () => {
  const told = refusal(decision, effect, 'configmaps "ceilometer-attempt-1" already exists');
  expect(told).toMatchObject({ phase: "Held", headline: { reason: "NameTaken", object } });
  expect(told.findings).toMatchObject([{ object, reason: "NameTaken", remedy: "delete or rename it" }]);
  const held: Effect = { ...effect, object: { ...body, metadata: { ...metadata, finalizers: [FINALIZER] } } };
  expect(refusal(decision, held, "it already exists").findings).toMatchObject([
    { object, reason: "NameTaken", remedy: "take its finalizer off and delete it" },
  ]);
});

test("every other refusal is told in the API server's words, with what to do about it", () => {
  const { headline, findings } = refusal(decision, effect, "exceeded quota");
  expect(headline).toMatchObject({ reason: "WriteRefused", object });
  expect(headline.message).toMatch(/: exceeded quota; correct what it names: .*quota$/);
  expect(findings).toEqual([]);
});

test("what stays stale is not told as refused by the API server", () => {
  const ref = { kind: "Deployment", namespace: "openstack", name: "a" };
  const operations = [{ op: "test", path: "/metadata/uid", value: "u" }] as const;
  const patch: Effect = { kind: "patch", ref, operations, why: { ...note, object: "Deployment/a" } };
  const { headline, phase } = stuck(decision, patch, { why: "Pod/b was not seen" });
  expect(phase).toBe("Held");
  expect(headline.message).toMatch(/^Deployment\/a: .*Pod\/b was not seen; .*restart the operator/);
  expect(headline.message).not.toContain("refused");
  expect(stuck(decision, effect, { why: "it already exists" }).headline.reason).toBe("NameTaken");
});

test("what is answered as done and never is, is told as taken out again, and no watch is blamed", () => {
  const ref = { kind: "Deployment", namespace: "openstack", name: "a" };
  const why = { reason: "Claiming", message: "claim", object: "Deployment/a" };
  const claim: Effect = { kind: "annotate", ref, uid: "u", resourceVersion: "1", metadata: {}, why };
  const { headline, phase } = stuck(decision, claim, { why: "nothing has changed", isUndone: true });
  expect(phase).toBe("Held");
  expect(headline).toMatchObject({ reason: "WriteRefused", object: "Deployment/a" });
  expect(headline.message).toMatch(/^Deployment\/a: .*Claiming.*stores nothing of it; look which mutating .*webhook/);
  expect(headline.message).not.toContain("watch");
});

test("a write that keeps failing is told with its object, the failure and what to look at", () => {
  const why = 'failed calling webhook "policy.example": connection refused';
  const { phase, headline } = failing(decision, effect, { kind: "unavailable", code: 500, reason: "", message: why });
  expect(phase).toBe("Held");
  expect(headline).toMatchObject({ reason: "WriteFailing", object });
  expect(headline.message).toMatch(
    /^ConfigMap\/ceilometer-attempt-1: AttemptStarted .*connection refused; look .*webhook/,
  );
});
