import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

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

/** Things with names are compared by name, so that one more of them is one difference. */
function entriesOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  if (!Array.isArray(value)) return new Map(entries);
  const names = new Map(value.map((each: unknown) => [nameIn(each), each]));
  return names.has(undefined) || names.size < value.length
    ? new Map(entries)
    : new Map([...names].map(([name = "", each]) => [name, each]));
}

const namedSchema = z.union([
  z.object({ workload: z.string() }).transform(({ workload }) => workload),
  z.object({ configMap: z.string() }).transform(({ configMap }) => configMap),
  z.object({ job: z.string() }).transform(({ job }) => job),
]);
const nameIn = (value: unknown): string | undefined => namedSchema.safeParse(value).data;
