import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PipelineFile, parsePipeline, pollingOf } from "./pipeline.ts";
import { parseRelease, type Release } from "./release.ts";

const release = (name: string): Release => {
  const parsed = parseRelease(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};
const told = (text: string, name = "2025.1", what: "meters" | "events" = "meters"): readonly string[] => {
  const { problems } = parsePipeline(text, what, release(name));
  return problems.map(({ severity, line, place, rule }) => `${severity} ${line ?? "-"} ${place}: ${rule}`);
};
const fileOf = (text: string, name = "2025.1", what: "meters" | "events" = "meters"): PipelineFile => {
  const read = parsePipeline(text, what, release(name));
  if (read.kind === "broken") throw new Error(JSON.stringify(read.problems));
  return read.file;
};

const SINK = "sinks: [{name: s, publishers: ['gnocchi://']}]\n";
const SOURCE = "sources: [{name: a, meters: ['*'], sinks: [s]}]\n";
const LEGACY = `
sources:
  - {name: cpu, interval: 60, meters: [cpu], resources: [r], discovery: [d], sinks: [cpu, s]}
  - {name: rest, counters: ["!cpu"], sinks: [s]}
sinks:
  - name: cpu
    transformers:
      - {name: rate_of_change, parameters: {target: {name: cpu_util}}}
    publishers: [notifier]
  - {name: s, transformers: , publishers: ["notifier://"]}
`;

describe("a valid file", () => {
  it("is read to Newton with what the polling agents need, and with transformers", () => {
    const file = fileOf(LEGACY, "newton");
    expect(JSON.parse(JSON.stringify(file))).toEqual({
      sources: [
        {
          name: "cpu",
          filter: ["cpu"],
          sinks: ["cpu", "s"],
          polling: { intervalSeconds: 60, resources: ["r"], discovery: ["d"] },
        },
        {
          name: "rest",
          filter: ["!cpu"],
          sinks: ["s"],
          polling: { intervalSeconds: 600, resources: [], discovery: [] },
        },
      ],
      sinks: [
        {
          name: "cpu",
          publishers: ["notifier://"],
          transformers: [{ name: "rate_of_change", parameters: { target: { name: "cpu_util" } } }],
        },
        { name: "s", publishers: ["notifier://"], transformers: [] },
      ],
      names: ["cpu", "cpu:s", "rest:s"],
    });
    expect(pollingOf(file).sources).toEqual([
      { name: "cpu", meters: ["cpu"], intervalSeconds: 60, resources: ["r"], discovery: ["d"] },
      { name: "rest", meters: ["!cpu"], intervalSeconds: 600, resources: [], discovery: [] },
    ]);
  });

  it("has neither for later releases, which is said", () => {
    const text = LEGACY.replace("counters", "meters");
    expect(fileOf(text, "2025.1").sinks[0]?.transformers).toEqual([]);
    expect(pollingOf(fileOf(text, "2025.1")).sources).toEqual([]);
    expect(told(text, "2025.1")).toEqual([
      "Warning 3 sources[0].interval: 2025.1 ignores interval here",
      "Warning 3 sources[0].resources: 2025.1 ignores resources here",
      "Warning 3 sources[0].discovery: 2025.1 ignores discovery here",
      "Warning 7 sinks[0].transformers: 2025.1 ignores transformers",
    ]);
    // Pike's polling agents still read this file where polling.yaml is missing.
    expect(told(text, "pike")).toEqual([]);
  });

  it("names event pipelines their own way", () => {
    const text = `sources: [{name: a, events: ["compute.*"], sinks: [a, b]}]
sinks: [{name: a, publishers: [gnocchi]}, {name: b, publishers: [notifier://]}]`;
    expect(fileOf(text, "2025.1", "events").names).toEqual(["event:a", "event:a:b"]);
  });

  it("may be empty, as some deployments turn events off", () => {
    expect(fileOf("sources: []\nsinks: []", "2025.1", "events")).toEqual({ sources: [], sinks: [], names: [] });
  });

  it("may have a sink that nothing feeds, with a warning", () => {
    expect(told(`sources: []\n${SINK}`)).toEqual(["Warning 2 sinks[0]: no source feeds the sink s"]);
  });
});

describe("what Ceilometer refuses or crashes on", () => {
  const withSource = (fields: string) => `sources: [{${fields}}]\n${SINK}`;
  const withSink = (fields: string) => `${SOURCE}sinks: [{name: s, ${fields}}]\n`;

  it.each([
    ["", "Error - : Both sources & sinks are required"],
    [SOURCE, "Error 1 : Both sources & sinks are required"],
    [SINK, "Error 1 : Both sources & sinks are required"],
    [`sources: x\n${SINK}`, "Error 1 sources: sources should be a list"],
    [withSource("meters: ['*'], sinks: [s]"), "Error 1 sources[0]: Required field name not specified"],
    [withSource("name: a, sinks: [s]"), "Error 1 sources[0]: Missing meters value"],
    [withSource("name: a, counters: [b], sinks: [s]"), "Error 1 sources[0]: Missing meters value"],
    [withSource("name: a, meters: , sinks: [s]"), "Error 1 sources[0].meters: No meters specified"],
    [withSource("name: a, meters: ['*']"), "Error 1 sources[0]: Required field sinks not specified"],
    [withSource("name: a, meters: ['*'], sinks: []"), "Error 1 sources[0].sinks: No sink defined in source a"],
    [withSource("name: a, meters: ['*'], sinks: s"), "Error 1 sources[0].sinks: sinks should be a list"],
    [withSource("name: a, meters: ['*'], sinks: [t]"), "Error 1 sources[0].sinks: Dangling sink t from source a"],
    [withSource("name: a, meters: ['*'], sinks: [s, s]"), "Error 1 sources[0].sinks: Duplicate pipeline name: a:s"],
    [withSink("publishers: []"), "Error 2 sinks[0]: No publisher specified"],
    [withSink("publishers: gnocchi"), "Error 2 sinks[0].publishers: publishers should be a list"],
    [withSink("publishers: [1]"), "Error 2 sinks[0].publishers[0]: the publisher is no text"],
    [
      withSink("publishers: ['monasca://u:secret@h']"),
      "Error 2 sinks[0].publishers[0]: Unable to load publisher monasca://: it was removed in 2024.1",
    ],
    [
      withSink("publishers: [nosuch]"),
      "Error 2 sinks[0].publishers[0]: Unable to load publisher nosuch://: 2025.1 has no such publisher for meters",
    ],
  ])("%j", (text, problem) => {
    expect(told(text).filter((line) => line.startsWith("Error"))).toEqual([problem]);
  });

  it.each([
    ["transformers: x", "Error 2 sinks[0].transformers: transformers should be a list"],
    ["transformers: [x]", "Error 2 sinks[0].transformers[0]: the transformer is no mapping"],
    ["transformers: [{name: delta}]", "Error 2 sinks[0].transformers[0]: the transformer has no parameters"],
    ["transformers: [{name: y, parameters: }]", "Error 2 sinks[0].transformers[0]: No transformer named y loaded"],
    ["transformers: [{name: 1, parameters: }]", "Error 2 sinks[0].transformers[0]: No transformer named (none) loaded"],
    ["transformers: [{name: delta, parameters: }]", undefined],
  ])("%s, to Rocky", (fields, problem) => {
    const text = withSink(`publishers: [gnocchi], ${fields}`);
    expect(told(text, "rocky")).toEqual(problem === undefined ? [] : [problem]);
    expect(told(text, "stein")).toEqual(["Warning 2 sinks[0].transformers: stein ignores transformers"]);
  });

  it("means what it says where a publisher or a transformer is of somebody's own", () => {
    const text = withSink("publishers: ['acme://h', gnocchi], transformers: [{name: own, parameters: {a: 1}}]");
    expect(parsePipeline(text, "meters", release("rocky")).problems.map(({ plugin }) => plugin)).toEqual([
      "Publisher/acme",
      "Transformer/own",
    ]);
    expect(fileOf(text, "rocky").sinks).toEqual([
      { name: "s", publishers: ["acme://h", "gnocchi://"], transformers: [{ name: "own", parameters: { a: 1 } }] },
    ]);
  });

  it("wants names once each", () => {
    const source = "{name: a, meters: ['*'], sinks: [s]}";
    const sink = "{name: s, publishers: [gnocchi]}";
    expect(told(`sources: [${source}, ${source}]\nsinks: [${sink}, ${sink}]\n`)).toEqual([
      "Error 1 sources[1].name: Duplicated source names: a",
      "Error 2 sinks[1].name: Duplicated sink names: s",
      "Error 1 sources[1].sinks: Duplicate pipeline name: a:s",
    ]);
  });

  it("speaks of events in event pipelines", () => {
    expect(told(`sources: [{name: a, meters: ['*'], sinks: [s]}]\n${SINK}`, "2025.1", "events")).toEqual([
      "Error 1 sources[0].events: No events specified",
    ]);
  });

  it("checks the interval to Newton", () => {
    expect(
      told(withSource("name: a, meters: ['*'], sinks: [s], interval: 0").replace("gnocchi", "udp"), "newton"),
    ).toEqual(["Error 1 sources[0].interval: Interval value should > 0"]);
  });

  it("never shows the rest of a publisher's address", () => {
    const text = withSink("publishers: ['monasca://user:hunter2@host?x=hunter2', 'hunter2 ://']");
    expect(told(text).join()).not.toContain("hunter2@");
    expect(told(text)).toHaveLength(2);
  });
});

it("never throws on any shape", () => {
  const any = fc.anything({ maxDepth: 2 });
  const source = fc.record({ name: any, meters: any, sinks: any, interval: any }, { requiredKeys: [] });
  const sink = fc.record({ name: any, publishers: any, transformers: any }, { requiredKeys: [] });
  const shape = fc.record({ sources: fc.oneof(any, fc.array(source)), sinks: fc.oneof(any, fc.array(sink)) });
  fc.assert(
    fc.property(shape, fc.constantFrom("liberty", "rocky", "2026.1"), (file, name) => {
      told(JSON.stringify(file), name);
      told(JSON.stringify(file), name, "events");
    }),
  );
});
