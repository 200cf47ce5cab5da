/**
 * Which publishers each release has. Source: the entry points `ceilometer.sample.publisher` and `ceilometer.event.publisher`
 * of every release's own package metadata (to Newton the first group is called `ceilometer.publisher`).
 */
import { RELEASES } from "../api/v1alpha1/releases.ts";
import type { Release } from "./release.ts";

export type PublishedKind = "meters" | "events";

type ReleaseName = (typeof RELEASES)[number][0];

interface Publisher {
  readonly scheme: string;
  readonly of: PublishedKind;
  readonly since: ReleaseName;
  /** The first release without it. */
  readonly removed?: ReleaseName;
  /** What does its work since. */
  readonly instead?: string;
}

const TO_BACKEND = "gnocchi:// (or http:// to a receiver of your own)";
const TO_NOTIFIER = "notifier:// with the messaging driver of your choice";

const METER_PUBLISHERS: readonly Omit<Publisher, "of">[] = [
  { scheme: "test", since: "liberty" },
  { scheme: "notifier", since: "liberty" },
  { scheme: "udp", since: "liberty" },
  { scheme: "file", since: "liberty" },
  { scheme: "meter", since: "liberty", removed: "mitaka", instead: "notifier://" },
  { scheme: "meter_publisher", since: "liberty", removed: "mitaka", instead: "notifier://" },
  { scheme: "rpc", since: "liberty", removed: "mitaka", instead: "notifier://" },
  { scheme: "direct", since: "liberty", removed: "queens", instead: TO_BACKEND },
  { scheme: "kafka", since: "liberty", removed: "queens", instead: TO_NOTIFIER },
  { scheme: "http", since: "newton" },
  { scheme: "gnocchi", since: "ocata" },
  { scheme: "database", since: "ocata", removed: "queens", instead: TO_BACKEND },
  { scheme: "file_alt", since: "ocata", removed: "queens", instead: "file://" },
  { scheme: "http_alt", since: "ocata", removed: "queens", instead: "http://" },
  { scheme: "https", since: "pike" },
  { scheme: "zaqar", since: "pike" },
  { scheme: "prometheus", since: "rocky" },
  {
    scheme: "monasca",
    since: "ussuri",
    removed: "2024.1",
    instead: "gnocchi://, prometheus:// or opentelemetryhttp://",
  },
  { scheme: "tcp", since: "2023.1" },
  { scheme: "opentelemetryhttp", since: "2024.1" },
];

const EVENT_PUBLISHERS: readonly Omit<Publisher, "of">[] = [
  { scheme: "test", since: "liberty" },
  { scheme: "notifier", since: "liberty" },
  { scheme: "direct", since: "liberty", removed: "queens", instead: TO_BACKEND },
  { scheme: "kafka", since: "liberty", removed: "queens", instead: TO_NOTIFIER },
  { scheme: "http", since: "newton" },
  { scheme: "gnocchi", since: "ocata" },
  { scheme: "database", since: "ocata", removed: "queens", instead: TO_BACKEND },
  { scheme: "file_alt", since: "ocata", removed: "queens", instead: "http:// to a receiver of your own" },
  { scheme: "http_alt", since: "ocata", removed: "queens", instead: "http://" },
  { scheme: "https", since: "pike" },
  { scheme: "zaqar", since: "pike" },
  { scheme: "file", since: "2023.2" },
  // Not Ceilometer's own: the panko package brought it, and ended with Wallaby.
  { scheme: "panko", since: "pike", removed: "xena", instead: TO_BACKEND },
];

export const PUBLISHERS: readonly Publisher[] = [
  ...METER_PUBLISHERS.map((publisher) => ({ ...publisher, of: "meters" as const })),
  ...EVENT_PUBLISHERS.map((publisher) => ({ ...publisher, of: "events" as const })),
];

const MAJOR = new Map<string, number>(RELEASES);
const NEWEST = RELEASES.at(-1)?.[1] ?? 0;
const majorOf = (name: ReleaseName): number => MAJOR.get(name) ?? NEWEST;

const existsIn = (publisher: Publisher, release: Release): boolean =>
  majorOf(publisher.since) <= release.major &&
  (publisher.removed === undefined || release.major < majorOf(publisher.removed));

export function publisherSchemes(of: PublishedKind, release: Release): readonly string[] {
  return PUBLISHERS.filter((publisher) => publisher.of === of && existsIn(publisher, release)).map(
    ({ scheme }) => scheme,
  );
}

export interface PublisherFault {
  readonly rule: string;
  readonly remedy: string;
  /** No release of Ceilometer has one of that name for them: a package of somebody's own may. */
  readonly foreign: boolean;
}

/** Why a publisher cannot be loaded, or undefined. The agent would drop it with no more than a line in its log. */
export function publisherFault(scheme: string, of: PublishedKind, release: Release): PublisherFault | undefined {
  const known = PUBLISHERS.find((publisher) => publisher.scheme === scheme && publisher.of === of);
  if (known !== undefined && existsIn(known, release)) return undefined;
  const choice = publisherSchemes(of, release)
    .filter((name) => name !== "test")
    .map((name) => `${name}://`)
    .join(", ");
  const remedy = `use one of ${choice}`;
  if (known === undefined) {
    const other = PUBLISHERS.some((publisher) => publisher.scheme === scheme && existsIn(publisher, release));
    const rule = other ? `it publishes no ${of}` : `${release.name} has no such publisher for ${of}`;
    return { rule, remedy, foreign: !PUBLISHERS.some((publisher) => publisher.scheme === scheme) };
  }
  if (majorOf(known.since) > release.major) return { rule: `it came with ${known.since}`, remedy, foreign: false };
  const rule = `it was removed in ${known.removed ?? release.name}`;
  return { rule, remedy: `use ${known.instead ?? choice}`, foreign: false };
}
