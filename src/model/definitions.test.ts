import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDefinitions } from "./definitions.ts";

const told = (text: string, key: string): readonly string[] => {
  const read = parseDefinitions(text, key);
  const problems = read.problems;
  return problems.map(({ severity, line, place, rule }) => `${severity} ${line ?? "-"} ${place}: ${rule}`);
};
const read = (text: string, key = "x") => {
  const parsed = parseDefinitions(text, key);
  if (parsed.kind === "broken") throw new Error(JSON.stringify(parsed.problems));
  return parsed.file;
};
const names = (text: string, key = "x"): readonly string[] => [...read(text, key).definitions.keys()];
const METER = "type: gauge, event_type: e, unit: B, volume: 1, resource_id: $.r";

describe("which kind a file is", () => {
  it.each([
    ["metric: []", "x", "meters"],
    ["resources: []", "x", "resources"],
    ["archive_policies: []", "x", "resources"],
    ["- {event_type: a, traits: {}}", "x", "events"],
    ["[]", "event_definitions.yaml", "events"],
    // The content counts more than the key.
    ["metric: []", "event_definitions.yaml", "meters"],
    ["{}", "gnocchi_resources.yaml", "resources"],
  ])("%j under the key %s", (text, key, kind) => {
    expect(read(text, key).kind).toBe(kind);
  });

  it.each([
    ["", "x", "these are no definitions that Ceilometer reads"],
    ["a: 1", "x", "these are no definitions that Ceilometer reads"],
    ["", "meters.yaml", "a list of meters is required"],
    ["", "event_definitions.yaml", "a list of event definitions is required"],
    ["just text", "gnocchi_resources.yaml", "a list of resource types is required"],
    ["metric: [", "x", "the indentation is wrong, or a bracket is not closed"],
  ])("%j under the key %s is none", (text, key, rule) => {
    expect(told(text, key).join()).toContain(rule);
  });
});

describe("meters", () => {
  it("are known by their name, the last of a name counts", () => {
    const text = `metric:\n- {name: a, ${METER}}\n- {name: b, ${METER}}\n- {name: a, ${METER}, lookup: x}\n`;
    expect(names(text)).toEqual(["b", "a"]);
    expect(read(text).definitions.get("a")?.fields.get("lookup")).toBe('"x"');
    expect(told(text, "x")).toEqual(["Warning 4 metric[2]: two definitions of the meter a; the agent drops the first"]);
  });

  it.each([
    ["- {name: a, type: gauge}", /^Warning 2 metric\[0\]: Required fields event_type, unit, volume, resource_id not/],
    [`- {name: a, ${METER.replace("gauge", "rate")}}`, /^Warning 2 metric\[0\]\.type: Invalid type: the agent drops/],
    [`- {name: a, ${METER.replace("volume: 1", "volume: 0")}}`, /Required fields volume not specified/],
    [`- {name: a, ${METER}, metadata: [x]}`, /^Error 2 metric\[0\]\.metadata: metadata should be a mapping$/],
    ["- text", /^Error 2 metric\[0\]: the entry is no mapping$/],
  ])("%j", (entry, problem) => {
    expect(told(`metric:\n${entry}\n`, "x")).toEqual([expect.stringMatching(problem)]);
  });

  it("may look their type up", () => {
    expect(names(`metric:\n- {name: a, ${METER.replace("gauge", "$.t")}, lookup: [type]}`)).toEqual(["a"]);
  });

  it("are dropped where the agent drops them", () => {
    expect(names(`metric:\n- {name: a}\n- {name: b, ${METER}}`)).toEqual(["b"]);
  });
});

