/**
 * Which meters or events a source of a pipeline or polling file takes: Python's `fnmatch` on whole names and Ceilometer's
 * rules of inclusion and exclusion (class Source of its agent module; the same from Liberty to today).
 */

type CharacterTest = (character: string) => boolean;
type PatternPart = "star" | CharacterTest;

/** The set `[…]` that opens at `open`, and where it ends; undefined where it does not end, as then the bracket is a letter. */
function readSet(pattern: readonly string[], open: number): { test: CharacterTest; end: number } | undefined {
  const negated = pattern[open + 1] === "!";
  const start = open + (negated ? 2 : 1);
  // A closing bracket right at the start is a member.
  const end = pattern.indexOf("]", pattern[start] === "]" ? start + 1 : start);
  if (end < 0) return undefined;
  const members = new Set<string>();
  const ranges: (readonly [number, number])[] = [];
  for (let at = start; at < end; at += 1) {
    const first = pattern[at] ?? "";
    const last = pattern[at + 2] ?? "";
    if (pattern[at + 1] === "-" && at + 2 < end) {
      ranges.push([first.codePointAt(0) ?? 0, last.codePointAt(0) ?? 0]);
      at += 2;
    } else {
      members.add(first);
    }
  }
  const test = (character: string) => {
    const code = character.codePointAt(0) ?? 0;
    return (members.has(character) || ranges.some(([low, high]) => low <= code && code <= high)) !== negated;
  };
  return { test, end };
}

function compile(text: string): readonly PatternPart[] {
  // Code points, as Python counts.
  const pattern = Array.from(text);
  const parts: PatternPart[] = [];
  let noSetFrom = pattern.length;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? "";
    const set = character === "[" && at < noSetFrom ? readSet(pattern, at) : undefined;
    if (set !== undefined) {
      parts.push(set.test);
      at = set.end;
      continue;
    }
    // No bracket closes from here on: do not look again for each that opens.
    if (character === "[") noSetFrom = Math.min(noSetFrom, at);
    if (character !== "*") parts.push(character === "?" ? () => true : (other) => other === character);
    else if (parts.at(-1) !== "star") parts.push("star");
  }
  return parts;
}

/**
 * Python's `fnmatch` as on Linux: case counts, dots are letters like any other. On a mismatch only the latest star grows, so
 * the time is at most the product of both lengths.
 */
export const fnmatch = (name: string, pattern: string): boolean => matches(name, compile(pattern));

function matches(name: string, parts: readonly PatternPart[]): boolean {
  const characters = Array.from(name);
  let part = 0;
  let star = -1;
  let starEnd = 0;
  for (let at = 0; at < characters.length; ) {
    const expected = parts[part];
    if (expected === "star") {
      star = part;
      starEnd = at;
      part += 1;
    } else if (expected?.(characters[at] ?? "") === true) {
      part += 1;
      at += 1;
    } else if (star >= 0) {
      starEnd += 1;
      at = starEnd;
      part = star + 1;
    } else {
      return false;
    }
  }
  while (parts[part] === "star") part += 1;
  return part === parts.length;
}

/**
 * Deny first, then allow; a list of denials only allows the rest. The answer is for any number of names: patterns are many and
 * long, and are read once.
 */
export function supports(patterns: readonly string[]): (name: string) => boolean {
  const denials = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => compile(pattern.slice(1)));
  const allowed = patterns.filter((pattern) => !pattern.startsWith("!")).map(compile);
  return (name) => {
    if (denials.some((parts) => matches(name, parts))) return false;
    return allowed.length === 0 || allowed.some((parts) => matches(name, parts));
  };
}

export const isSupported = (patterns: readonly string[], name: string): boolean => supports(patterns)(name);

/**
 * What Ceilometer would say of such a list, or undefined. A text instead of a list is read letter by letter, as Python
 * iterates it. What Ceilometer crashes on is said in our words.
 */
export function checkSourceFiltering(value: unknown, what: "meters" | "events"): string | undefined {
  const entries = typeof value === "string" ? Array.from(value) : value;
  if (entries === null || entries === undefined) return `No ${what} specified`;
  if (!Array.isArray(entries)) return `${what} should be a list`;
  if (entries.length === 0) return `No ${what} specified`;
  const patterns = entries.filter((entry): entry is string => typeof entry === "string");
  if (patterns.length < entries.length) return `an entry of ${what} is no text`;
  if (patterns.includes("")) return `an entry of ${what} is empty`;
  const included = patterns.some((pattern) => !pattern.startsWith("!") && !pattern.startsWith("*"));
  if (included && patterns.some((pattern) => pattern.startsWith("!"))) {
    return `Both included and excluded ${what} specified`;
  }
  return included && patterns.includes("*") ? `Included ${what} specified with wildcard` : undefined;
}
