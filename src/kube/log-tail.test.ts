import { expect, test } from "vitest";
import type { LogOptions } from "./client.ts";
import { tailOf } from "./log-tail.ts";

/** As a kubelet answers: from the first of the last lines, so many bytes. */
function kubelet(lines: readonly string[]) {
  const asked: (number | undefined)[] = [];
  const logs = async (_pod: object, { tailLines = lines.length, limitBytes }: LogOptions = {}): Promise<string> => {
    asked.push(tailLines);
    const text = lines.slice(-tailLines).map((line) => `${line}\n`);
    return Buffer.from(text.join("")).subarray(0, limitBytes).toString("utf8");
  };
  return { asked, logs };
}

const pod = { namespace: "openstack", name: "central-0" };
const limits = { lines: 100, bytes: 1_000 };
const numbered = (count: number, length: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${index} `.padEnd(length - 1, "x"));

test("a log of short lines is asked for once", async () => {
  const { asked, logs } = kubelet(numbered(100, 9));
  const tail = await tailOf({ logs }, pod, limits);
  expect(asked).toEqual([100]);
  expect(tail.newest).toMatch(/^0 .*\n99 x+\n$/s);
  expect(tail.oldest).toBeUndefined();
});

test("of long lines the newest come as well, whole, and what came first is kept", async () => {
  const { asked, logs } = kubelet(numbered(100, 50));
  const { oldest = "", newest = "" } = await tailOf({ logs }, pod, limits);
  expect(asked).toEqual([100, 10]);
  expect(oldest).toMatch(/^0 /);
  expect(newest).toMatch(/^90 .*\n99 x+\n$/s);
});

test("where the newest lines are the longest, fewer and fewer are asked for", async () => {
  const { asked, logs } = kubelet([...numbered(90, 10), ...numbered(10, 300)]);
  const { newest = "" } = await tailOf({ logs }, pod, limits);
  expect(newest.split("\n").at(-2)).toMatch(/^9 x+$/);
  expect(asked.length).toBeLessThanOrEqual(8);
});

test("a line that is longer than all that is read has no end that is known, and is not asked for without end", async () => {
  const { asked, logs } = kubelet(["x".repeat(5_000)]);
  expect(await tailOf({ logs }, pod, limits)).toEqual({ oldest: "x".repeat(1_000) });
  expect(asked).toHaveLength(8);
});

test("characters that a cut has torn apart are no reason to take it for whole", async () => {
  const { logs } = kubelet(Array.from({ length: 100 }, () => "ü".repeat(100)));
  const { newest = "" } = await tailOf({ logs }, pod, { lines: 100, bytes: 1_001 });
  expect(newest).not.toContain("\uFFFD");
});