describe("events", () => {
  it("are known by each type; exclusions are of all", () => {
    const { definitions } = read(
      "- {event_type: [a, 'b.*', '!b.c'], traits: {t: payload.t}}\n- {event_type: '!d', traits: {}}",
    );
    expect([...definitions.keys()]).toEqual(["a", "b.*", "*"]);
    expect(definitions.get("a")?.fields.get("exclusions")).toBe('"b.c"');
    expect(definitions.get("*")?.fields.get("exclusions")).toBe('"d"');
  });

  it("stand where their last definition stands", () => {
    expect(names("- {event_type: [a, b], traits: {}}\n- {event_type: a, traits: {}}")).toEqual(["b", "a"]);
  });

  it("may merge traits", () => {
    const text = "- event_type: a\n  traits: &t {x: p.x}\n- event_type: b\n  traits: {<<: *t, y: p.y}\n";
    expect([...(read(text).definitions.get("b")?.parts.keys() ?? [])]).toEqual(["traits.x", "traits.y"]);
  });

  it.each([
    ["- {traits: {}}", "Error 1 [0]: Required field event_type not specified"],
    ["- {event_type: a}", "Error 1 [0]: Required field traits not specified"],
    ["- {event_type: a, traits: [b]}", "Error 1 [0]: traits should be a mapping"],
    ["- {event_type: [1], traits: {}}", "Error 1 [0].event_type: an event type is no text"],
    ["- {event_type: a, traits: {b: }}", "Error 1 [0].traits.b: The field 'fields' is required for b"],
    ["- {event_type: a, traits: {b: {type: int}}}", "Error 1 [0].traits.b: The field 'fields' is required for b"],
    ["- {event_type: a, traits: {b: {fields: c, type: bool}}}", "Error 1 [0].traits.b: Invalid trait type for trait b"],
    ["- a", "Error 1 [0]: the entry is no mapping"],
  ])("%j", (text, problem) => {
    expect(told(text, "x")).toEqual([problem]);
  });
});

describe("resources", () => {
  it("have metrics, attributes and events, and may come twice", () => {
    const text = `
archive_policy_default: low
archive_policies: [{name: low, definition: []}]
resources:
  - {resource_type: a, metrics: [m], attributes: {x: r.x}, event_delete: a.delete, event_attributes: {id: i}}
  - {resource_type: a, metrics: {n: {archive_policy_name: high}}}
`;
    expect(names(text)).toEqual(["archive_policy_default", "archive_policies.low", "a"]);
    expect([...(read(text).definitions.get("a")?.parts.keys() ?? [])]).toEqual([
      "m",
      "attributes.x",
      "event_attributes.id",
      "event_delete",
      "n",
    ]);
    expect(told(text, "x").join()).toContain("two definitions of the resource type a");
  });

  it.each([
    ["{metrics: []}", "Required field resource_type should be a text"],
    ["{resource_type: a}", "Required field metrics should be a mapping or a list"],
    ["{resource_type: a, metrics: {m: 1}}", "what is said of a metric should be a mapping"],
    ["{resource_type: a, metrics: [], attributes: [b]}", "attributes should be a mapping"],
    ["{resource_type: a, metrics: [], event_create: b}", "Required field id of event_attributes should be a text"],
  ])("%s is dropped by the agent", (entry, fault) => {
    const text = `resources: [${entry}]`;
    expect(told(text, "x")).toEqual([`Warning 1 resources[0]: ${fault}: the agent drops the resource type`]);
    expect(names(text)).toEqual([]);
  });
});

it("never throws, whatever the file says", () => {
  const value = fc.anything({ maxDepth: 3 });
  const entry = fc.dictionary(
    fc.constantFrom("name", "type", "event_type", "traits", "metadata", "metrics", "resource_type", "attributes", "id"),
    value,
  );
  const list = fc.oneof(fc.array(entry, { maxLength: 4 }), value);
  const file = fc.oneof(list, fc.dictionary(fc.constantFrom("metric", "resources", "archive_policies"), list));
  fc.assert(
    fc.property(file, fc.constantFrom("meters.yaml", "event_definitions.yaml", "x"), (written, key) => {
      const parsed = parseDefinitions(JSON.stringify(written) ?? "", key);
      if (parsed.kind === "broken")
        for (const { rule, remedy } of parsed.problems) expect([rule, remedy]).not.toContain("");
    }),
  );
});
