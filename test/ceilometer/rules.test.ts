/** Ceilometer itself and our readers of its files are given the same files, and say the same of them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ParsedFile } from "../../src/model/file-problem.ts";
import { isSupported } from "../../src/model/matching.ts";
import { parsePipeline } from "../../src/model/pipeline.ts";
import { parsePolling } from "../../src/model/polling-file.ts";
import { type AgentRelease, PACKAGES } from "./environment.ts";
import { type Case, judge, type Verdict } from "./judge.ts";

const NAMES = ["cpu", "disk.read.bytes", "disk.device.read.bytes", "memory.usage", "c", "a.b", "[", "!"];
const releases = Object.entries(PACKAGES).map(([name, version]) => ({
  name,
  major: Number(version.split(".")[0]),
  release: name as AgentRelease,
}));

/** Undefined where the file is refused. */
type Meaning =
  | { readonly supported: readonly (readonly string[])[]; readonly pipelines: readonly string[] }
  | undefined;
const meant = (verdict: Verdict | undefined): Meaning =>
  verdict === undefined || "error" in verdict ? undefined : verdict;

function ours({ what, text, names }: Case, release: { readonly name: string; readonly major: number }): Meaning {
  const takes = (patterns: readonly string[]): readonly string[] => names.filter((name) => isSupported(patterns, name));
  const of = <T>(parsed: ParsedFile<T>): T | undefined => (parsed.kind === "parsed" ? parsed.file : undefined);
  if (what === "polling") {
    const file = of(parsePolling(text));
    return file && { pipelines: [], supported: file.sources.map(({ meters }) => takes(meters)) };
  }
  const file = of(parsePipeline(text, what, release));
  return (
    file && {
      pipelines: file.names,
      supported: file.sources.flatMap(({ filter, sinks }) => sinks.map(() => takes(filter))),
    }
  );
}

const polling = (text: string): Case => ({ what: "polling", text, names: NAMES });
const meters = (text: string): Case => ({ what: "meters", text, names: NAMES });
const events = (text: string): Case => ({ what: "events", text, names: NAMES });
const SINKS = `sinks: [{name: k, publishers: ["test://"]}, {name: s, publishers: [test]}]`;

const CASES: readonly Case[] = [
  polling(`sources: [{name: a, interval: 60, meters: ["*"]}, {name: a, interval: "60", meters: [cpu, "disk.*"]}]`),
  polling("sources: []"),
  polling("nothing: here"),
  polling(`sources: [{interval: 60, meters: ["*"]}]`),
  polling(`sources: [{name: a, meters: ["*"]}]`),
  polling("sources: [{name: a, interval: 60}]"),
  polling(`sources: [{name: a, interval: 0, meters: ["*"]}]`),
  polling(`sources: [{name: a, interval: soon, meters: ["*"]}]`),
  polling(`sources: [{name: a, interval: 60, meters: ["*"], resources: x}]`),
  polling(`sources: [{name: a, interval: 60, meters: ["*"], discovery: {a: b}}]`),
  polling(`sources: [{name: a, interval: 60, meters: ["*"], resources: , discovery: [x]}]`),
  polling("sources: [{name: a, interval: 60, meters: [}]"),
  meters(`sources: [{name: s, meters: ["*"], sinks: [k, s]}, {name: t, meters: ["!cpu"], sinks: [s]}]\n${SINKS}`),
  meters(`sources: [{name: s, meters: ["*"], sinks: [k]}, {name: s, meters: [cpu], sinks: [k]}]\n${SINKS}`),
  meters(`sources: [{name: s, meters: ["*"], sinks: [k, k]}]\n${SINKS}`),
  meters(`sources: [{name: s, meters: ["*"], sinks: [nowhere]}]\n${SINKS}`),
  meters(`sources: [{name: s, meters: ["*"], sinks: []}]\n${SINKS}`),
  meters(`sources: [{name: s, meters: ["*"]}]\n${SINKS}`),
  meters(`sources: [{name: s, sinks: [k]}]\n${SINKS}`),
  meters(`sources: [{name: s, meters: ["*"], sinks: [k], transformers: [], interval: 5}]\n${SINKS}`),
  meters(`sources: [{name: s, meters: ["*"], sinks: [k]}]`),
  meters(`sources: [{name: s, meters: ["*"], sinks: [k]}]\nsinks: [{name: k, publishers: []}]`),
  meters(`sources: [{name: s, meters: ["*"], sinks: [k]}]\nsinks: [{name: k}]`),
  meters("sources: []\nsinks: []"),
  events(`sources: [{name: s, events: ["*"], sinks: [k]}]\n${SINKS}`),
  events(`sources: [{name: k, events: ["a.*", "!cpu"], sinks: [k]}]\n${SINKS}`),
  events(`sources: [{name: k, events: ["!a.*"], sinks: [k]}]\n${SINKS}`),
];

describe.each(releases)("$name", ({ name, major, release }) => {
  test("whole files are accepted, refused and understood alike", async () => {
    const verdicts = await judge(release, CASES);
    for (const [index, item] of CASES.entries()) {
      const verdict = verdicts[index];
      expect.soft(ours(item, { name, major }), `${item.text}\n${JSON.stringify(verdict)}`).toEqual(meant(verdict));
    }
    // Half of each, or the test says little.
    expect(verdicts.filter((verdict) => "error" in verdict).length).toBeGreaterThan(CASES.length / 3);
  });

  test("lists of patterns are accepted, refused and understood alike", async () => {
    const part = fc.constantFrom("*", "!", "?", "[cd]", "[!a]", "[", "]", "a", "c", "pu", "disk", ".", "-", "cpu");
    const pattern = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
    const lists = fc.sample(fc.array(pattern, { maxLength: 4 }), { numRuns: 2000, seed: major });
    const cases = lists.map((list) => polling(JSON.stringify({ sources: [{ name: "s", interval: 1, meters: list }] })));
    const verdicts = await judge(release, cases);
    for (const [index, item] of cases.entries()) {
      expect(ours(item, { name, major }), item.text).toEqual(meant(verdicts[index]));
    }
  });
});
