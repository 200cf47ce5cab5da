/**
 * The releases of Ceilometer by name, oldest first. The position in the list is the order of the releases, and the number
 * is the major version of the package that the release ships (Mitaka is 6.x.y, 2025.2 is 25.x.y).
 *
 * Source: the tags of the Ceilometer repository. A new release is one line here.
 */
export const RELEASES = [
  ["liberty", 5],
  ["mitaka", 6],
  ["newton", 7],
  ["ocata", 8],
  ["pike", 9],
  ["queens", 10],
  ["rocky", 11],
  ["stein", 12],
  ["train", 13],
  ["ussuri", 14],
  ["victoria", 15],
  ["wallaby", 16],
  ["xena", 17],
  ["yoga", 18],
  ["zed", 19],
  ["2023.1", 20],
  ["2023.2", 21],
  ["2024.1", 22],
  ["2024.2", 23],
  ["2025.1", 24],
  ["2025.2", 25],
  ["2026.1", 26],
  ["2026.2", 27],
] as const;

/** A package version such as `25.0.0`; used where no release name fits, for instance for a point release. */
export const PACKAGE_VERSION = "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}";

/** What `spec.target.release` and `spec.from.release` accept: a known name, or a package version. */
export const RELEASE_PATTERN = `^(${RELEASES.map(([name]) => name.replace(".", "\\.")).join("|")}|${PACKAGE_VERSION})$`;
