/** What a command printed on a terminal, colours included, as a picture. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rect, svg, text } from "./svg.ts";

/** Kept as they were printed, of real runs. */
const captures = join(import.meta.dirname, "captures");
const LETTER = 7.23;
const LINE = 17;
const MEANING: Readonly<Record<string, string>> = {
  "1": "strong",
  "2": "quiet",
  "31": "bad",
  "32": "good",
  "33": "busy",
};

export function terminalPicture(capture: string, command: string, columns: number): string {
  const printed = readFileSync(join(captures, capture), "utf8").trimEnd().split("\n");
  const lines = [`\u001b[1m$ ${command}\u001b[0m`, ...printed];
  const width = Math.ceil(columns * LETTER) + 32;
  const height = lines.length * LINE + 28;
  return svg({
    width,
    height,
    says: `what ${command} prints`,
    shapes: [
      rect({ x: 1, y: 1, width: width - 2, height: height - 2 }, "box", 8),
      ...lines.flatMap((line, row) => lineOf(line, row, columns)),
    ],
  });
}

function lineOf(line: string, row: number, columns: number): readonly string[] {
  let column = 0;
  const [first = "", ...coloured] = line.split("\u001b[");
  return [`0m${first}`, ...coloured].flatMap((piece) => {
    const [, code = "0", content = ""] = /^(\d+)m(.*)$/.exec(piece) ?? [];
    const x = Number((16 + column * LETTER).toFixed(1));
    const shown = content.slice(0, Math.max(0, columns - column));
    column += content.length;
    const look = { class: `code ${MEANING[code] ?? ""}`.trim(), "xml:space": "preserve" };
    return shown.trim() === "" ? [] : [text(x, 28 + row * LINE, shown, look)];
  });
}
