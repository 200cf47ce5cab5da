/**
 * Among event definitions the last that matches takes the notification, so one that comes to stand behind another can take
 * notifications from it, and with them the traits that only the other gives: a deletion that looks like an addition.
 *
 * Told where one pattern lies within the other, as `compute.instance.create.*` within `compute.instance.*`. Patterns that
 * merely cross (`*http.*` and `octavia.loadbalancer.*`) do so in nearly every file and mean no common event.
 */
import type { Definition, DefinitionsFile } from "./definition.ts";
import { fnmatch } from "./matching.ts";

/** What the agent adds by itself to every event (DEFAULT_TRAITS of Ceilometer's event/converter.py). */
const DEFAULT_TRAITS: ReadonlySet<string> = new Set(
  ["service", "request_id", "project_id", "user_id", "tenant_id"].map((name) => `traits.${name}`),
);

/** In characters of both patterns; some 100 ms. */
const MOST_COMPARED = 1_000_000;

export interface TakenOver {
  /** Whose notifications are taken. */
  readonly from: string;
  readonly by: string;
  /** Traits that they lose, or get from another field. */
  readonly traits: readonly string[];
}

interface Candidate {
  readonly definition: Definition;
  readonly exclusions: readonly string[];
  readonly isLiteral: boolean;
  /** In the old file. */
  readonly position: number | undefined;
}

function exclusionsOf({ fields }: Definition): readonly string[] {
  const parsed: unknown = JSON.parse(fields.get("exclusions") ?? "[]");
  return (Array.isArray(parsed) ? parsed : [parsed]).filter((entry) => typeof entry === "string");
}

function candidatesOf(before: DefinitionsFile, after: DefinitionsFile): readonly Candidate[] {
  const positions = new Map([...before.definitions.keys()].map((name, index) => [name, index]));
  return [...after.definitions.values()].map((definition) => ({
    definition,
    exclusions: exclusionsOf(definition),
    isLiteral: !/[*?[]/.test(definition.name),
    position: positions.get(definition.name),
  }));
}

/** Does one lie within the other, and neither exclude it? */
function overlap(one: Candidate, other: Candidate): boolean {
  const [a, b] = [one.definition.name, other.definition.name];
  if (!fnmatch(a, b) && !fnmatch(b, a)) return false;
  const excluded = (name: string, exclusions: readonly string[]) =>
    exclusions.some((exclusion) => fnmatch(name, exclusion));
  return !excluded(a, other.exclusions) && !excluded(b, one.exclusions);
}

function lostTraits(from: Definition, by: Definition): readonly string[] {
  return [...from.parts].flatMap(([name, { what, text }]) =>
    DEFAULT_TRAITS.has(name) || by.parts.get(name)?.text === text ? [] : [what],
  );
}

/** Where a definition stands behind another that it did not stand behind before. Undefined: too much to compare. */
export function takenOver(before: DefinitionsFile, after: DefinitionsFile): readonly TakenOver[] | undefined {
  const candidates = candidatesOf(before, after);
  const found: TakenOver[] = [];
  let compared = 0;
  for (const [index, from] of candidates.entries()) {
    if (from.position === undefined) continue;
    for (const by of candidates.slice(index + 1)) {
      const stoodBehind = by.position !== undefined && by.position > from.position;
      // Types of one definition have one and the same map of traits.
      const alike = from.definition.parts === by.definition.parts;
      if (stoodBehind || alike || (from.isLiteral && by.isLiteral)) continue;
      compared += from.definition.name.length + by.definition.name.length;
      if (compared > MOST_COMPARED) return undefined;
      if (!overlap(from, by)) continue;
      const traits = lostTraits(from.definition, by.definition);
      if (traits.length > 0) found.push({ from: from.definition.name, by: by.definition.name, traits });
    }
  }
  return found;
}
