import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareDefinitions } from "./definition-changes.ts";
import { parseDefinitions } from "./definitions.ts";

const read = (text: string, key: string) => {
  const parsed = parseDefinitions(text, key);
  if (parsed.kind === "broken") throw new Error(JSON.stringify(parsed.problems));
  return parsed.file;
};
const changes = (before: string, after: string, key = "f") =>
  compareDefinitions(key, read(before, key), read(after, key)).map(
    ({ kind, object, message }) => `${kind} ${object}: ${message}`,
  );

const meter = (fields: string, name = "cpu") =>
  `metric: [{name: ${name}, type: gauge, event_type: e, unit: B, volume: 1, resource_id: $.r${fields}}]`;
const event = (traits: string, type = "a.*") => `- {event_type: ${type}, traits: {${traits}}}\n`;
const resource = (fields: string) => `resources: [{resource_type: instance, ${fields}}]`;

describe("what means the same is no change", () => {
  it.each([
    [
      meter(", event_type: [a, b]").replace("event_type: e, ", ""),
      meter(", event_type: [b, a]").replace("event_type: e, ", ""),
    ],
    [meter(""), meter(", metadata: {}, lookup: []")],
    [meter(", user_id: $.u"), meter(", user_id: [$.u]")],
    [meter(", user_id: $.u"), meter(", user_id: {fields: $.u}")],
    [event("t: p.t"), event("t: {fields: p.t}")],
    [event("t: p.t"), event("t: {fields: [p.t], type: text}")],
    [event("t: {fields: p, plugin: split}"), event("t: {fields: p, plugin: {name: split, parameters: {}}}")],
    [event("t: p.t, u: p.u"), event("u: p.u, t: p.t")],
    [event("", "a") + event("", "b"), event("", "b") + event("", "a")],
    [event("", "[a, b]"), event("", "b") + event("", "a")],
    [resource("metrics: [a, b]"), resource("metrics: {b: , a: {}}")],
    [resource("metrics: [a], archive_policy: low"), resource("metrics: {a: {archive_policy_name: low}}")],
    [
      `archive_policy_default: low\n${resource("metrics: [a]")}`,
      `archive_policy_default: low\n${resource("metrics: {a: {archive_policy_name: low}}")}`,
    ],
  ])("%j and %j", (before, after) => {
    expect(changes(before, after)).toEqual([]);
    expect(changes(after, before)).toEqual([]);
  });
});

describe("what was added", () => {
  it.each([
    ["metric: []", meter(""), "added f/cpu: the meter cpu is new"],
    [meter(""), meter(", metadata: {host: $.h}"), "added f/cpu.metadata.host: the metadata host is new"],
    [meter(""), meter(", user_metadata: $.m"), "added f/cpu.user_metadata: the user metadata is new"],
    [event(""), event("") + event("", "b"), "added f/b: the event type b is new"],
    [event(""), event("", "['a.*', b]"), "added f/b: the event type b is new"],
    [event(""), event("host: p.h"), "added f/a.*.traits.host: the trait host is new"],
    ["resources: []", resource("metrics: []"), "added f/instance: the resource type instance is new"],
    [resource("metrics: []"), resource("metrics: [cpu]"), "added f/instance.cpu: the metric cpu is new"],
    [
      resource("metrics: []"),
      resource("metrics: [], attributes: {host: r.h}"),
      "added f/instance.attributes.host: the attribute host is new",
    ],
  ])("%j to %j; and back again it is removed", (before, after, change) => {
    expect(changes(before, after)).toEqual([change]);
    const removed = change.replace("added", "removed").replace("is new", "is not defined any more");
    expect(changes(after, before)).toEqual([removed]);
  });
});

