/**
 * `node bench/parsers.ts [part of a reader's name]…`: for how long each reader of foreign texts holds the event loop on what is
 * made to hold it, up to 1 MiB, which is all that an object of Kubernetes holds. Prints figures and judges none.
 */
import { BOMBS } from "../test/support/parser-bombs.ts";
import { READERS, type Reader } from "../test/support/text-readers.ts";

/** About as much as 12,000 tokens of YAML are, as much as readers of YAML take, and all that an object may have. */
const SIZES = [16_000, 64_000, 1024 * 1024];
const REPEATS = 3;
/** Milliseconds from which it is worth to look again. */
const NOTEWORTHY = 5;

/** Milliseconds of this thread's processor time; the best of some, as the first meets cold code. Others may run beside it. */
function held(read: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let done = 0; done < REPEATS && best > NOTEWORTHY; done += 1) {
    const before = process.threadCpuUsage();
    read();
    const { user, system } = process.threadCpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

interface Worst {
  readonly ms: number;
  readonly bomb: string;
  readonly size: number;
}

function worstOf({ read }: Reader): Worst {
  let worst: Worst = { ms: 0, bomb: "", size: 0 };
  for (const size of SIZES) {
    for (const [bomb, textOf] of BOMBS) {
      const text = textOf(size);
      const ms = held(() => read(text));
      if (ms > worst.ms) worst = { ms, bomb, size };
    }
  }
  return worst;
}

const json = JSON.stringify(Array.from({ length: 40_000 }, (_, index) => ({ name: `k${index}` })));
const unit = held(() => JSON.parse(json)) * ((1024 * 1024) / json.length);
console.info(`JSON.parse of 1 MiB of small objects: ${unit.toFixed(1)} ms\n`);
console.info("| reader | longest hold | of JSON.parse | on |\n| --- | --- | --- | --- |");
const wanted = process.argv.slice(2);
const isWanted = ({ name }: Reader): boolean => wanted.length === 0 || wanted.some((part) => name.includes(part));
for (const reader of READERS.filter(isWanted)) {
  const { ms, bomb, size } = worstOf(reader);
  const ratio = (ms / unit).toFixed(1);
  console.info(`| ${reader.name} | ${ms.toFixed(1)} ms | ${ratio} | ${bomb}, ${Math.round(size / 1024)} KiB |`);
}
