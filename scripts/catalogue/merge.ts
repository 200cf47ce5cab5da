/** The catalogue as sets of names by release, and back: how what was read from packages goes into the file. */
import { RELEASES } from "../../src/api/v1alpha1/releases.ts";
import { type Catalogue, type CataloguedPollster, covers, type ReleaseName } from "../../src/model/catalogue/schema.ts";

/** A name, and the builder that makes it if it is no entry point itself. */
export interface Pollster {
  readonly name: string;
  readonly builder?: string;
}

/** What the package of one release has. */
export interface Snapshot {
  readonly release: ReleaseName;
  readonly namespaces: ReadonlyMap<string, readonly Pollster[]>;
}

const keyOf = ({ name, builder = "" }: Pollster): string => `${name}\n${builder}`;
const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
const positionOf = (release: ReleaseName): number => RELEASES.findIndex(([name]) => name === release);

function pollsterOf(key: string): Pollster {
  const [name = "", builder = ""] = key.split("\n");
  return { name, ...(builder === "" ? {} : { builder }) };
}

/** Keys by release, of one namespace. */
type Presence = Map<ReleaseName, Set<string>>;

function presenceOf(entries: readonly CataloguedPollster[], newest: ReleaseName): Presence {
  const known = RELEASES.slice(0, positionOf(newest) + 1);
  return new Map(
    known.map(([release, major]) => [release, new Set(entries.filter((entry) => covers(entry, major)).map(keyOf))]),
  );
}

/** The shortest list of spans that says the same. */
function spansOf(presence: Presence): readonly CataloguedPollster[] {
  const open = new Map<string, ReleaseName>();
  const entries: CataloguedPollster[] = [];
  for (const [release] of RELEASES.filter(([name]) => presence.has(name))) {
    const here = presence.get(release) ?? new Set();
    for (const [key, since] of open) {
      if (here.has(key)) continue;
      entries.push(entryOf(key, since, release));
      open.delete(key);
    }
    for (const key of here) if (!open.has(key)) open.set(key, release);
  }
  for (const [key, since] of open) entries.push(entryOf(key, since));
  return entries.toSorted((a, b) => compare(a.name, b.name) || positionOf(a.since) - positionOf(b.since));
}

function entryOf(key: string, since: ReleaseName, removed?: ReleaseName): CataloguedPollster {
  const { name, builder } = pollsterOf(key);
  return {
    name,
    since,
    ...(removed === undefined ? {} : { removed }),
    ...(builder === undefined ? {} : { builder }),
  };
}

/**
 * The catalogue with the releases of the snapshots as their packages have them, and all others as they were. Releases are
 * added one after the other: a gap would have to be guessed.
 */
export function merged(catalogue: Catalogue, snapshots: readonly Snapshot[]): Catalogue {
  const inOrder = snapshots.toSorted((a, b) => positionOf(a.release) - positionOf(b.release));
  let { newest } = catalogue;
  for (const { release } of inOrder) {
    if (positionOf(release) > positionOf(newest) + 1) {
      const missing = RELEASES[positionOf(newest) + 1]?.[0] ?? "";
      throw new Error(`the catalogue ends with ${newest}: name a package of ${missing} too`);
    }
    if (positionOf(release) > positionOf(newest)) newest = release;
  }
  const names = new Set([
    ...Object.keys(catalogue.namespaces),
    ...snapshots.flatMap(({ namespaces }) => [...namespaces.keys()]),
  ]);
  const namespaces = [...names].toSorted(compare).map((namespace) => {
    const presence = presenceOf(catalogue.namespaces[namespace] ?? [], newest);
    for (const snapshot of snapshots) {
      presence.set(snapshot.release, new Set((snapshot.namespaces.get(namespace) ?? []).map(keyOf)));
    }
    return [namespace, spansOf(presence)] as const;
  });
  return { newest, namespaces: Object.fromEntries(namespaces) };
}

/** What packages have and the catalogue does not say, and the other way round; a sentence each. */
export function differences(catalogue: Catalogue, snapshots: readonly Snapshot[]): readonly string[] {
  return snapshots.flatMap(({ release, namespaces }) => {
    if (positionOf(release) > positionOf(catalogue.newest)) return [`${release}: the catalogue ends before it`];
    const names = new Set([...Object.keys(catalogue.namespaces), ...namespaces.keys()]);
    return [...names].toSorted(compare).flatMap((namespace) => {
      const said = presenceOf(catalogue.namespaces[namespace] ?? [], catalogue.newest).get(release) ?? new Set();
      const has = new Set((namespaces.get(namespace) ?? []).map(keyOf));
      const shown = (key: string) => pollsterOf(key).name;
      return [
        ...[...has.difference(said)].map((key) => `${release} ${namespace}: + ${shown(key)} (the package has it)`),
        ...[...said.difference(has)].map((key) => `${release} ${namespace}: - ${shown(key)} (the package has it not)`),
      ].toSorted(compare);
    });
  });
}

/** In characters; what is wider the formatter breaks. */
const LINE = 120;

/** One line for each pollster where it fits, as the formatter leaves it. */
export function catalogueText({ newest, namespaces }: Catalogue): string {
  const lists = Object.entries(namespaces).map(([namespace, entries]) => {
    const lines = entries.map((entry, index) => {
      const fields = Object.entries(entry).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
      const comma = index === entries.length - 1 ? "" : ",";
      const line = `      { ${fields.join(", ")} }${comma}`;
      return line.length <= LINE ? line : `      {\n        ${fields.join(",\n        ")}\n      }${comma}`;
    });
    return `    ${JSON.stringify(namespace)}: [\n${lines.join("\n")}\n    ]`;
  });
  return `{\n  "newest": ${JSON.stringify(newest)},\n  "namespaces": {\n${lists.join(",\n")}\n  }\n}\n`;
}
