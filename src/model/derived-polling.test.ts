import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SPEC } from "../../test/support/builders.ts";
import { specSchema } from "../api/v1alpha1/schema.ts";
import { pollsterNameSchema } from "./catalogue/schema.ts";
import {
  derivedPipeline,
  derivedPolling,
  type Isolation,
  isolationProblems,
  narrowedPolling,
} from "./derived-polling.ts";
import { checkSourceFiltering, isSupported } from "./matching.ts";
import { parsePipeline, pollingOf } from "./pipeline.ts";
import { type PollingFile, type PollingSource, parsePolling } from "./polling-file.ts";
import { effectivePollsters } from "./pollsters.ts";
import { parseRelease, type Release } from "./release.ts";

const release = (text: string): Release => {
  const parsed = parseRelease(text);
  if (parsed === undefined) throw new Error(`${text} is no release`);
  return parsed;
};
function polling(text: string): PollingFile {
  const read = parsePolling(text);
  if (read.kind === "broken") throw new Error(read.problems.map(({ rule }) => rule).join("; "));
  return read.file;
}
function pipelinePolling(text: string): PollingFile {
  const read = parsePipeline(text, "meters", release("newton"));
  if (read.kind === "broken") throw new Error(read.problems.map(({ rule }) => rule).join("; "));
  return pollingOf(read.file);
}

const FILE = polling(`
sources:
  - {name: all, interval: "300", meters: ["!cpu"], discovery: [local_instances]}
  - {name: none, interval: 60, meters: [cpu]}
  - {name: some, interval: 600, meters: ["memory.*"], resources: ["snmp://host"], group_id_coordination_expression: "'x'"}
`);

describe("a derived polling.yaml", () => {
  it("has the names one by one, in the sources that match them", () => {
    expect(derivedPolling(FILE, new Set(["memory.usage", "disk.read"]))).toBe(`\
# Made for an upgrade: the sources of the file that was given, with the pollsters of one group of agents.
sources:
  - name: "all"
    interval: 300
    meters:
      - "disk.read"
      - "memory.usage"
    discovery:
      - "local_instances"
  - name: "some"
    interval: 600
    meters:
      - "memory.usage"
    resources:
      - "snmp://host"
    group_id_coordination_expression: "'x'"
`);
  });

  it("of nothing still loads", () => {
    const text = derivedPolling(FILE, new Set());
    expect(text.split("\n")[1]).toBe("sources: []");
    expect(polling(text)).toEqual({ sources: [] });
  });

  it("takes no name that the file does not poll, or that no pattern matches alone", () => {
    expect(() => derivedPolling(polling("sources: []"), new Set(["cpu"]))).toThrow("no source of the file polls cpu");
    expect(() => derivedPolling(FILE, new Set(["!memory"]))).toThrow("cannot be written as a pattern");
  });
});

/** Letters that mean something to patterns, so that names and patterns meet. */
const LETTERS = ["a", "b", ".", "*", "?", "[", "]", "!", "-"] as const;
const text = (...letters: readonly string[]) =>
  fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));
const pollsterName = text(...LETTERS).filter((name) => !name.startsWith("!"));
const patterns = fc
  .oneof(
    fc.array(text(...LETTERS), { minLength: 1, maxLength: 3 }),
    fc.array(
      text(...LETTERS).map((pattern) => `!${pattern}`),
      { minLength: 1, maxLength: 3 },
    ),
    fc
      .array(
        text(...LETTERS).map((pattern) => `!${pattern}`),
        { maxLength: 2 },
      )
      .map((denied) => ["*", ...denied]),
    fc.array(pollsterName, { minLength: 1, maxLength: 3 }),
  )
  .filter((list) => checkSourceFiltering(list, "meters") === undefined);
const source: fc.Arbitrary<PollingSource> = fc.record(
  {
    name: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("on", "010", "a")),
    intervalSeconds: fc.integer({ min: 1 }),
    meters: patterns,
    resources: fc.array(fc.string(), { maxLength: 2 }),
    discovery: fc.array(fc.string(), { maxLength: 2 }),
    coordinationExpression: fc.string({ minLength: 1 }),
  },
  { requiredKeys: ["name", "intervalSeconds", "meters", "resources", "discovery"] },
);
const file = fc.record({ sources: fc.array(source, { maxLength: 4 }) });
const names = fc.array(pollsterName, { maxLength: 8 });
/** A file, names that it polls, and others. */
const derivation = fc.tuple(file, names, names, fc.infiniteStream(fc.boolean())).map(([given, some, others, coins]) => {
  const keep = new Set([...effectivePollsters(some, given)].filter(() => coins.next().value === true));
  return { given, keep, all: [...some, ...others] };
});
const sortedNames = (set: ReadonlySet<string>): readonly string[] => [...set].toSorted();

describe("every derived file", () => {
  it("polls exactly the names that were asked for, whatever else the agents have", () => {
    fc.assert(
      fc.property(derivation, ({ given, keep, all }) => {
        const derived = polling(derivedPolling(given, keep));
        expect(sortedNames(effectivePollsters(all, derived))).toEqual(sortedNames(keep));
      }),
      { numRuns: 500 },
    );
  });

  it("polls each name under the same sources as before, in the same order, and no source in vain", () => {
    const under = (given: PollingFile, name: string) =>
      given.sources.filter(({ meters }) => isSupported(meters, name)).map(({ meters: _meters, ...others }) => others);
    fc.assert(
      fc.property(derivation, ({ given, keep }) => {
        const derived = polling(derivedPolling(given, keep));
        for (const name of keep) expect(under(derived, name)).toEqual(under(given, name));
        for (const { meters } of derived.sources) expect(meters).not.toHaveLength(0);
      }),
    );
  });

  it("is its own derivation", () => {
    fc.assert(
      fc.property(derivation, ({ given, keep }) => {
        const once = derivedPolling(given, keep);
        expect(derivedPolling(polling(once), keep)).toBe(once);
        expect(narrowedPolling(polling(once), keep)).toEqual(narrowedPolling(given, keep));
      }),
    );
  });
});

