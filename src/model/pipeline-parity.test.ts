import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { packagedEventPipeline, packagedPipeline } from "./packaged-pipelines.ts";
import { type PipelineFile, parsePipeline } from "./pipeline.ts";
import { canonicalDigest, mustEmptyFirst, type PipelineSide, pipelineDifferences } from "./pipeline-parity.ts";
import { parseRelease, type Release } from "./release.ts";

const release = (name: string): Release => {
  const parsed = parseRelease(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};
function fileOf(text: string, what: "meters" | "events", name: string): PipelineFile {
  const parsed = parsePipeline(text, what, release(name));
  if (parsed.kind === "broken") throw new Error(`${text}\n${JSON.stringify(parsed.problems)}`);
  return parsed.file;
}

interface Sides {
  readonly pipeline?: string;
  readonly events?: string;
  readonly release?: string;
  readonly queues?: number;
  readonly secretDigest?: string;
}
const PIPELINE = `
sources:
  - {name: meter_source, meters: ["*"], sinks: [meter_sink]}
  - {name: cpu_source, meters: [cpu, "disk.*"], sinks: [cpu_sink, meter_sink]}
sinks:
  - {name: meter_sink, publishers: [notifier, "udp://10.0.0.1:4952"]}
  - name: cpu_sink
    transformers: [{name: delta, parameters: {target: {name: cpu.delta}, growth_only: true}}]
    publishers: ["notifier://"]
`;
const EVENTS = `
sources: [{name: event_source, events: ["*"], sinks: [event_sink]}]
sinks: [{name: event_sink, publishers: ["notifier://"]}]
`;
function side(given: Sides = {}): PipelineSide {
  const name = given.release ?? "newton";
  return {
    release: release(name),
    pipeline: fileOf(given.pipeline ?? PIPELINE, "meters", name),
    events: fileOf(given.events ?? EVENTS, "events", name),
    queues: given.queues ?? 10,
    secretDigest: given.secretDigest ?? "s",
  };
}
const told = (before: Sides, after: Sides): readonly string[] =>
  pipelineDifferences(side(before), side(after)).map(({ message }) => message);

describe("parity", () => {
  it("is of meaning: order, comments, quotes, unknown keys and unfed sinks do not count", () => {
    const same = `# comment
sinks:
  - {publishers: ["notifier://"], name: 'cpu_sink',
     transformers: [{parameters: {growth_only: True, target: {name: cpu.delta}}, name: delta}]}
  - {name: unfed, publishers: [test]}
  - {name: "meter_sink", transformers: , triggers: , publishers: [udp://10.0.0.1:4952, notifier, "notifier://"]}
sources:
  - {name: cpu_source, interval: 60, counters: ["disk.*", cpu, cpu], sinks: [meter_sink, cpu_sink]}
  - {name: meter_source, meters: ['*'], resources: [x], sinks: [meter_sink], unknown: 1}
`;
    expect(told({}, { pipeline: same })).toEqual([]);
    expect(canonicalDigest(side())).toBe(canonicalDigest(side({ pipeline: same })));
  });

  it.each<[string, Sides, readonly string[]]>([
    [
      "a source that goes",
      { pipeline: PIPELINE.replace("cpu_source", "processor_source") },
      [
        "pipeline.yaml: only the old agents have the source cpu_source, pipelines cpu_source:cpu_sink, cpu_source:meter_sink",
        "pipeline.yaml: only the new agents have the source processor_source, pipelines processor_source:cpu_sink, processor_source:meter_sink",
      ],
    ],
    [
      "an event source",
      { events: EVENTS.replace("event_source", "other") },
      [
        "event_pipeline.yaml: only the old agents have the source event_source, pipeline event:event_source:event_sink",
        "event_pipeline.yaml: only the new agents have the source other, pipeline event:other:event_sink",
      ],
    ],
    [
      "a pattern",
      { pipeline: PIPELINE.replace('"disk.*"', '"!x"').replace("cpu, ", '"*", ') },
      ["pipeline.yaml: the source cpu_source takes cpu, disk.* in the old agents, and !x, * in the new ones"],
    ],
    [
      "a sink of a source",
      { pipeline: PIPELINE.replace("[cpu_sink, meter_sink]", "[cpu_sink]") },
      [
        "pipeline.yaml: the source cpu_source feeds cpu_sink, meter_sink in the old agents, and cpu_sink in the new ones",
      ],
    ],
    [
      "a publisher",
      { pipeline: PIPELINE.replace("notifier,", "test,") },
      [
        "pipeline.yaml: the sink meter_sink publishes to notifier://, udp://10.0.0.1:4952 in the old agents, and to test://, udp://10.0.0.1:4952 in the new ones",
      ],
    ],
    [
      "a publisher's parameters",
      { pipeline: PIPELINE.replace("notifier,", '"notifier://?topic=hunter2",') },
      [
        "pipeline.yaml: the sink meter_sink publishes to notifier://, udp://10.0.0.1:4952, in the new agents with other paths, parameters or credentials",
      ],
    ],
    [
      "a transformer",
      { pipeline: PIPELINE.replace(/transformers: .*/, "") },
      ["pipeline.yaml: the sink cpu_sink transforms by delta in the old agents, and by nothing in the new ones"],
    ],
    [
      "a transformer's parameter",
      { pipeline: PIPELINE.replace("growth_only: true", "growth_only: false") },
      ["pipeline.yaml: the sink cpu_sink transforms by delta with other parameters in the new agents"],
    ],
    [
      "the number of queues",
      { queues: 5 },
      [
        "[notification] pipeline_processing_queues: the old agents use 10 internal queues, the new ones 5 internal queues",
      ],
    ],
    [
      "the secret",
      { secretDigest: "t" },
      ["[publisher] telemetry_secret: the new agents have another one, and drop what the old ones signed"],
    ],
  ])("is broken by %s", (_what, after, messages) => {
    expect(told({}, after)).toEqual(messages);
    expect(canonicalDigest(side(after))).not.toBe(canonicalDigest(side()));
  });

  it("does not count what a release does not use", () => {
    const plain = PIPELINE.replace(/transformers: .*/, "");
    expect(told({ release: "stein" }, { release: "train", pipeline: plain, queues: 3, secretDigest: "t" })).toEqual([]);
    expect(told({ release: "rocky" }, { release: "stein" })).toEqual([
      "pipeline.yaml: the sink cpu_sink transforms by delta in the old agents, and by nothing in the new ones",
      "[notification] pipeline_processing_queues: the old agents use 10 internal queues, the new ones no internal queues",
    ]);
  });

  it("is broken by packaged defaults of two eras", () => {
    const packaged = (name: string): PipelineSide => ({
      ...side(),
      release: release(name),
      pipeline: packagedPipeline(release(name)),
      events: packagedEventPipeline(release(name)),
    });
    expect(pipelineDifferences(packaged("mitaka"), packaged("ocata"))).toEqual([]);
    const messages = pipelineDifferences(packaged("ocata"), packaged("pike")).map(({ message }) => message);
    expect(messages).toContain(
      "pipeline.yaml: the sink meter_sink publishes to notifier:// in the old agents, and to gnocchi:// in the new ones",
    );
    expect(messages).toContain(
      "pipeline.yaml: the sink cpu_sink transforms by rate_of_change with other parameters in the new agents",
    );
    expect(messages).toHaveLength(7);
  });

  it("shows not more than some names of many, and no letters that names do not have", () => {
    const many = Array.from({ length: 20 }, (_, index) => `m${index + 10}`);
    const pipeline = PIPELINE.replace('[cpu, "disk.*"]', JSON.stringify([...many, "a\u0007b"]));
    const [message] = told({}, { pipeline });
    expect(message).toContain("and a?b, m10, m11, m12, m13, m14, m15, m16 and 13 more in the new ones");
  });
});

/** Words such as `no` and `on` are booleans to PyYAML, and none of them begins with m. */
const name = fc.stringMatching(/^m[a-z_]{0,5}$/);
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 4 });

