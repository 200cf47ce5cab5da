/** The files of a partial upgrade of the polling agents: what an isolated group polls, and what old and new share. */
export function derived(names: readonly string[]): string {
  return JSON.stringify({ sources: [{ name: "everything", interval: 1, meters: names }] });
}
