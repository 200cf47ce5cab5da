import { expect, test } from "vitest";
import { createAnswers } from "./answers.ts";

test.each<[code: number | undefined, isTold: boolean]>([
  [200, true],
  [201, true],
  [404, true],
  [409, true],
  [410, true],
  [422, true],
  [302, false],
  [401, false],
  [403, false],
  [429, false],
  [500, false],
  [503, false],
  [0, false],
  [undefined, false],
])("an answer %s is one of a server that works: %s", (code, isTold) => {
  const answers = createAnswers();
  let told = 0;
  answers.subscribe(() => {
    told += 1;
  });
  answers.note(code);
  expect(told).toBe(isTold ? 1 : 0);
});

test("whoever has heard enough, be it while it is told, is told no more, and the others are", () => {
  const answers = createAnswers();
  const told: string[] = [];
  const stop = answers.subscribe(() => {
    told.push("once");
    stop();
  });
  answers.subscribe(() => told.push("always"));
  answers.note(200);
  answers.note(200);
  expect(told).toEqual(["once", "always", "always"]);
});
