/** Releases of Ceilometer as the auditor knows them, by the tag of an image or as somebody says in its place. */

export interface AuditedRelease {
  /** Of the package: Liberty is 5, 2025.1 is 24. */
  readonly major: number;
  /** 0 where only the release's name is known. */
  readonly minor: number;
}

/** In order from 5 on, with the tags of the source. */
const NAMES = (
  "liberty mitaka newton ocata pike queens rocky stein train ussuri victoria wallaby xena yoga zed " +
  "2023.1 2023.2 2024.1 2024.2 2025.1 2025.2 2026.1 2026.2"
).split(" ");
const FIRST = 5;

export function releaseOf(image: string, declared?: string): AuditedRelease | undefined {
  const said = declared ?? (image.split("@")[0] ?? "").split("/").at(-1)?.split(":")[1] ?? "";
  const word = /^(?:stable-|v(?=\d))?(\d+\.\d+\.\d+|\d{4}\.\d|[a-z]+)(?:$|[-_.+])/.exec(said)?.[1] ?? "";
  const position = NAMES.indexOf(word);
  if (position >= 0) return { major: position + FIRST, minor: 0 };
  const [major = 0, minor = 0] = word.split(".").map(Number);
  return major >= FIRST ? { major, minor } : undefined;
}

/** Polling agents of Pike, Queens and Rocky before 11.1.0 never read their ring again (4e627004f in Ceilometer's history). */
export function keepsItsRing({ major, minor }: AuditedRelease): boolean {
  return major === 9 || major === 10 || (major === 11 && minor === 0);
}