interface Model {
  readonly sources: readonly {
    readonly name: string;
    readonly meters: readonly string[];
    readonly sinks: readonly string[];
  }[];
  readonly sinks: readonly {
    readonly name: string;
    readonly transformers: readonly { readonly name: string; readonly parameters: Readonly<Record<string, number>> }[];
    readonly publishers: readonly string[];
  }[];
}
const publisher = fc.constantFrom("notifier://", "notifier://?topic=x", "udp://a:1", "test://", "file:///x");
const transformer = fc.record({
  name: fc.constantFrom("delta", "accumulator", "arithmetic"),
  parameters: fc.dictionary(name, fc.nat({ max: 9 }), { maxKeys: 3 }),
});
/** Every sink is fed by the first source, so that each of them means something. */
const models: fc.Arbitrary<Model> = fc.tuple(names, names).chain(([sourceNames, sinkNames]) =>
  fc.record({
    sources: fc.tuple(
      ...sourceNames.map((each, index) =>
        fc.record({
          name: fc.constant(`s_${each}`),
          meters: names,
          sinks: index === 0 ? fc.constant(sinkNames) : fc.subarray(sinkNames, { minLength: 1 }),
        }),
      ),
    ),
    sinks: fc.tuple(
      ...sinkNames.map((each) =>
        fc.record({
          name: fc.constant(each),
          transformers: fc.array(transformer, { maxLength: 3 }),
          publishers: fc.uniqueArray(publisher, { minLength: 1, maxLength: 3 }),
        }),
      ),
    ),
  }),
);
/** The same, told in another order, with other quotes, comments and unknown keys. */
const retold = (model: Model): fc.Arbitrary<string> => {
  const shuffled = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length });
  const reversed = (value: object) => fc.boolean().map((turn) => fromEntries(value, turn));
  return fc
    .record({
      sources: shuffled(model.sources).chain((list) =>
        fc.tuple(
          ...list.map((source) =>
            fc.record({
              name: fc.constant(source.name),
              sinks: shuffled(source.sinks),
              meters: shuffled(source.meters),
            }),
          ),
        ),
      ),
      sinks: shuffled(model.sinks).chain((list) =>
        fc.tuple(
          ...list.map((sink) =>
            fc
              .record({
                publishers: shuffled(sink.publishers),
                unknown: fc.nat(),
                transformers: fc.tuple(
                  ...sink.transformers.map((each) =>
                    reversed(each.parameters).map((parameters) => ({ parameters, name: each.name })),
                  ),
                ),
              })
              .map((rest) => ({ ...rest, name: sink.name })),
          ),
        ),
      ),
      quotes: fc.constantFrom("PLAIN" as const, "QUOTE_SINGLE" as const, "QUOTE_DOUBLE" as const),
    })
    .map(
      ({ quotes, ...file }) =>
        `# told again\n${stringify(file, { defaultStringType: quotes, aliasDuplicateObjects: false })}`,
    );
};
function fromEntries(value: object, turn: boolean): Readonly<Record<string, unknown>> {
  const entries = Object.entries(value);
  return Object.fromEntries(turn ? entries.toReversed() : entries);
}
const text = (model: Model): string => JSON.stringify(model);

