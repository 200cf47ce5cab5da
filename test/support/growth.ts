/** How the work on something grows with its size: a ratio of one run, which neither a slow nor a busy machine changes much. */

/** Of so many the best counts: others may run beside some, and the first meet cold code. */
const REPEATS = 7;
/** Milliseconds that count as none: below them it is the machine that is measured. */
const NOTHING = 0.5;

/** Milliseconds; processor time would be told in ticks of several. Each is made anew, since what is known of an object is remembered. */
function held<T>(make: () => T, work: (made: T) => unknown): number {
  const times = Array.from({ length: REPEATS }, () => {
    const made = make();
    const before = performance.now();
    work(made);
    return performance.now() - before;
  });
  return Math.max(NOTHING, Math.min(...times));
}

/** How many times as long it takes where it is so many times as large: as many where it grows with it, and more where it grows faster. */
export function growth<T>(
  { from, times }: { readonly from: number; readonly times: number },
  make: (size: number) => T,
  work: (made: T) => unknown,
): number {
  const small = held(() => make(from), work);
  return held(() => make(from * times), work) / small;
}
