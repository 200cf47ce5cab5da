/** No text that a user can write makes a reader throw: what cannot be read is an answer of its own. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { BOMBS, UNITS } from "./parser-bombs.ts";
import { READERS } from "./text-readers.ts";

const MEBIBYTE = 1024 * 1024;

function thrownBy(read: (text: string) => unknown, text: string): string | undefined {
  try {
    read(text);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

test.each(READERS)("$name: bombs", ({ read }) => {
  const thrown = BOMBS.flatMap(([bomb, text]) => {
    const error = thrownBy(read, text(4000));
    return error === undefined ? [] : [`${bomb}: ${error}`];
  });
  expect(thrown).toEqual([]);
});

test("bombs of all sizes, up to what an object of Kubernetes holds", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...READERS),
      fc.constantFrom(...BOMBS),
      fc.integer({ min: 1, max: MEBIBYTE }),
      ({ read }, [, text], length) => {
        expect(thrownBy(read, text(length))).toBeUndefined();
      },
    ),
    { numRuns: 40 },
  );
});

test("texts that mix what readers look for", () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...UNITS), fc.string({ unit: "binary", maxLength: 4 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(fc.constantFrom(...READERS), text, ({ read }, units) => {
      expect(thrownBy(read, units.join(""))).toBeUndefined();
    }),
    { numRuns: 1500 },
  );
});
