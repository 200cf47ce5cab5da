/** Output for programs. */
import { stringify } from "yaml";
import type { Output } from "./terminal/screen.ts";

export function printJson(out: Output, value: unknown): void {
  out.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function printYaml(out: Output, value: unknown): void {
  // Through JSON, so that what is absent there is absent here, and nothing is an alias.
  out.write(stringify(JSON.parse(JSON.stringify(value)), { aliasDuplicateObjects: false, lineWidth: 0 }));
}

/** A table for people: columns two blanks apart, the last one as long as it is. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
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
