import { expect, test } from "vitest";
import { SPEC } from "../../../test/support/builders.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError, type KubeFailureKind } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { VerbRequest } from "./request.ts";
import { untilTaken, writeVerb } from "./write.ts";

const object = { apiVersion: "v1", kind: "CeilometerUpgrade", metadata: { name: "a", namespace: "b", uid: "u" } };
const taken = { ...object, metadata: { ...object.metadata, resourceVersion: "2" }, spec: {} };

const failing = (kind: KubeFailureKind): Promise<never> =>
  Promise.reject(new KubeApiError({ kind, code: 503, reason: "", message: "the server is away" }));

/** Answers one after the other, the last one again and again; a second passes with each look at the clock. */
function waiting(...answers: readonly (KubeFailureKind | KubeObject)[]) {
  let asked = 0;
  let now = 0;
  const get: KubeClient["get"] = () => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? "other";
    asked += 1;
    return typeof answer === "string" ? failing(answer) : Promise.resolve(answer);
  };
  const patience = { milliseconds: 3000, signal: new AbortController().signal, now: () => (now += 1000) };
  return untilTaken({ get }, { verb: "retry" }, { object, bySpec: false }, patience);
}

test("a look that fails in passing is made again, as the verb is written already", async () => {
  await expect(waiting("unavailable", "lost", taken)).resolves.toBeUndefined();
});

test("what cannot be read for as long as is waited is told as that, and that the verb stays written", async () => {
  await expect(waiting("throttled")).rejects.toThrow(/stays written.*could not be read within 3 s: the server is away/);
});

test("what does not pass by itself is told at once", async () => {
  await expect(waiting("notFound", taken)).rejects.toThrow("the server is away");
});

test("another resource of the same name has taken nothing", async () => {
  const other = { ...taken, metadata: { ...taken.metadata, uid: "v" } };
  await expect(waiting(other)).rejects.toThrow("was deleted and made anew meanwhile");
});

/** What is written of a verb into a resource with these annotations. */
async function writtenOf(request: VerbRequest, annotations: Readonly<Record<string, string>> = {}) {
  const resource = { ...taken, metadata: { ...taken.metadata, annotations }, spec: SPEC };
  const sent: unknown[] = [];
  const patch: KubeClient["patchMerge"] = (...[, , body]) => {
    sent.push(body);
    return Promise.resolve(resource);
  };
  const client = { get: () => failing("other"), patchMerge: patch, patchJson: () => failing("other") };
  await writeVerb(client, request, resource, { bySpec: false, dryRun: false });
  return sent;
}
const risk = { check: "DefinitionRemoved", object: "a", expiresAt: "2027-01-31T00:00:00Z" } as const;
const approve = (planHash: string): VerbRequest => ({ verb: "approve", approval: { before: "api", planHash } });

test.each([
  ["a reason that is empty", { verb: "accept-risk", risk: { ...risk, reason: "" } }, {}, /accept-risk.*reason/],
  ["a gate without a reason", { verb: "skip", gate: { name: "a", planHash: "01234567", reason: "" } }, {}, /skip-gate/],
  ["what is no hash of a plan", approve("the latest"), { approve: "polling@01234567" }, /approve/],
  ["what somebody has written there before", approve("01234567"), { approve: "true" }, /approve/],
  [
    "a risk without an end there",
    { verb: "accept-risk", risk: { ...risk, reason: "b" } },
    { "accept-risk": '[{"check":"DefinitionAltered"}]' },
    /accept-risk/,
  ],
] satisfies [string, VerbRequest, Record<string, string>, RegExp][])(
  "is refused, as the operator would understand nothing of the annotation: %s",
  async (_, request, before, says) => {
    const annotations: Record<string, string> = {};
    for (const [name, text] of Object.entries<string>(before)) annotations[`ceilometer.openstack.org/${name}`] = text;
    await expect(writtenOf(request, annotations)).rejects.toThrow(says);
  },
);

test("what the operator understands is written, whatever else is annotated", async () => {
  const annotations = { "ceilometer.openstack.org/approve": "rubbish", "ceilometer.openstack.org/skip-gate": "" };
  for (const request of [
    { verb: "abort", rollback: true },
    { verb: "resume" },
    { verb: "accept-risk", risk: { ...risk, reason: "b" } },
  ] satisfies VerbRequest[])
    expect(await writtenOf(request, annotations)).toHaveLength(1);
});
