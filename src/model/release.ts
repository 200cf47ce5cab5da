/**
 * Releases of Ceilometer: their order, and what each of them has. A rule here is a fact read from the source of Ceilometer's
 * releases; the comment at each says which.
 */
import { PACKAGE_VERSION, RELEASES } from "../api/v1alpha1/releases.ts";
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

const major = (name: string): number => {
  const known = MAJOR_BY_NAME.get(name);
  if (known === undefined) throw new Error(`no release is called ${name}`);
  return known;
};
const NEWTON = major("newton");
const OCATA = major("ocata");
const PIKE = major("pike");
const QUEENS = major("queens");
const BOBCAT = major("2023.2");
const EPOXY = major("2025.1");

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

/** Queens removed the collector and the API (release notes drop-collector and ceilometer-api-removal). */
export function hasComponent(release: Release, component: AgentComponent): boolean {
  return component === "collector" || component === "api" ? release.major <= PIKE : true;
}

/**
 * The command that migrates the database. `ceilometer-dbsync` to Mitaka; `ceilometer-upgrade` from Newton on. `--retry`
 * exists from Queens on; without it a lost connection is retried for ever.
 */
export function migrationCommand(release: Release): readonly string[] {
  if (release.major < NEWTON) return ["ceilometer-dbsync"];
  if (release.major < QUEENS) return ["ceilometer-upgrade"];
  return ["ceilometer-upgrade", "--retry", "10"];
}

/** From 2023.2 on an agent writes a line when a poll has ended well; before, only when it begins. */
export function logsFinishedPolls(release: Release): boolean {
  return release.major >= BOBCAT;
}

/** From 2025.1 on (24.0.0) an agent can serve what it polled to Prometheus. */
export function hasExporter(release: Release): boolean {
  return release.major >= EPOXY;
}

/** To Pike an agent may wait for two whole intervals before it polls; from Queens on it polls at once. */
export function intervalsToFirstPoll(release: Release): 1 | 2 {
  return release.major <= PIKE ? 2 : 1;
}

/**
 * Which file tells a polling agent what to poll: to Newton pipeline.yaml; Ocata and Pike polling.yaml and, if there is
 * none, pipeline.yaml; from Queens polling.yaml only.
 */
export function pollingFiles(release: Release): readonly ("polling" | "pipeline")[] {
  if (release.major < OCATA) return ["pipeline"];
  return release.major <= PIKE ? ["polling", "pipeline"] : ["polling"];
}
