/** The page of figures, of which each part is written by the program that measures it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../scripts/demo/installation.ts";

/** Puts the text between the marks of this part of docs/performance.md. Throws where the page has no such marks. */
export async function putIntoPage(part: string, text: string): Promise<void> {
  const page = join(root, "docs", "performance.md");
  const [begin, end] = [`<!-- bench:${part} -->`, `<!-- /bench:${part} -->`];
  const [head, rest] = (await readFile(page, "utf8")).split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error(`docs/performance.md has no ${begin} … ${end}`);
  await writeFile(page, `${head}${begin}\n${text}\n${end}${tail}`);
}