describe("what was altered", () => {
  it.each([
    [
      meter(", metadata: {host: $.h}"),
      meter(", metadata: {host: $.g}, user_id: $.u").replace("B", "iB"),
      [
        "altered f/cpu: unit changes from B to iB; user_id changes from nothing to $.u",
        "altered f/cpu.metadata.host: the metadata host changes from $.h to $.g",
      ],
    ],
    [
      meter("").replace("event_type: e", "event_type: [a, b, c]"),
      meter("").replace("event_type: e", "event_type: [a, c, d]"),
      ["altered f/cpu: event_type loses b and gains d"],
    ],
    [
      meter(", user_id: [$.u, $.v]"),
      meter(", user_id: [$.v, $.u]"),
      ['altered f/cpu: user_id changes from ["$.u","$.v"] to ["$.v","$.u"]'],
    ],
    [
      event("t: {fields: p.t, type: int}"),
      event("t: p.t"),
      ['altered f/a.*.traits.t: the trait t changes from {"fields":"p.t","type":"int"} to p.t'],
    ],
    [event("", "'a.*'"), event("", "['a.*', '!a.b']"), ["altered f/a.*: exclusions changes from nothing to a.b"]],
    [
      resource("metrics: [cpu]"),
      resource("metrics: {cpu: {archive_policy_name: high}}"),
      ['altered f/instance.cpu: the metric cpu changes from the default archive policy to the archive policy "high"'],
    ],
    [
      `archive_policy_default: low\n${resource("metrics: [cpu]")}`,
      `archive_policy_default: high\n${resource("metrics: [cpu]")}`,
      ["altered f/archive_policy_default: archive_policy_default changes from low to high"],
    ],
  ])("%j to %j", (before, after, expected) => {
    expect(changes(before, after)).toEqual(expected);
  });

  it("a file of another kind removes everything", () => {
    expect(changes(meter(""), event(""))).toEqual([
      "removed f/cpu: the meter cpu is not defined any more",
      "added f/a.*: the event type a.* is new",
    ]);
  });
});

describe("an event definition that comes to stand behind another", () => {
  const wide = event("host: p.h, state: p.s", "'a.*'");
  const narrow = event("host: p.h", "a.b");
  const taken =
    "altered f/a.*: the definition a.b now stands behind it and takes notifications from it; they lose or alter the trait state";

  it("alters it where it takes traits away", () => {
    expect(changes(wide, wide + narrow)).toEqual(["added f/a.b: the event type a.b is new", taken]);
    expect(changes(narrow + wide, wide + narrow)).toEqual([taken]);
    expect(changes(wide + narrow, wide + narrow)).toEqual([]);
  });

  it("alters nothing where it gives the same traits, stands before, or is kept out", () => {
    expect(changes(wide, wide + event("host: p.h, state: p.s, more: p.m", "a.b"))).toEqual([
      "added f/a.b: the event type a.b is new",
    ]);
    expect(changes(wide, narrow + wide)).toEqual(["added f/a.b: the event type a.b is new"]);
    const other = event("", "['*', '!a.*']");
    expect(changes(wide, wide + other)).toEqual(["added f/*: the event type * is new"]);
    expect(changes(wide, wide + event("", "'*.c'"))).toEqual(["added f/*.c: the event type *.c is new"]);
  });

  it("does not count what the agent adds by itself", () => {
    const own = event("user_id: p.u", "'a.*'");
    expect(changes(own, own + event("", "a.b"))).toEqual(["added f/a.b: the event type a.b is new"]);
  });

  it("is not looked for without end", () => {
    const types = Array.from({ length: 400 }, (_, index) => `*${index}${"-".repeat(30)}`);
    const file = (list: readonly string[]) => list.map((type) => `- {event_type: "${type}", traits: {}}\n`).join("");
    const found = changes(file(types), file(types.toReversed()), "event_definitions.yaml");
    expect(found).toEqual([
      "altered event_definitions.yaml: its definitions stand in another order, in more places than can be compared",
    ]);
  });
});

