import { expect, test } from "vitest";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError, type KubeFailureKind } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/object.ts";
import { untilTaken } from "./write.ts";

const object = { apiVersion: "v1", kind: "CeilometerUpgrade", metadata: { name: "a", namespace: "b" } };
const taken = { ...object, metadata: { ...object.metadata, uid: "u", resourceVersion: "2" }, spec: {} };

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
