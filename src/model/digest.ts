/**
 * Names made of content. The one place in the pure folders that imports a Node module: a digest is a pure function, and a
 * hand-written SHA-256 would be worse to trust.
 */
import { createHash } from "node:crypto";

/** JSON with the keys of every object in order, so that equal values have equal text. Undefined members are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  let members = "";
  // Called many times at each look: no more lists than the order needs.
  for (const [key, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    if (member === undefined) continue;
    members += `${members === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}

/** The SHA-256 of a text, in hexadecimal. */
export function digestText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The SHA-256 of a value's canonical JSON, in hexadecimal. */
export function digest(value: unknown): string {
  return digestText(canonicalJson(value));
}

/** Eight hexadecimal digits: enough to tell the objects of one resource apart, short enough for a name. */
export function shortDigest(value: unknown): string {
  return digest(value).slice(0, 8);
}

/**
 * `<base>-<suffix>`, with the base cut so that the whole fits into a label value and a Job's name (63 characters).
 */
export function nameFor(base: string, suffix: string): string {
  const room = 63 - suffix.length - 1;
  return `${base.slice(0, room).replace(/[-.]+$/, "")}-${suffix}`;
}
