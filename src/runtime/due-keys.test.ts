import fc from "fast-check";
import { expect, test } from "vitest";
import { DueKeys } from "./due-keys.ts";

const anybody = (): boolean => true;

test("keys come out when they are due, the one that has been due longest first, and those that are busy stay", () => {
  const keys = new DueKeys();
  keys.add("c", 30, 0);
  keys.add("a", 10, 0);
  expect(keys.take(9, anybody)).toBeUndefined();
  keys.add("b", 20, 20);
  expect(keys.due(35)).toBe(3);
  expect(keys.take(35, (key) => key !== "a")).toEqual(["b", 20]);
  expect(keys.take(35, anybody)).toEqual(["a", 10]);
  expect(keys.size).toBe(1);
});

test("it agrees with looking at all of them each time", () => {
  const step = fc.record({ key: fc.constantFrom("a", "b", "c", "d"), after: fc.nat(6), take: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const keys = new DueKeys();
      const all = new Map<string, number>();
      for (const [now, { key, after, take }] of steps.entries()) {
        const known = all.get(key);
        expect(keys.add(key, now + after, now)).toBe(known === undefined || known > now + after);
        all.set(key, Math.min(known ?? Number.POSITIVE_INFINITY, now + after));
        const earliest = Math.min(...all.values());
        expect(keys.next <= earliest || earliest <= now).toBe(true);
        const taken = take ? keys.take(now, anybody) : undefined;
        if (take) expect(taken?.[1]).toBe(earliest <= now ? earliest : undefined);
        if (taken !== undefined) all.delete(taken[0]);
        expect(keys.size).toBe(all.size);
      }
    }),
  );
});
