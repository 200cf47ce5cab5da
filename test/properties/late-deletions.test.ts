/**
 * Watches are late, and what the operator has deleted is still told by none of them: the answer to the deletion has said that it is
 * gone, and nothing is deleted twice.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "../../src/reconcilers/decide.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import { partialStories } from "./partial-topologies.ts";

/** Watches deliver what they have once in so many looks. */
const LATE = 4;
const ROUNDS = 400;
const TOPOLOGIES = fc.sample(partialStories(0), { seed: 20_260_101, numRuns: 30 }).map(({ topology }) => topology);

test("what is answered to be gone is not deleted again while the watches are behind", () => {
  let deleted = 0;
  const again: string[] = [];
  for (const topology of TOPOLOGIES) {
    const cluster = new ModelCluster(topology, decide, {
      onWrite: ({ effect, answer }) => {
        if (effect.kind !== "delete") return;
        if ("object" in answer) deleted += 1;
        else again.push(`${effect.ref.kind}/${effect.ref.name}: ${answer.message}`);
      },
    });
    cluster.wish();
    let quiet = 0;
    for (let round = 0; round < ROUNDS && quiet < 5 * LATE; round += 1) {
      if (round % LATE === 0) cluster.deliverAll();
      quiet = cluster.stepOperator() ? 0 : quiet + 1;
      cluster.giveWord();
      while (cluster.answer(0)) cluster.operator.dirty = true;
      cluster.stepOthers();
      cluster.now += 10_000;
    }
  }
  expect(deleted).toBeGreaterThan(10);
  expect(again).toEqual([]);
});
