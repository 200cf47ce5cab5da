/**
 * Writes plain data as YAML that PyYAML, which reads YAML 1.1, and every later reader understand alike: all texts are quoted,
 * so that no word becomes a truth value and no digits a number. The same data always gives the same text.
 */
import { isMapping } from "./file-source.ts";

/** What is not printable ASCII is escaped: some of it PyYAML refuses. */
function escaped(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length > 4 ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
}

const quoted = (text: string): string => JSON.stringify(text).replaceAll(/[^\x20-\x7e]/gu, escaped);

function numberText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  // In YAML 1.1 a float has a point, also before an exponent.
  return String(value).replace(/^(-?\d+)e/, "$1.0e");
}

function scalarText(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return numberText(value);
  return typeof value === "boolean" ? String(value) : "null";
}

/** Of YAML 1.1, in the letters that a key may have. */
const WORDS = new Set(["y", "n", "yes", "no", "on", "off", "true", "false", "null"]);
const keyText = (key: string): string => (/^[a-z]+(_[a-z]+)*$/.test(key) && !WORDS.has(key) ? key : quoted(key));

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);

function linesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ["[]"];
    return value.flatMap((item: unknown) => {
      const [first = "", ...others] = linesOf(item);
      return [`- ${first}`, ...indented(others)];
    });
  }
  if (!isMapping(value)) return [scalarText(value)];
  const entries = Object.entries(value);
  if (entries.length === 0) return ["{}"];
  return entries.flatMap(([key, inner]) => {
    const lines = linesOf(inner);
    const isBlock = typeof inner === "object" && inner !== null && Object.keys(inner).length > 0;
    return isBlock ? [`${keyText(key)}:`, ...indented(lines)] : [`${keyText(key)}: ${lines.join("")}`];
  });
}

export function yamlText(value: unknown): string {
  return `${linesOf(value).join("\n")}\n`;
}
