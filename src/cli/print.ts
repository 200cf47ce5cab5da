/** Output for programs. */
import { stringify } from "yaml";
import type { Output } from "./terminal/screen.ts";
import { flattened } from "./terminal/text.ts";

export function printJson(out: Output, value: unknown): void {
  const json = JSON.stringify(value, null, 2);
  // JSON leaves these as they are, and a terminal obeys them.
  const escaped = json.replaceAll(/[\u007F-\u009F]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`);
  out.write(`${escaped}\n`);
}

export function printYaml(out: Output, value: unknown): void {
  // Through JSON, so that what is absent there is absent here, and nothing is an alias.
  out.write(stringify(JSON.parse(JSON.stringify(value)), { aliasDuplicateObjects: false, lineWidth: 0 }));
}

/** A table for people: columns two blanks apart, the last one as long as it is. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map(flattened));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}
