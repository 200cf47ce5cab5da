import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseYamlFile } from "./yaml-file.ts";
import { yamlText } from "./yaml-text.ts";

describe("YAML text", () => {
  it("is plain to read", () => {
    const value = { sources: [{ name: "on", interval: 300, meters: ["*", "a"], resources: [] }, {}], "no-key": [[1]] };
    expect(yamlText(value)).toBe(`sources:
  - name: "on"
    interval: 300
    meters:
      - "*"
      - "a"
    resources: []
  - {}
"no-key":
  - - 1
`);
  });

  it.each([
    ["1e21", 1e21, "1.0e+21\n"],
    ["1.5e-7", 1.5e-7, "1.5e-7\n"],
    ["not a number", Number.NaN, ".nan\n"],
    ["infinity", Number.NEGATIVE_INFINITY, "-.inf\n"],
    ["nothing", null, "null\n"],
    ["a control character and an emoji", "\u007f\u0001😀é", '"\\u007f\\u0001\\U0001f600\\u00e9"\n'],
    ["a key that is a word of YAML", { y: true }, '"y": true\n'],
  ])("of %s", (_what, value, text) => expect(yamlText(value)).toBe(text));

  it("reads back as what was written", () => {
    const leaf = fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(null), fc.double());
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3, depthIdentifier: "tree" },
        leaf,
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.string({ maxLength: 6 }), tie("tree"), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const read = parseYamlFile(yamlText(value));
        // The reader knows no negative zero, and its mappings have no prototype.
        const plain = (each: unknown): unknown =>
          JSON.stringify(each, (_key, inner: unknown) => (typeof inner === "number" ? String(inner + 0) : inner));
        expect(read.kind === "parsed" ? plain(read.value) : read.problems).toEqual(plain(value));
      }),
    );
  });
});
