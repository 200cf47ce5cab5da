import fc from "fast-check";
import { expect, test } from "vitest";
import { splitLines } from "./lines.ts";

async function* chunked(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

test("however the bytes are cut, the lines are the same, whatever characters they hold", async () => {
  const text = fc.stringMatching(/^[a-z\u00e9\u2028\u2029\u{1F600}]+$/u, { size: "max", maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(text), fc.array(fc.integer({ min: 0, max: 9 })), async (lines, sizes) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      const read: string[] = [];
      for await (const line of splitLines(chunked(bytes, sizes), 1_000)) read.push(line.toString("utf8"));
      expect(read).toEqual(lines);
    }),
  );
});

test("a line over the cap throws, whether its end has come or not", async () => {
  const read = async (bytes: string): Promise<void> => {
    for await (const _ of splitLines(chunked(Buffer.from(bytes), [4, 4]), 10));
  };
  await expect(read("0123456789\n")).resolves.toBeUndefined();
  await expect(read("0123456789a\n")).rejects.toThrow("longer than 10 bytes");
  await expect(read("0123456789abcdef")).rejects.toThrow("longer than 10 bytes");
});