describe("add, never delete or modify", () => {
  const word = fc.stringMatching(/^[a-z]{1,6}(\.[a-z]{1,6})?$/);
  const path = fc.stringMatching(/^payload\.[a-z]{1,8}$/);
  const paths = fc.dictionary(word, path, { maxKeys: 4, noNullPrototype: true });
  const meterEntry = fc.record({
    name: word,
    type: fc.constantFrom("gauge", "delta", "cumulative"),
    event_type: word,
    unit: fc.constantFrom("B", "GB", "vcpu"),
    volume: path,
    resource_id: path,
    metadata: paths,
  });
  const eventEntry = fc.record({ event_type: word, traits: paths });
  const resourceEntry = fc.record({
    resource_type: word,
    metrics: fc.uniqueArray(word, { maxLength: 4 }),
    attributes: paths,
  });
  const KINDS = [
    { id: "name", entry: meterEntry, file: (metric: readonly unknown[]) => ({ metric }) },
    { id: "event_type", entry: eventEntry, file: (events: readonly unknown[]) => events },
    { id: "resource_type", entry: resourceEntry, file: (resources: readonly unknown[]) => ({ resources }) },
  ] as const;
  type AnyEntry = Readonly<Record<string, unknown>>;
  interface Sample {
    readonly key: string;
    readonly entries: readonly AnyEntry[];
    readonly write: (entries: readonly unknown[]) => string;
    readonly id: string;
  }
  const sample: fc.Arbitrary<Sample> = fc.oneof(
    ...KINDS.map(({ id, entry, file }) =>
      fc
        .uniqueArray<AnyEntry, unknown>(entry, { minLength: 2, maxLength: 6, selector: (each) => each[id] })
        .map((entries) => ({
          key: id === "event_type" ? "event_definitions.yaml" : "f",
          entries,
          write: (list: readonly unknown[]) => JSON.stringify(file(list)),
          id,
        })),
    ),
  );
  const found = ({ key, write }: Sample, before: readonly unknown[], after: readonly unknown[]) =>
    compareDefinitions(key, read(write(before), key), read(write(after), key));
  /** What may be added to a definition without altering it. */
  const PARTS = ["metadata", "traits", "attributes", "metrics"];

  const added = (value: unknown): unknown =>
    Array.isArray(value) ? value.concat("added.here") : Object.assign({}, value, { "added.here": "payload.added" });
  const withAddition = (entry: AnyEntry): AnyEntry =>
    Object.fromEntries(
      Object.entries(entry).map(([field, value]) => [field, PARTS.includes(field) ? added(value) : value]),
    );

  it("adding, in whatever order, is never a violation", () => {
    fc.assert(
      fc.property(sample, fc.nat(), fc.boolean(), (of, at, reversed) => {
        const [extra, ...before] = of.entries;
        const after = before.map((entry, index) => (index === at % before.length ? withAddition(entry) : entry));
        const all = [...after.slice(0, at % 3), extra, ...after.slice(at % 3)];
        const kinds = found(of, before, reversed ? all.toReversed() : all).map(({ kind }) => kind);
        expect(new Set(kinds)).toEqual(new Set(["added"]));
      }),
    );
  });

  it("taking any definition away is one", () => {
    fc.assert(
      fc.property(sample, fc.nat(), (of, at) => {
        const after = of.entries.toSpliced(at % of.entries.length, 1);
        const gone = String(of.entries[at % of.entries.length]?.[of.id]);
        expect(found(of, of.entries, after)).toEqual([
          expect.objectContaining({ kind: "removed", object: `${of.key}/${gone}` }),
        ]);
      }),
    );
  });

  it("changing or taking away any field, trait, metric or attribute is one", () => {
    const altered = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.slice(1);
      if (typeof value !== "object" || value === null) return value === "delta" ? "gauge" : "delta";
      const [first, ...others] = Object.entries(value);
      return Object.fromEntries(first === undefined ? others : [[first[0], `${String(first[1])}.x`], ...others]);
    };
    fc.assert(
      fc.property(sample, fc.nat(), fc.nat(), (of, at, fieldAt) => {
        const index = at % of.entries.length;
        const entry = of.entries[index] ?? {};
        const fields = Object.keys(entry).filter(
          (field) => JSON.stringify(altered(entry[field])) !== JSON.stringify(entry[field]),
        );
        const field = fields[fieldAt % fields.length] ?? "";
        const after = of.entries.with(index, { ...entry, [field]: altered(entry[field]) });
        // A definition that got the name of another would be two of one name, another case.
        fc.pre(new Set(after.map((each) => each[of.id])).size === after.length);
        expect(found(of, of.entries, after).map(({ kind }) => kind)).toEqual(
          expect.arrayContaining([expect.stringMatching(/^(removed|altered)$/)]),
        );
      }),
    );
  });
});
