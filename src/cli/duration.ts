/** Durations on the command line. */
import { InvalidArgumentError } from "@commander-js/extra-typings";

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Milliseconds of `90s`, `30m`, `12h`, `7d` or `2w`. @throws InvalidArgumentError */
export function duration(text: string): number {
  const { count = "", unit = "" } = /^(?<count>\d{1,6})(?<unit>[smhdw])$/.exec(text)?.groups ?? {};
  const known = Object.entries(UNITS).find(([name]) => name === unit);
  if (known === undefined || Number(count) === 0) {
    throw new InvalidArgumentError("give a number and a unit: 90s, 30m, 12h, 7d or 2w");
  }
  return Number(count) * known[1];
}
