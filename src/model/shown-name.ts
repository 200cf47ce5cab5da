/** How many characters of a foreign name are shown. */
const LONGEST = 64;

/**
 * A name out of a file or a log, fit for a status or an event. Files may come from a Secret and logs may hold anything, so
 * only the letters that Ceilometer's own names consist of are shown, and not too many of them.
 */
export function shownName(name: string): string {
  const cut = name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
  return cut.replaceAll(/[^\w.:…-]/g, "?");
}
