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

/** Names of meters and events may be patterns, and what stands in a definition is a path: a few letters more than a name has. */
const LONGEST_DEFINITION = 128;

/** The same for what stands in a file of definitions: `compute.instance.*`, `$.payload.(a|b)`. */
export function shownDefinition(text: string): string {
  const cut = text.length > LONGEST_DEFINITION ? `${text.slice(0, LONGEST_DEFINITION)}…` : text;
  return cut.replaceAll(/[^\w.:…*!$@|()[\]{}'",/ +-]/g, "?");
}
