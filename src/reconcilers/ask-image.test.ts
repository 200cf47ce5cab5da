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
  OLD_IMAGE,
  type PodWords,
} from "../../test/support/builders.ts";
import type { Job } from "../model/observation.ts";
import { askImages } from "./ask-image.ts";

const OCATA = { name: "ocata", major: 8 };
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

interface Made {
  readonly image: string;
  readonly job: Job;
  readonly command: string;
}

/** The Jobs that are made, one after the other, and run. */
function made(): readonly Made[] {
  const all: Made[] = [];
  for (;;) {
    const next = askImages(aWorld({ upgrade, jobs: all.map(({ job }) => job) }), agents, OCATA);
    if (next.kind !== "ask" || next.effect.kind !== "create") return all;
    const command = JSON.stringify(next.effect.object);
    const image = [NEW_IMAGE, OLD_IMAGE].find((each) => command.includes(`"${each}"`)) ?? "";
    all.push({ image, command, job: aJob(next.effect.object.metadata.name, { metadata: { owner } }) });
  }
}

/** The old image has answered; the target's has come so far. */
function asked(words: Partial<Job>, pod?: PodWords, old: PodWords = answer("[]")) {
  const over = { state: "succeeded" } as const;
  const all = made().map((each) => ({ ...each, job: { ...each.job, ...(each.image === OLD_IMAGE ? over : words) } }));
  const pods = all.flatMap(({ image, job }) => {
    const of = { kind: "Job", name: job.metadata.name, uid: job.metadata.uid };
    const said = image === OLD_IMAGE ? old : pod;
    return said === undefined ? [] : [aPod(aDeployment({ name: `asking-${all.length}` }), { owner: of, ...said })];
  });
  return askImages(aWorld({ upgrade, jobs: all.map(({ job }) => job), pods }), agents, OCATA);
}

function ended(message: string) {
  return { terminated: { exitCode: 0, reason: "Completed", message } };
}
function answer(extra: string): PodWords {
  return { phase: "Succeeded", state: ended(`{"central": {"extra": ${extra}, "missing": []}}`) };
}

test("each image is asked once, with the names of its own release, and what the pods have left as their answers is read", () => {
  const jobs = made();
  expect(jobs.map(({ image }) => image)).toEqual([NEW_IMAGE, OLD_IMAGE]);
  expect(new Set(jobs.map(({ job }) => job.metadata.name)).size).toBe(2);
  expect(asked({ state: "succeeded" }, answer('["of.our.own", "new"]'), answer('["of.our.own"]'))).toEqual({
    kind: "answered",
    images: new Map([
      [NEW_IMAGE, new Map([["central", { extra: ["of.our.own", "new"], missing: [] }]])],
      [OLD_IMAGE, new Map([["central", { extra: ["of.our.own"], missing: [] }]])],
    ]),
  });
  const rubbish = ended("rubbish");
  expect(asked({ state: "succeeded" }, { phase: "Succeeded", state: rubbish })).toMatchObject({
    kind: "failed",
    violation: { reason: "PollstersUnknown" },
  });
});

test("is not asked for pollsters that a builder makes: no entry point has their names (I7)", () => {
  const [first] = made();
  const question = first?.command;
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
