import { isDeepStrictEqual } from "node:util";

/** Paths at which two states differ, with both values. */
export function differencesOf(wanted: unknown, is: unknown, path = ""): readonly string[] {
  if (isDeepStrictEqual(wanted, is)) return [];
  const [a, b] = [entriesOf(wanted), entriesOf(is)];
  if (a === undefined || b === undefined)
    return [`${path}: ${JSON.stringify(is)} instead of ${JSON.stringify(wanted)}`];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) =>
    differencesOf(a.get(key), b.get(key), `${path}/${key}`),
  );
}

function entriesOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
}