/** One change that means something, of a model. */
const CHANGES: Readonly<Record<string, (model: Model) => Model>> = {
  "a source is renamed": (model) => changeSource(model, (source) => ({ ...source, name: "other source" })),
  "a source takes more": (model) =>
    changeSource(model, (source) => ({ ...source, meters: [...source.meters, "other"] })),
  "a source is added": (model) => ({
    ...model,
    sources: [...model.sources, { name: "other source", meters: ["*"], sinks: [model.sinks[0]?.name ?? ""] }],
  }),
  "a sink is added": (model) => ({
    sources: model.sources.map((source) => ({ ...source, sinks: [...source.sinks, "other sink"] })),
    sinks: [...model.sinks, { name: "other sink", transformers: [], publishers: ["test://"] }],
  }),
  "a sink publishes elsewhere too": (model) =>
    changeSink(model, (sink) => ({ ...sink, publishers: [...sink.publishers, "udp://b:2"] })),
  "a transformer is put first": (model) =>
    changeSink(model, (sink) => ({
      ...sink,
      transformers: [{ name: "aggregator", parameters: {} }, ...sink.transformers],
    })),
  "a transformer gets a parameter": (model) =>
    changeSink(model, (sink) => ({
      ...sink,
      transformers: [...sink.transformers, { name: "delta", parameters: { other_parameter: 1 } }],
    })),
};
const changeSource = (model: Model, change: (source: Model["sources"][number]) => Model["sources"][number]): Model => ({
  ...model,
  sources: model.sources.map((source, index) => (index === 0 ? change(source) : source)),
});
const changeSink = (model: Model, change: (sink: Model["sinks"][number]) => Model["sinks"][number]): Model => ({
  ...model,
  sinks: model.sinks.map((sink, index) => (index === 0 ? change(sink) : sink)),
});

