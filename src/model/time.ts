/**
 * The only file of the pure folders that knows of `Date`, and only to convert: nothing here reads a clock.
 * Kubernetes writes times as RFC 3339 with a resolution of one second.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number;

/** Undefined for anything that is not a time. */
export function parseTime(text: string | undefined): Millis | undefined {
  if (text === undefined) return undefined;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** For libraries that take dates. */
export const dateOf = (at: Millis): Date => new Date(at);

/** RFC 3339 in UTC, to the second, as Kubernetes writes it. */
export function formatTime(at: Millis): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** "40 s", "12 min", "2 h 5 min": for sentences, never for programs. */
export function formatDuration(duration: Millis): string {
  const seconds = Math.max(0, Math.round(duration / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}
