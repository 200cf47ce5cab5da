import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { watchValve } from "./watch-valve.ts";

test("what stood still comes in its order, and before the end", async () => {
  const valve = watchValve();
  const tap = valve.tap();
  const told = text(tap);
  valve.freeze(true);
  tap.write("a");
  tap.end("b");
  const first = await Promise.race([told, new Promise((resolve) => setImmediate(() => resolve("nothing yet")))]);
  expect(first).toBe("nothing yet");
  valve.freeze(false);
  expect(await told).toBe("ab");
});

test("what comes late comes in its order, also when the delay ends", async () => {
  const valve = watchValve();
  const tap = valve.tap();
  const told = text(tap);
  valve.delay(20);
  tap.write("a");
  valve.delay(0);
  tap.end("b");
  expect(await told).toBe("ab");
});
