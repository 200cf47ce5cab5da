/** A long decision in steps, so that whoever asks for it may do something else in between. */
export type InSteps<T> = Generator<undefined, T, undefined>;

export function atOnce<T>(steps: InSteps<T>): T {
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}
