/** Who wants to know that the API server answers: whoever waits until an outage is over. */
export interface Answers {
  /** A request has been answered with this status; undefined or 0 without an answer. */
  note(code: number | undefined): void;
  /** Calls back at each answer of a server that works. Returns the way to stop. */
  subscribe(listener: () => void): () => void;
}

/** That an object is not there, or is another one or at another version by now: nobody else can say that. */
const OF_OBJECTS: ReadonlySet<number> = new Set([404, 409, 410, 422]);

/**
 * Not where it has failed (5xx), has too much to do (429), or has just started and knows nobody's name or rights yet (401, 403): then
 * it is no use to ask for more. Nor where something in between sends elsewhere (3xx).
 */
const isOfWorkingServer = (code = 0): boolean => (code >= 200 && code < 300) || OF_OBJECTS.has(code);

export function createAnswers(): Answers {
  const listeners = new Set<() => void>();
  return {
    note(code) {
      if (isOfWorkingServer(code)) for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
