import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { answersIn, confirm } from "./confirm.ts";
import type { Surroundings } from "./surroundings.ts";

function asked(answers: PassThrough | undefined): { around: Surroundings; said: string[] } {
  const said: string[] = [];
  const stream = { write: (text: string) => said.push(text) };
  const signal = new AbortController().signal;
  return {
    around: { out: stream, err: stream, answers, env: {}, now: () => 0, signal, home: ".", node: "node" },
    said,
  };
}

test.each(["y\n", "yes\n", "YES\n"])("goes on after %j", async (answer) => {
  const input = new PassThrough();
  const { around, said } = asked(input);
  input.end(answer);
  await confirm(around, "Go on?");
  expect(said).toEqual(["Go on? [y/N] "]);
});

test.each(["\n", "n\n", "yep\n", ""])("changes nothing after %j", async (answer) => {
  const input = new PassThrough();
  input.end(answer);
  await expect(confirm(asked(input).around, "Go on?")).rejects.toThrow("nothing was changed");
});

test.each([
  ["both are terminals", true, true, "err"],
  ["standard error goes into a file", true, false, "out"],
  ["standard output goes into a file", false, true, "err"],
  ["both go elsewhere", false, false, undefined],
])("a person at a terminal is asked where it can be seen: %s", async (_, outIs, errIs, wanted) => {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  input.end("y\n");
  const said: string[] = [];
  const stream = (name: string, isTTY: boolean) => ({ isTTY, write: () => said.push(name) });
  const streams = { out: stream("out", outIs), err: stream("err", errIs) };
  await confirm({ ...asked(undefined).around, ...streams, answers: answersIn(input, streams) }, "Go on?");
  expect(said).toEqual(wanted === undefined ? [] : [wanted]);
});

test("a script is not asked", async () => {
  const { around, said } = asked(undefined);
  await confirm(around, "Go on?");
  expect(said).toEqual([]);
});
