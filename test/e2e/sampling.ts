/** Which of many like cases are tried: all with E2E_FULL=1, else a sample from a seed that each suite prints (E2E_SEED sets it). */

export const FULL = process.env["E2E_FULL"] === "1";
export const SEED = Number(process.env["E2E_SEED"] ?? Math.floor(Math.random() * 1_000_000));

/** Park and Miller's generator: the same seed gives the same sample everywhere. */
export function sample(count: number, of: number, seed: number): readonly number[] {
  let state = (seed % 2_147_483_646) + 1;
  const left = Array.from({ length: of }, (_, index) => index + 1);
  return Array.from({ length: Math.min(count, of) }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return left.splice(state % left.length, 1)[0] ?? 1;
  }).toSorted((a, b) => a - b);
}

export async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
