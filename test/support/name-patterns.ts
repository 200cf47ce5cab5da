/** Python's `fnmatch`, and which names a list of them takes in Ceilometer (`Source` in ceilometer/agent.py, 26.0.0; unchanged since Liberty). */

const compiled = new Map<string, RegExp>();

export function fnmatch(name: string, pattern: string): boolean {
  const known = compiled.get(pattern) ?? new RegExp(`^${translate(pattern)}$`, "su");
  compiled.set(pattern, known);
  return known.test(name);
}

function translate(pattern: string): string {
  const tokens = pattern.match(/\*|\?|\[!?\]?[^\]]*\]|[\s\S]/gu) ?? [];
  return tokens.map(translateToken).join("");
}

function translateToken(token: string): string {
  if (token === "*") return ".*";
  if (token === "?") return ".";
  const [, negated = "", members = ""] = /^\[(!?)(.+)\]$/su.exec(token) ?? [];
  if (members === "") return token.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  return `[${negated === "" ? "" : "^"}${members.replace(/[\\^[\]]/g, String.raw`\$&`)}]`;
}

export function isSupported(patterns: readonly string[], name: string): boolean {
  const excluded = patterns.filter((pattern) => pattern.startsWith("!"));
  if (excluded.some((pattern) => fnmatch(name, pattern.slice(1)))) return false;
  const included = patterns.filter((pattern) => !pattern.startsWith("!"));
  return included.length === 0 || included.some((pattern) => fnmatch(name, pattern));
}

/** Whether an agent takes the list at all (`check_source_filtering`). */
export function isValid(patterns: readonly string[]): boolean {
  if (patterns.length === 0 || patterns.includes("")) return false;
  const included = patterns.some((pattern) => !/^[!*]/.test(pattern));
  const excluded = patterns.some((pattern) => pattern.startsWith("!"));
  return !(included && (excluded || patterns.includes("*")));
}
