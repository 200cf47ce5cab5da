import { describe, expect, it } from "vitest";
import { parsePipeline } from "../model/pipeline.ts";
import type { PublishedKind } from "../model/publishers.ts";
import { parseRelease } from "../model/release.ts";
import { newKindsOnOldQueues } from "./new-queue.ts";

const rocky = parseRelease("rocky") ?? { name: "", major: 0 };
type Pair = readonly [filter: readonly string[], publisher: string, made?: string];

function pipeline(what: PublishedKind, pairs: readonly Pair[]) {
  const sources = pairs.map(([filter], index) => ({ name: `s${index}`, [what]: filter, sinks: [`k${index}`] }));
  const sinks = pairs.map(([, publisher, made], index) => ({
    name: `k${index}`,
    publishers: [publisher],
    transformers: made === undefined ? [] : [{ name: "rate_of_change", parameters: { target: { name: made } } }],
  }));
  const read = parsePipeline(JSON.stringify({ sources, sinks }), what, rocky);
  if (read.kind === "broken") throw new Error(JSON.stringify(read.problems));
  return read.file;
}
const told = (
  before: readonly Pair[],
  after: readonly Pair[],
  options: { what?: PublishedKind; collector?: boolean; defaultTopic?: string } = {},
): readonly string[] => {
  const { what = "meters", collector = false, ...others } = options;
  const input = {
    what,
    object: "ConfigMap/new",
    key: "pipeline.yaml",
    before: pipeline(what, before),
    after: pipeline(what, after),
    collector,
    ...others,
  };
  return newKindsOnOldQueues(input).map(({ message }) => message);
};
const warning = (kinds: string, topic: string, readers = "consumers of the old release") =>
  `pipeline.yaml: ${kinds} would go onto the queue ${topic}, which ${readers} read`;

describe("a new kind of data on an old queue", () => {
  it.each<readonly [string, readonly Pair[], readonly Pair[], string]>([
    ["a new name", [[["cpu"], "notifier://"]], [[["cpu", "disk.*"], "notifier://"]], warning("disk.*", "metering")],
    [
      "a new source",
      [[["a"], "notifier://"]],
      [
        [["a"], "notifier://"],
        [["b"], "notifier"],
      ],
      warning("b", "metering"),
    ],
    [
      "a topic of its own that was there before",
      [[["a"], "notifier://?topic=t"]],
      [[["b"], "notifier://?driver=kafka&topic=t"]],
      warning("b", "t"),
    ],
    [
      "an exclusion that is lifted",
      [[["*", "!disk.*"], "notifier://"]],
      [[["*"], "notifier://"]],
      warning("disk.*", "metering"),
    ],
    [
      "what was published elsewhere only",
      [
        [["a"], "notifier://"],
        [["b"], "gnocchi://"],
      ],
      [
        [["a"], "notifier://"],
        [["b"], "notifier://"],
      ],
      warning("b", "metering"),
    ],
    [
      "what a transformer makes",
      [[["cpu"], "notifier://"]],
      [[["cpu"], "notifier://", "cpu_util"]],
      warning("cpu_util", "metering"),
    ],
    [
      "many of them",
      [[["a"], "notifier://"]],
      [[["b", "c", "d", "e", "f", "g", "h"], "notifier://"]],
      warning("b, c, d, e, f and 2 more", "metering"),
    ],
  ])("%s", (_, before, after, message) => {
    expect(told(before, after)).toEqual([message]);
  });

  it("is one for the collectors, whatever the old pipeline published", () => {
    const after: readonly Pair[] = [
      [["a"], "notifier://"],
      [["b"], "notifier://?topic=own"],
    ];
    expect(told([], after, { collector: true })).toEqual([warning("a", "metering", "the old collectors")]);
    expect(told([], after)).toEqual([]);
    expect(told([], after, { collector: true, defaultTopic: "own" })).toEqual([
      warning("a, b", "own", "the old collectors"),
    ]);
    expect(told([], [[["a"], "notifier://"]], { what: "events", collector: true })).toEqual([
      warning("a", "event", "the old collectors"),
    ]);
  });

  it("never shows where a broker is", () => {
    const [message] = told([[["a"], "notifier://u:hunter2@h?topic=t"]], [[["b"], "notifier://u:hunter2@h?topic=t"]]);
    expect(message).toBe(warning("b", "t"));
  });
});

describe("no new kind", () => {
  it.each<readonly [string, readonly Pair[], readonly Pair[]]>([
    ["the same", [[["a"], "notifier://"]], [[["a"], "notifier://"]]],
    ["less", [[["a", "b"], "notifier://"]], [[["a"], "notifier://"]]],
    ["what a pattern took", [[["*"], "notifier://"]], [[["cpu", "disk.*"], "notifier://"]]],
    ["what only exclusions took", [[["!x"], "notifier://"]], [[["*", "!x"], "notifier://"]]],
    [
      "a topic of its own",
      [[["a"], "notifier://"]],
      [
        [["a"], "notifier://"],
        [["b"], "notifier://?topic=new"],
      ],
    ],
    [
      "another broker",
      [[["a"], "notifier://"]],
      [
        [["a"], "notifier://"],
        [["b"], "notifier://host:1"],
      ],
    ],
    [
      "no notifier",
      [[["a"], "notifier://"]],
      [
        [["a"], "notifier://"],
        [["b"], "gnocchi://"],
      ],
    ],
    [
      "an exclusion that another source did not have",
      [
        [["!x"], "notifier://"],
        [["x"], "notifier://"],
      ],
      [[["*"], "notifier://"]],
    ],
  ])("%s", (_, before, after) => {
    expect(told(before, after)).toEqual([]);
  });
});