const PIPELINE = `
sources:
  - {name: all, interval: 600, meters: ["!cpu"], sinks: [out], discovery: [endpoint]}
  - {name: old, counters: [cpu], sinks: [out, rate]}
  - {name: unused, meters: [disk.*], sinks: [out]}
sinks:
  - {name: out, publishers: ["notifier://"], transformers: }
  - name: rate
    publishers: [udp://host:1]
    transformers: [{name: unit_conversion, parameters: {target: {unit: "%", scale: "100.0 / 3"}}}]
`;

describe("a derived pipeline.yaml", () => {
  it("narrows the sources and keeps all else", () => {
    const derived = derivedPipeline(PIPELINE, new Set(["cpu", "memory"]), release("newton"));
    expect(derived).toBe(`\
# Made for an upgrade: the sources of the file that was given, with the pollsters of one group of agents.
sources:
  - name: "all"
    interval: 600
    meters:
      - "memory"
    sinks:
      - "out"
    discovery:
      - "endpoint"
  - name: "old"
    sinks:
      - "out"
      - "rate"
    meters:
      - "cpu"
sinks:
  - name: "out"
    publishers:
      - "notifier://"
    transformers: null
  - name: "rate"
    publishers:
      - "udp://host:1"
    transformers:
      - name: "unit_conversion"
        parameters:
          target:
            unit: "%"
            scale: "100.0 / 3"
`);
    expect(parsePipeline(derived, "meters", release("newton")).kind).toBe("parsed");
  });

  it("of nothing still loads", () => {
    expect(pipelinePolling(derivedPipeline(PIPELINE, new Set(), release("liberty")))).toEqual({ sources: [] });
  });

  it("has no publisher of a file that is in a Secret, and is valid all the same", () => {
    const derived = derivedPipeline(PIPELINE, new Set(["cpu", "memory"]), release("newton"), true);
    expect(derived).toContain('- name: "rate"\n    publishers:\n      - "notifier://"\n');
    expect(derived).not.toContain("udp://");
    const all = pipelinePolling(derivedPipeline(PIPELINE, new Set(["cpu", "memory"]), release("newton")));
    expect(pipelinePolling(derived)).toEqual(all);
  });

  it("is made of a valid file only, of a release that polls by it", () => {
    expect(() => derivedPipeline("sources: []", new Set(), release("newton"))).toThrow("a valid one only");
    expect(() => derivedPipeline(PIPELINE, new Set(), release("ocata"))).toThrow("ocata polls by polling.yaml");
    expect(() => derivedPipeline(PIPELINE, new Set(["!x"]), release("newton"))).toThrow("as a pattern");
  });

  it("polls exactly the names that were asked for, and is its own derivation", () => {
    fc.assert(
      fc.property(derivation, ({ given, keep, all }) => {
        const sources = given.sources.map(({ meters }, index) => ({ name: `s${index}`, meters, sinks: ["out"] }));
        const written = JSON.stringify({ sources, sinks: [{ name: "out", publishers: ["notifier://"] }] });
        const derived = derivedPipeline(written, keep, release("newton"));
        expect(sortedNames(effectivePollsters(all, pipelinePolling(derived)))).toEqual(sortedNames(keep));
        expect(derivedPipeline(derived, keep, release("newton"))).toBe(derived);
      }),
    );
  });
});

describe("what a prefix does not isolate", () => {
  const told = (isolation?: Isolation) =>
    isolationProblems(FILE, isolation).map(({ severity, place }) => `${severity} ${place}`);

  it("is a source with an expression, and static resources are polled by every agent", () => {
    const both = ["Error sources[2].group_id_coordination_expression", "Warning sources[2].resources"];
    expect(told()).toEqual(both);
    expect(told({ release: release("2025.2") })).toEqual(both);
  });

  it("is nothing where the release ignores the expression", () => {
    expect(told({ release: release("2025.1") })).toEqual(["Warning sources[2].resources"]);
  });

  it("is nothing where no isolated agent polls the source", () => {
    expect(told({ release: release("2025.2"), polled: new Set(["disk.read"]) })).toEqual([]);
    expect(told({ release: release("2025.2"), polled: new Set(["memory.usage"]) })).toHaveLength(2);
  });
});

/** A name that came through admission and that no file can have would stop the resource at every look. */
it("a resource lists only names that can be written as a pattern that matches them alone", () => {
  const polling = { targets: [{ kind: "Deployment", name: "central" }], verification: { podLog: {} } };
  const isListed = (name: string): boolean => {
    const newPollsters = { source: "List", names: [name] };
    const components = { ...SPEC.components, polling: { ...polling, newPollsters } };
    return specSchema.safeParse({ ...SPEC, components }).success;
  };
  const name = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("cpu", "!cpu", "c!pu", "cpu\n", "a b", "", '"'));
  fc.assert(fc.property(name, (text) => isListed(text) === pollsterNameSchema.safeParse(text).success));
});
