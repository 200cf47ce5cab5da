/**
 * Ceilometer itself and our readers of its files are given the same files, and say the same of them; and it finds in the files
 * that we derive (clause P4) what we meant.
 */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { derivedPolling } from "../../src/model/derived-polling.ts";
import type { ParsedFile } from "../../src/model/file-problem.ts";
import { checkSourceFiltering, isSupported } from "../../src/model/matching.ts";
import { parsePipeline } from "../../src/model/pipeline.ts";
import { type PollingFile, parsePolling } from "../../src/model/polling-file.ts";
import { cataloguedPollsters, effectivePollsters } from "../../src/model/pollsters.ts";
import type { Release } from "../../src/model/release.ts";
import { AGENT_RELEASES, ensureCeilometer } from "./environment.ts";
import { type Case, judge, type Verdict } from "./judge.ts";
import { packagedPollsters } from "./packaged.ts";

const NAMES = ["cpu", "disk.read.bytes", "disk.device.read.bytes", "memory.usage", "c", "a.b", "a-b", "[", "a]"];
const polling = (text: string): Case => ({ what: "polling", text, names: NAMES });
const meters = (text: string): Case => ({ what: "meters", text, names: NAMES });
const events = (text: string): Case => ({ what: "events", text, names: NAMES });
const SINKS = `sinks: [{name: k, publishers: ["test://"]}, {name: s, publishers: [test]}]`;

const WHOLE: readonly Case[] = [
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

const part = fc.constantFrom("*", "!", "?", "[cd]", "[!a]", "[", "]", "a", "c", "pu", "disk", ".", "-", "cpu");
const pattern = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
const patterns = fc.array(pattern, { maxLength: 4 });
const accepted = patterns.filter((list) => checkSourceFiltering(list, "meters") === undefined);
const source = fc.record({
  // What YAML could take for something else than text.
  name: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("on", "010", "1e3", "~", "", "a: b", "2025-01-01")),
  intervalSeconds: fc.integer({ min: 1, max: 1e9 }),
  meters: accepted,
  resources: fc.array(fc.string({ unit: "binary" }), { maxLength: 2 }),
  discovery: fc.array(fc.string({ unit: "binary" }), { maxLength: 2 }),
});
/** A file, and some of the names that it polls. */
const derivation = fc
  .tuple(fc.array(source, { maxLength: 3 }), fc.subarray(NAMES))
  .map(([sources, some]) => ({ file: { sources }, keep: effectivePollsters(some, { sources }) }));

/** Undefined where the file is refused. */
type Meaning =
  | { readonly supported: readonly (readonly string[])[]; readonly pipelines: readonly string[] }
  | undefined;

function theirs(verdict: Verdict | undefined): Meaning {
  if (verdict === undefined || "error" in verdict) return undefined;
  return { supported: verdict.supported, pipelines: verdict.pipelines };
}

function ours({ what, text, names }: Case, release: Release): Meaning {
  const takes = (list: readonly string[]): readonly string[] => names.filter((name) => isSupported(list, name));
  const of = <T>(parsed: ParsedFile<T>): T | undefined => (parsed.kind === "parsed" ? parsed.file : undefined);
  if (what === "polling") {
    const file = of(parsePolling(text));
    return file && { pipelines: [], supported: file.sources.map((each) => takes(each.meters)) };
  }
  const file = of(parsePipeline(text, what, release));
  const supported = file?.sources.flatMap(({ filter, sinks }) => sinks.map(() => takes(filter)));
  return file && supported && { pipelines: file.names, supported };
}

/** What a derived file must say, in the words of the file. */
const written = (file: PollingFile, keep: ReadonlySet<string>) =>
  file.sources
    .map(({ name, intervalSeconds, meters: list, resources, discovery }) => ({
      name,
      interval: intervalSeconds,
      polled: NAMES.filter((each) => keep.has(each) && isSupported(list, each)),
      resources,
      discovery,
    }))
    .filter(({ polled }) => polled.length > 0);

describe.each(AGENT_RELEASES)("$name", (release) => {
  const lists = fc
    .sample(patterns, { numRuns: 1000, seed: release.major })
    .map((list) => polling(JSON.stringify({ sources: [{ name: "s", interval: 1, meters: list }] })));
  const derivations = fc.sample(derivation, { numRuns: 500, seed: release.major });
  const derived = derivations.map(({ file, keep }) => polling(derivedPolling(file, keep)));

  // Most of the time is Ceilometer's start: it is asked everything at once.
  let verdicts: readonly Verdict[];
  beforeAll(async () => {
    verdicts = await judge(release.name, [...WHOLE, ...lists, ...derived]);
  });

  test("whole files are accepted, refused and understood alike", () => {
    for (const [index, item] of WHOLE.entries()) {
      const verdict = verdicts[index];
      expect.soft(ours(item, release), `${item.text}\n${JSON.stringify(verdict)}`).toEqual(theirs(verdict));
    }
    // Many of either kind, or the test says little.
    const refused = WHOLE.filter((item) => ours(item, release) === undefined).length;
    expect(Math.min(refused, WHOLE.length - refused)).toBeGreaterThan(7);
  });

  test("lists of patterns are accepted, refused and understood alike", () => {
    for (const [index, item] of lists.entries()) {
      expect(ours(item, release), item.text).toEqual(theirs(verdicts[WHOLE.length + index]));
    }
  });

  test("a derived polling file polls exactly what it was derived for, under the sources that it had", () => {
    for (const [index, { file, keep }] of derivations.entries()) {
      const verdict = verdicts[WHOLE.length + lists.length + index];
      if (verdict === undefined || "error" in verdict) throw new Error(`${derived[index]?.text}\n${verdict?.error}`);
      const found = verdict.sources.map(({ meters: _meters, ...others }, at) => ({
        resources: [],
        discovery: [],
        ...others,
        polled: verdict.supported[at],
      }));
      expect(found, derived[index]?.text).toEqual(written(file, keep));
    }
    expect(derivations.filter(({ keep }) => keep.size > 0).length).toBeGreaterThan(100);
  });

  test.each(["central", "compute", "ipmi"])("the catalogue has the pollsters of its package: %s", async (namespace) => {
    const packaged = await packagedPollsters(await ensureCeilometer(), release.name, namespace);
    expect(packaged).not.toEqual([]);
    expect(cataloguedPollsters(release, namespace)).toEqual(packaged);
  });
});
