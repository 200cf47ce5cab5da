import { expect, test } from "vitest";
import { text, wrapped } from "./svg.ts";

test("what is shown cannot end its shape", () => {
  expect(text(0, 1, '<a> & "b"')).toBe('<text x="0" y="1">&lt;a&gt; &amp; &quot;b&quot;</text>');
});

test("lines are broken at blanks, and a word is never", () => {
  expect(wrapped("never two versions of-something-long", 9)).toEqual(["never two", "versions", "of-something-long"]);
});
