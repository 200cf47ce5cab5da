/** A Job that asks an image which pollsters it has: its answer comes with its pod, by another watch than the Job. */
import { expect, test } from "vitest";
import {
  aDeployment,
  aJob,
  anAgent,
  anUpgrade,
  aPod,
  aWorld,
  NEW_IMAGE,
  NOW,
  type PodWords,
} from "../../test/support/builders.ts";
import type { Job } from "../model/observation.ts";
import { askImage } from "./ask-image.ts";

const OCATA = { name: "ocata", major: 8 };
const ANSWER = JSON.stringify({ central: { extra: ["of.our.own"], missing: [] } });
const upgrade = anUpgrade({
  strategy: "Partial",
  components: {
    database: { action: "Skip" },
    polling: {
      targets: [{ kind: "Deployment", name: "central" }],
      newPollsters: { source: "Image" },
      verification: { podLog: {} },
    },
  },
});
const agents = [anAgent(aDeployment({ name: "central", component: "polling" }), { component: "polling" })];
const owner = { kind: "CeilometerUpgrade", name: upgrade.metadata.name, uid: upgrade.metadata.uid };

function asked(job: Partial<Job> | undefined, pod?: PodWords) {
  const first = askImage(aWorld({ upgrade }), agents, OCATA);
  if (first.kind !== "ask" || first.effect.kind !== "create") throw new Error(first.kind);
  const { name } = first.effect.object.metadata;
  const made = aJob(name, { ...job, metadata: { owner } });
  const of = { kind: "Job", name, uid: made.metadata.uid };
  const pods = pod === undefined ? [] : [aPod(aDeployment({ name: "asking" }), { owner: of, ...pod })];
  return askImage(aWorld({ upgrade, jobs: [made], pods }), agents, OCATA);
}

const ended = (message: string) => ({ terminated: { exitCode: 0, reason: "Completed", message } });

test("what the pod has left as its answer is read", () => {
  const state = ended(ANSWER);
  expect(asked({ state: "succeeded" }, { phase: "Succeeded", state })).toMatchObject({ kind: "answered" });
  const rubbish = ended("rubbish");
  expect(asked({ state: "succeeded" }, { phase: "Succeeded", state: rubbish })).toMatchObject({
    kind: "failed",
    violation: { reason: "PollstersUnknown" },
  });
});

test("is not asked for pollsters that a builder makes: no entry point has their names (I7)", () => {
  const first = askImage(aWorld({ upgrade }), agents, OCATA);
  const question = JSON.stringify(first);
  expect(question).toContain("image.size");
  expect(question).not.toContain("hardware.cpu.load");
});

test("a pod whose end is not seen yet has not answered badly", () => {
  expect(asked({ state: "succeeded", finishedAt: NOW - 3_600_000 }, {})).toMatchObject({ kind: "wait" });
  const finishedAt = NOW - 20_000;
  expect(asked({ state: "succeeded", finishedAt })).toMatchObject({
    kind: "wait",
    until: { recheckAt: finishedAt + 60_000 },
  });
  // It was removed, and what it said with it.
  expect(asked({ state: "succeeded", finishedAt: NOW - 60_000 })).toMatchObject({ kind: "failed" });
  expect(asked({ state: "succeeded" })).toMatchObject({ kind: "failed" });
});

test("a Job that cannot ask is not told as one that asks (I11)", () => {
  const words = { phase: "Pending", ready: false };
  const waiting = { reason: "ErrImagePull", message: "not found" };
  expect(asked({}, words)).toMatchObject({ kind: "wait" });
  expect(asked({}, { ...words, state: { waiting, image: NEW_IMAGE } })).toMatchObject({
    kind: "failed",
    violation: { reason: "ImagePullBackOff" },
  });
  const deletingSince = NOW - 301_000;
  expect(asked({}, { node: "host-7", deletingSince })).toMatchObject({
    kind: "failed",
    violation: { reason: "HostUnreachable", object: "Node/host-7" },
  });
});
