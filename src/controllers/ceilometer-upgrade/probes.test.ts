import { expect, test } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { ProbeRequest, ProbeResult } from "../../model/probe.ts";
import { silentLog } from "../../runtime/logger.ts";
import { type Ask, createProbes } from "./probes.ts";

const question: ProbeRequest = { kind: "rights", id: "rights/a", namespace: "a" };

function setUp(answers: readonly (Omit<ProbeResult, "at"> | Error)[]) {
  const clock = new FakeClock();
  const heard: string[] = [];
  let asked = 0;
  const ask: Ask = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (answer instanceof Error || answer === undefined) throw answer ?? new Error("no answer");
    return answer;
  };
  const probes = createProbes({ ask, clock, log: silentLog, onAnswer: (asker) => heard.push(asker) });
  return { clock, heard, probes, asked: () => asked };
}

test("an answer wakes whoever asked; a pass is not asked again", async () => {
  const { clock, heard, probes, asked } = setUp([{ verdict: "pass", reason: "yes" }]);
  probes.want("a/one", [question]);
  await clock.advance(0);
  expect(heard).toEqual(["a/one"]);
  expect(probes.results.get(question.id)?.verdict).toBe("pass");
  await clock.advance(60_000);
  probes.want("a/one", [question]);
  await clock.advance(60_000);
  expect(asked()).toBe(1);
  await probes.stop();
});

test("anything else is asked again until it passes, and only news wakes anybody", async () => {
  const no = { verdict: "inconclusive", reason: "not yet" } as const;
  const { clock, heard, probes, asked } = setUp([no, no, no, { verdict: "pass", reason: "yes" }]);
  probes.want("a/one", [question]);
  await clock.advance(0);
  await clock.advance(30_000);
  expect(asked()).toBe(4);
  expect(heard).toEqual(["a/one", "a/one"]);
  await probes.stop();
});

test("a question that nobody wants any more is dropped, and one that another still wants is not", async () => {
  const { clock, probes, asked } = setUp([{ verdict: "fail", reason: "no" }]);
  probes.want("a/one", [question]);
  probes.want("a/two", [question]);
  await clock.advance(0);
  probes.want("a/one", []);
  await clock.advance(20_000);
  const before = asked();
  expect(before).toBeGreaterThan(1);
  probes.want("a/two", []);
  await clock.advance(20_000);
  expect(asked()).toBe(before);
  expect(clock.sleeping).toBe(0);
  await probes.stop();
});

test("not being able to look is inconclusive, never a pass", async () => {
  const { clock, probes } = setUp([new Error("connection refused")]);
  probes.want("a/one", [question]);
  await clock.advance(0);
  expect(probes.results.get(question.id)).toMatchObject({ verdict: "inconclusive" });
  await probes.stop();
});