describe("for every pipeline file", () => {
  it("telling it another way changes nothing", () => {
    const pairs = models.chain((model) => fc.tuple(fc.constant(text(model)), retold(model)));
    fc.assert(
      fc.property(pairs, ([before, after]) => {
        expect(told({ pipeline: before }, { pipeline: after })).toEqual([]);
        expect(canonicalDigest(side({ pipeline: before }))).toBe(canonicalDigest(side({ pipeline: after })));
      }),
    );
  });

  it.each(Object.entries(CHANGES))("it is a difference that %s", (_what, change) => {
    fc.assert(
      fc.property(models, (model) => {
        const [before, after] = [text(model), text(change(model))];
        expect(told({ pipeline: before }, { pipeline: after }).length).toBeGreaterThan(0);
        expect(canonicalDigest(side({ pipeline: before }))).not.toBe(canonicalDigest(side({ pipeline: after })));
      }),
      { numRuns: 20 },
    );
  });

  it("digests are equal if and only if there are no differences", () => {
    const small = fc.oneof(models, fc.constant({ sources: [], sinks: [] }));
    fc.assert(
      fc.property(small, small, (one, two) => {
        const [before, after] = [side({ pipeline: text(one) }), side({ pipeline: text(two) })];
        const same = pipelineDifferences(before, after).length === 0;
        expect(canonicalDigest(before) === canonicalDigest(after)).toBe(same);
      }),
    );
  });
});

describe("internal queues must be empty first", () => {
  const why = (before: Sides, after: Sides): readonly string[] => mustEmptyFirst(side(before), side(after));

  it("where nobody would read what waits in them, or somebody would drop it", () => {
    expect(why({}, { pipeline: PIPELINE.replace("cpu_source", "processor_source") })).toEqual([
      "nobody would read what waits for the pipelines that go: cpu_source:cpu_sink, cpu_source:meter_sink",
    ]);
    expect(why({}, { queues: 5, secretDigest: "t" })).toEqual([
      "the internal queues become fewer, 10 now and 5 then; nobody would read the last",
      "the telemetry secret changes, and what was signed with the old one would be dropped",
    ]);
    expect(why({}, { pipeline: PIPELINE.replace("growth_only: true", "growth_only: false") })).toEqual([
      "transformers change, and samples that belong together would be split over two ways to compute",
    ]);
    expect(why({ release: "pike" }, { release: "queens" })).toEqual([
      "agents of queens do not read the internal queues of pike",
    ]);
    expect(why({ release: "rocky" }, { release: "stein", pipeline: PIPELINE })).toContain(
      "agents of stein do not read the internal queues of rocky",
    );
  });

  it("and not where pipelines or queues are only added, publishers change, or there are no internal queues", () => {
    const added = PIPELINE.replace("sinks:\n", "  - {name: added, meters: [x], sinks: [meter_sink]}\nsinks:\n");
    expect(why({}, { pipeline: added, queues: 20 })).toEqual([]);
    expect(told({}, { pipeline: added, queues: 20 })).toHaveLength(2);
    expect(why({}, { pipeline: PIPELINE.replace("notifier,", "test,") })).toEqual([]);
    const renamed = PIPELINE.replace("cpu_source", "processor_source");
    expect(why({ release: "stein" }, { release: "stein", pipeline: renamed, secretDigest: "t" })).toEqual([]);
  });
});
