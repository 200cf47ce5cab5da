/**
 * One writer at a time: when another process has made its first write, the former one makes none any more. A process that loses
 * the lease ends, and comes back under another name, so no name may come twice.
 */
import type { Commit } from "../e2e/replicas.ts";

/** What was wrong, in words. `commits` in their order; `elected` names whoever has held the lease. */
export function severalWriters(commits: readonly Commit[], elected: ReadonlySet<string>): readonly string[] {
  const found: string[] = [];
  const former = new Set<string>();
  let last: string | undefined;
  for (const { author, method, path } of commits) {
    const write = `${method} ${path}`;
    if (!elected.has(author)) found.push(`${author} made ${write} and was never elected`);
    if (former.has(author)) found.push(`${author} made ${write} after ${last ?? "nobody"} had begun`);
    if (last !== undefined && last !== author) former.add(last);
    last = author;
  }
  return found;
}
