/**
 * Which pollsters agents poll, and which a change adds: what a release has, and what people add to it, filtered by the
 * polling file. An entry point that a new release adds is polled from the first moment where the file says `*`, and never
 * where the file does not name it, so both are needed on either side (clause P4).
 */
import { RELEASES } from "../api/v1alpha1/releases.ts";
import type { CatalogueOverride } from "./catalogue/overrides.ts";
import pollsters from "./catalogue/pollsters.json" with { type: "json" };
import { type CataloguedPollster, catalogueSchema, covers } from "./catalogue/schema.ts";
import { supports } from "./matching.ts";
import type { PollingFile } from "./polling-file.ts";
import { hasCoordinationExpression, type Release } from "./release.ts";

const CATALOGUE = catalogueSchema.parse(pollsters);
const NAMESPACES: ReadonlyMap<string, readonly CataloguedPollster[]> = new Map(Object.entries(CATALOGUE.namespaces));

const sorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].toSorted();

/** Of a release that the catalogue was not made from it says nothing, though its spans would seem to. */
function isCatalogued({ major }: Release): boolean {
  const known = RELEASES.slice(0, RELEASES.findIndex(([name]) => name === CATALOGUE.newest) + 1);
  return known.some(([, number]) => number === major);
}

/**
 * The names that a release has in a polling namespace, sorted. What an override says of a name replaces what the catalogue
 * says of it. Undefined where the catalogue does not
 * know the release, or where neither it nor an override knows the namespace.
 */
export function cataloguedPollsters(
  release: Release,
  namespace: string,
  overrides: readonly CatalogueOverride[] = [],
): readonly string[] | undefined {
  const catalogued = NAMESPACES.get(namespace);
  const own = overrides.filter((override) => override.namespace === namespace);
  if (catalogued === undefined ? own.length === 0 : !isCatalogued(release)) return undefined;
  const replaced = new Set(own.map(({ name }) => name));
  const entries = [...(catalogued ?? []).filter(({ name }) => !replaced.has(name)), ...own];
  return sorted(entries.filter((entry) => covers(entry, release.major)).map(({ name }) => name));
}

/** Those of them that an image has as entry points: it has only the builder of the others, which is none of a pollster. */
export function cataloguedEntryPoints(release: Release, namespace: string): readonly string[] {
  const built = new Set(
    NAMESPACES.get(namespace)?.flatMap(({ name, builder }) => (builder === undefined ? [] : [name])),
  );
  return (cataloguedPollsters(release, namespace) ?? []).filter((name) => !built.has(name));
}

/** What an agent of these names polls with this file. */
export function effectivePollsters(names: Iterable<string>, file: PollingFile): ReadonlySet<string> {
  const filters = file.sources.map(({ meters }) => supports(meters));
  return new Set([...names].filter((name) => filters.some((supported) => supported(name))));
}

/** Agents of one polling namespace: the pollsters of their image, and the file they are given. */
export interface PollsterSide {
  readonly names: Iterable<string>;
  readonly file: PollingFile;
}

/** Each sorted. */
export interface PollsterChange {
  /** Polled after and not before: what an isolated group polls while old agents run. */
  readonly added: readonly string[];
  readonly kept: readonly string[];
  readonly removed: readonly string[];
}

export function pollsterChange(before: PollsterSide, after: PollsterSide): PollsterChange {
  const old = effectivePollsters(before.names, before.file);
  const next = effectivePollsters(after.names, after.file);
  return {
    added: sorted(next.difference(old)),
    kept: sorted(next.intersection(old)),
    removed: sorted(old.difference(next)),
  };
}

/**
 * The first of these pollsters that old and new agents would divide in groups of other names: neither group would know of the other,
 * and both would poll it. The group is that of the source, where its expression names one.
 */
export function dividedApart(
  before: { readonly file: PollingFile; readonly release: Release },
  after: { readonly file: PollingFile; readonly release: Release },
  names: readonly string[],
): string | undefined {
  const groupsOf = ({ file, release }: typeof before) => {
    const sources = file.sources.map(({ name, meters, coordinationExpression: expression }) => ({
      polls: supports(meters),
      group: expression !== undefined && hasCoordinationExpression(release) ? JSON.stringify([name, expression]) : "",
    }));
    return (name: string) => new Set(sources.filter(({ polls }) => polls(name)).map(({ group }) => group));
  };
  const [oldGroups, newGroups] = [groupsOf(before), groupsOf(after)];
  return names.find((name) => {
    const [old, next] = [oldGroups(name), newGroups(name)];
    // What only one of them polls nobody polls twice.
    return old.size > 0 && next.size > 0 && old.symmetricDifference(next).size > 0;
  });
}
