/** A publisher fit for a status or an event: files may come from a Secret, and URLs hold passwords and tokens. */
import { shownName } from "./shown-name.ts";

/**
 * Scheme and host. Only the scheme where there is an @ anywhere: a password may hold every other character, also those at which
 * a host ends.
 */
export function publisherText(url: string): string {
  const at = url.indexOf("://");
  const [scheme, rest] = at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 3)];
  const host = rest.includes("@") ? "" : (/^[^/?#]*/.exec(rest)?.[0] ?? "");
  return `${shownName(scheme)}://${shownName(host)}`;
}
