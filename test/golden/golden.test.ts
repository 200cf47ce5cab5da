/** Transcripts to be read beside the documents. UPDATE_GOLDEN=1 rewrites them; a difference is a change of behaviour. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { partialRefusals } from "./partial-refusals.ts";
import { refusals } from "./refusals.ts";
import { steering } from "./steering.ts";
import { stories } from "./stories.ts";

const all = Object.entries({
  ...stories,
  ...steering,
  "preflight-refusals": refusals,
  "partial-refusals": partialRefusals,
});

test.each(all)("%s", async (name, tell) => {
  const file = join(import.meta.dirname, `${name}.golden`);
  const text = `# ${name.replaceAll("-", " ")}\n\n${tell()}`;
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, text);
  expect(text).toBe(await readFile(file, "utf8").catch(() => ""));
});
