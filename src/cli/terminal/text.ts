/** Lines for a terminal: coloured pieces, cut to a width, told apart from the escape codes that colour them. */
import { withoutControls } from "../../runtime/controls.ts";

export type Tone = "plain" | "quiet" | "good" | "busy" | "bad" | "strong";

export interface Piece {
  readonly text: string;
  readonly tone: Tone;
}
export type Line = readonly Piece[];

/** Terminal codes (ECMA-48, "select graphic rendition"). */
const CODES: Readonly<Record<Tone, string>> = {
  plain: "",
  quiet: "2",
  good: "32",
  busy: "33",
  bad: "31",
  strong: "1",
};

export const piece = (text: string, tone: Tone = "plain"): Piece => ({ text, tone });

/** Exactly `width` characters. */
export function cell(text: string, width: number, tone: Tone = "plain"): Piece {
  return { text: cut(text, width).padEnd(width), tone };
}

/** On one line. */
export const flattened = (text: string): string => withoutControls(text.replaceAll(/[\r\n\t]+/g, " "));

/** A line break inside a redrawn line would shift everything below it. */
export function cut(text: string, width: number): string {
  const flat = flattened(text);
  return flat.length <= width ? flat : `${flat.slice(0, Math.max(0, width - 1))}…`;
}

export interface Style {
  /** Columns. */
  readonly width: number;
  readonly colours: boolean;
}

export function renderLine(line: Line, { width, colours }: Style): string {
  let left = width;
  let rendered = "";
  for (const { text: given, tone } of line) {
    const text = withoutControls(given);
    const part = text.length <= left ? text : `${text.slice(0, Math.max(0, left - 1))}${left > 0 ? "…" : ""}`;
    left -= part.length;
    rendered += colours && CODES[tone] !== "" ? `\u001B[${CODES[tone]}m${part}\u001B[0m` : part;
  }
  return colours ? rendered : rendered.trimEnd();
}

/** Seconds with one decimal, "+12.3 s". Milliseconds in. */
export const offset = (since: number, at: number): string => `+${(Math.max(0, at - since) / 1000).toFixed(1)} s`;

/** https://no-color.org: any value but the empty one turns colours off. */
export function wantsColours(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
