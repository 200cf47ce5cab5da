/**
 * Takes out what stands behind and below a key of YAML, which no expression over a single line finds: block scalars, values on the
 * next line, lists, and the `value` beside a `name`. Every line is looked at a bounded number of times, so that a long file costs
 * no more than its length.
 */
export interface Taking {
  readonly isSensitive: (name: string) => boolean;
  /** Stands in the place of a value; called once for each. */
  readonly gone: () => string;
  readonly isGone: (text: string) => boolean;
}

interface Line {
  readonly text: string;
  /** Columns before the first character that is no blank; infinite where there is none. */
  readonly start: number;
  readonly key?: Key | undefined;
}

interface Key {
  readonly name: string;
  /** Columns before the name, with the dashes of a list. */
  readonly column: number;
  /** Everything up to the colon, and what is behind it. */
  readonly head: string;
  readonly rest: string;
}

const KEY =
  /^(?<lead>[ \t]*(?:-[ \t]+)*)(?<quoted>["']?(?<name>[\w.-]{1,80})["']?[ \t]*:)(?:[ \t]+(?<rest>\S[^\n]*)|[ \t\r]*)$/;
const SCALAR_BELOW = /^(?:[!&]\S*\s+)*[|>][-+\d]*\s*(?:#.*)?$/;
const CLOSED = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/;
/** Lines between a `name` and its `value`. */
const REACH = 40;

export function redactYaml(text: string, taking: Taking): string {
  const lines = text.split("\n").map(lineOf);
  const values = new Set(lines.flatMap((_, index) => valuesBeside(lines, index, taking.isSensitive)));
  const left: string[] = [];
  for (let index = 0; index < lines.length; ) {
    const { text: line = "", key } = lines[index] ?? {};
    const isSecret = key !== undefined && (taking.isSensitive(key.name) || values.has(index));
    const end = isSecret && !taking.isGone(key.rest) ? endOfValue(lines, index, key) : index;
    left.push(end === index ? line : `${key?.head ?? ""} ${taking.gone()}`);
    index = Math.max(end, index + 1);
  }
  return left.join("\n");
}

function lineOf(text: string): Line {
  const start = text.search(/\S/);
  if (start === -1) return { text, start: Number.POSITIVE_INFINITY };
  const { lead = "", quoted = "", name, rest = "" } = KEY.exec(text)?.groups ?? {};
  if (name === undefined) return { text, start };
  return { text, start, key: { name, column: lead.length, head: `${lead}${quoted}`, rest: rest.trimEnd() } };
}

/** The line behind the value of a key; the key's own line where its value is left to others: flow collections, and mappings by their names. */
function endOfValue(lines: readonly Line[], index: number, key: Key): number {
  if (/^[{[]/.test(key.rest)) return index;
  const below = endBelow(lines, index, key.column, key.rest === "");
  if (key.rest === "") {
    const first = lines.slice(index + 1, below).find(({ start }) => Number.isFinite(start));
    return first === undefined || first.key !== undefined ? index : below;
  }
  if (SCALAR_BELOW.test(key.rest) || (/^["']/.test(key.rest) && !CLOSED.test(key.rest))) return below;
  const next = lines.slice(index + 1, below).findIndex((line) => line.key !== undefined);
  return next === -1 ? below : index + 1 + next;
}

/** Behind the last line that is farther in than the key; a list may stand right below its key. */
function endBelow(lines: readonly Line[], index: number, column: number, withList: boolean): number {
  let end = index + 1;
  for (let at = end; at < lines.length; at += 1) {
    const { start, text } = lines[at] ?? { start: 0, text: "" };
    const isBelow = start > column || (withList && start === column && /^\s*-\s/.test(text));
    if (!isBelow) break;
    if (Number.isFinite(start)) end = at + 1;
  }
  return end;
}

/** Of `name: OS_PASSWORD` the lines of the same mapping that say its value. */
function valuesBeside(lines: readonly Line[], index: number, isSensitive: Taking["isSensitive"]): readonly number[] {
  const { key, start } = lines[index] ?? { start: 0 };
  if (key?.name !== "name" || !isSensitive(key.rest.replaceAll(/["',]/g, ""))) return [];
  const { column } = key;
  const startOf = (at: number): number => lines[at]?.start ?? -1;
  let last = index;
  while (last < index + REACH && startOf(last + 1) >= column) last += 1;
  let first = index;
  // Where the name has no dash before it, others of its mapping may stand before it: as far as to the one that has.
  if (start === column) while (first > index - REACH && startOf(first) >= column) first -= 1;
  const reach = Array.from({ length: last - first + 1 }, (_, each) => first + each);
  return reach.filter((at) => lines[at]?.key?.name === "value" && lines[at].key.column === column);
}
