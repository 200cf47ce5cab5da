/**
 * Releases of Ceilometer: their order, and what each of them has. What holds for which release, and where that was read, is
 * data: `catalogue/release-rules.ts`.
 */
import { PACKAGE_VERSION, RELEASES } from "../api/v1alpha1/releases.ts";
import { RELEASE_RULES, type ReleaseRule, type ReleaseRuleId } from "./catalogue/release-rules.ts";
import type { AgentComponent } from "./component.ts";

/** A release that is known by name or by a package version. Compare by `major`, show by `name`. */
export interface Release {
  /** As it was written: "pike", "2025.2", "25.0.1". */
  readonly name: string;
  /** The major version of the package: Mitaka is 6, 2025.2 is 25. */
  readonly major: number;
}

const MAJOR_BY_NAME: ReadonlyMap<string, number> = new Map(RELEASES);
const VERSION = new RegExp(`^${PACKAGE_VERSION}$`);
const RULES: ReadonlyMap<string, ReleaseRule> = new Map(RELEASE_RULES.map((rule) => [rule.id, rule]));

/** Undefined where the text is neither a known release name nor a package version. */
export function parseRelease(text: string): Release | undefined {
  const known = MAJOR_BY_NAME.get(text);
  if (known !== undefined) return { name: text, major: known };
  if (!VERSION.test(text)) return undefined;
  return { name: text, major: Number.parseInt(text, 10) };
}

/**
 * The release that an image's tag names: `…:2025.1-ubuntu_noble` and `…:pike` do, a digest or `latest` does not.
 * A tag counts only where the release stands first, up to its end or a separator.
 */
export function releaseOfImage(image: string): Release | undefined {
  const withoutDigest = image.split("@")[0] ?? image;
  const colon = withoutDigest.lastIndexOf(":");
  if (colon < 0 || withoutDigest.indexOf("/", colon) >= 0) return undefined;
  const tag = withoutDigest.slice(colon + 1).replace(/^(stable-|v(?=\d))/, "");
  const longestFirst = /^(\d{1,3}\.\d{1,3}\.\d{1,3}|\d{4}\.\d|[a-z]+)(?=$|[-_.+])/.exec(tag);
  return longestFirst?.[1] === undefined ? undefined : parseRelease(longestFirst[1]);
}

/** The repository of an image, without tag and digest. */
export function repositoryOf(image: string): string {
  const withoutDigest = image.split("@")[0] ?? image;
  const colon = withoutDigest.lastIndexOf(":");
  return colon > withoutDigest.lastIndexOf("/") ? withoutDigest.slice(0, colon) : withoutDigest;
}

/** A release that is known by its name only counts as its first package version. */
function versionOf(release: Release): readonly number[] {
  return VERSION.test(release.name) ? release.name.split(".").map(Number) : [release.major, 0, 0];
}

function isAtLeast(release: Release, bound: string): boolean {
  const least = parseRelease(bound);
  if (least === undefined) throw new Error(`${bound} is no release`);
  const version = versionOf(release);
  for (const [index, part] of versionOf(least).entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

function holds(id: ReleaseRuleId, release: Release): boolean {
  const rule = RULES.get(id);
  if (rule === undefined) throw new Error(`no rule is called ${id}`);
  if (rule.since !== undefined && !isAtLeast(release, rule.since)) return false;
  const last = rule.until === undefined ? undefined : MAJOR_BY_NAME.get(rule.until);
  return last === undefined || release.major <= last;
}

export function hasComponent(release: Release, component: AgentComponent): boolean {
  return component === "collector" || component === "api" ? holds("collector-and-api", release) : true;
}

/** The command that migrates the database. */
export function migrationCommand(release: Release): readonly string[] {
  if (holds("database-by-dbsync", release)) return ["ceilometer-dbsync"];
  return holds("migration-retries", release) ? ["ceilometer-upgrade", "--retry", "10"] : ["ceilometer-upgrade"];
}

export function logsFinishedPolls(release: Release): boolean {
  return holds("finished-poll-lines", release);
}

export function hasExporter(release: Release): boolean {
  return holds("exporter", release);
}

export function intervalsToFirstPoll(release: Release): 1 | 2 {
  return holds("late-first-poll", release) ? 2 : 1;
}

/** Which file tells a polling agent what to poll; where there are two, the second counts if there is no first. */
export function pollingFiles(release: Release): readonly ("polling" | "pipeline")[] {
  return [
    ...(holds("polls-by-polling-file", release) ? (["polling"] as const) : []),
    ...(holds("polls-by-pipeline-file", release) ? (["pipeline"] as const) : []),
  ];
}

/** Whether notification agents can be partitioned at all; whether they are is in their configuration. */
export function partitionsNotification(release: Release): boolean {
  return holds("notification-partitioning", release);
}

/** The coordination group of partitioned notification agents; undefined where the release has none. */
export function notificationGroup(release: Release): string | undefined {
  if (holds("group-of-pipe-queues", release)) return "ceilometer.notification";
  return holds("group-of-shared-queues", release) ? "ceilometer.notification.v2" : undefined;
}

/**
 * Partitioned agents of two such releases read different internal queues, so what one of them left there the other never
 * reads: the queues are emptied before the change, in either direction.
 */
export function mustDrain(from: Release, to: Release): boolean {
  return notificationGroup(from) !== notificationGroup(to);
}

/** Whether an option keeps a notification agent from taking anything in, so that it empties its group's queues. */
export function canTurnIntakeOff(release: Release): boolean {
  return holds("control-exchanges", release);
}

/**
 * Whether a running polling agent notices that its group gains or loses a member. Where it does not, resources are polled
 * twice or not at all until the whole group is restarted. Of Rocky only a package version from 11.1.0 on is known to.
 */
export function rereadsRing(release: Release): boolean {
  return holds("ring-by-listing", release) || holds("ring-by-watching", release);
}

/** Whether two coordinated compute agents on one host surely share its instances, instead of each polling all of them. */
export function sharesHosts(release: Release): boolean {
  return holds("compute-group-of-host", release);
}

export function readsOptionsFromEnvironment(release: Release): boolean {
  return holds("options-from-environment", release);
}

export function usesTransformers(release: Release): boolean {
  return holds("transformers", release);
}

export function hasDynamicPollsters(release: Release): boolean {
  return holds("dynamic-pollsters", release);
}

export function hasCoordinationExpression(release: Release): boolean {
  return holds("coordination-expression", release);
}
