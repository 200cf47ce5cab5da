/**
 * `npm run parsers [-- part of a reader's name…]`: for how long each reader of foreign texts holds the event loop on what is made to
 * hold it, up to 1 MiB, which is all that an object of Kubernetes holds. Exit code 1 where one holds it for longer than `LONGEST`.
 */
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { readAhead } from "../src/controllers/ceilometer-upgrade/read-ahead.ts";
import { decide } from "../src/reconcilers/decide.ts";
import { largestLook } from "../test/support/largest-look.ts";
import { BOMBS, UNITS } from "../test/support/parser-bombs.ts";
import { READERS, type Reader } from "../test/support/text-readers.ts";
import { putIntoPage } from "./page.ts";

/** About as much as 12,000 tokens of YAML are, as much as readers of YAML take, and all that an object may have. */
const SIZES = [16_000, 64_000, 1024 * 1024];
const REPEATS = 3;
/** Milliseconds from which it is worth to look again. */
const NOTEWORTHY = 5;
/** Milliseconds of processor time for which no text may hold the event loop: a lease is renewed, and probes are answered, meanwhile. */
const LONGEST = 100;
/** Texts that are drawn, the same for each reader, of a few of the bombs' own units each. */
const DRAWN = 10;
const MOST_UNITS = 6;

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

/**
 * All files that one resource can name, and the decision on them: of each run the longest time without a turn of the event loop.
 * Each run has texts of its own, so that none is remembered; the best of some, as above.
 */
async function heldByLook(): Promise<{ readonly files: number; readonly ms: number }> {
  let best = Number.POSITIVE_INFINITY;
  let files = 0;
  for (let run = 0; run < REPEATS; run += 1) {
    const seen = largestLook(run);
    files = seen.files.size;
    let worst = 0;
    let before = process.threadCpuUsage();
    const stop = (): void => {
      const { user, system } = process.threadCpuUsage(before);
      worst = Math.max(worst, (user + system) / 1000);
    };
    await readAhead(seen, async () => {
      stop();
      await setImmediate();
      before = process.threadCpuUsage();
    });
    decide(seen);
    stop();
    best = Math.min(best, worst);
  }
  return { files, ms: best };
}

interface Worst {
  readonly ms: number;
  readonly bomb: string;
  readonly size: number;
}

const SEED = 20_261_126;

/** Texts that mix what readers look for: the same in every run. */
const mixed: readonly (readonly [name: string, text: (length: number) => string])[] = fc
  .sample(fc.array(fc.constantFrom(...UNITS.filter((unit) => unit !== "")), { minLength: 2, maxLength: MOST_UNITS }), {
    numRuns: DRAWN,
    seed: SEED,
  })
  .map((units) => {
    const once = units.join("");
    return [JSON.stringify(`${once}…`), (length) => once.repeat(Math.ceil(length / once.length)).slice(0, length)];
  });

function worstOf({ read }: Reader): Worst {
  let worst: Worst = { ms: 0, bomb: "", size: 0 };
  for (const size of SIZES) {
    for (const [bomb, textOf] of [...BOMBS, ...mixed]) {
      const text = textOf(size);
      const ms = held(() => read(text));
      if (ms > worst.ms) worst = { ms, bomb, size };
    }
  }
  return worst;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { "update-docs": { type: "boolean" } },
    allowPositionals: true,
  });
  const json = JSON.stringify(Array.from({ length: 40_000 }, (_, index) => ({ name: `k${index}` })));
  const unit = held(() => JSON.parse(json)) * ((1024 * 1024) / json.length);
  const isWanted = ({ name }: Reader): boolean =>
    positionals.length === 0 || positionals.some((part) => name.includes(part));
  const rows = READERS.filter(isWanted).map((reader) => ({ name: reader.name, ...worstOf(reader) }));
  const look = await heldByLook();
  const texts = BOMBS.length + mixed.length;
  const told = [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${availableParallelism()} cores with Node ${process.version}; ${texts} texts of ${SIZES.map((size) => Math.round(size / 1024)).join(", ")} KiB each; processor time, the best of ${REPEATS}. \`JSON.parse\` of 1 MiB of small objects takes ${unit.toFixed(1)} ms.`,
    "",
    "| Reader | longest hold | of `JSON.parse` | on |",
    "| --- | --- | --- | --- |",
    ...rows.map(
      ({ name, ms, bomb, size }) =>
        `| ${name} | ${ms.toFixed(1)} ms | ${(ms / unit).toFixed(1)} | \`\`${bomb.replaceAll("|", "\\|")}\`\`, ${Math.round(size / 1024)} KiB |`,
    ),
    "",
    `One resource at its largest, which makes the operator read ${look.files} ConfigMaps, none like another, each as slow as its bounds allow: ${look.ms.toFixed(1)} ms without a turn of the event loop at the most, the decision included.`,
  ].join("\n");
  console.info(told);
  if (values["update-docs"] === true) await putIntoPage("parsers", told);
  const late = rows.filter(({ ms }) => ms > LONGEST);
  for (const { name, ms, bomb } of late)
    console.error(`${name} holds the event loop for ${ms.toFixed(0)} ms on ${bomb}`);
  if (look.ms > LONGEST) console.error(`one look holds the event loop for ${look.ms.toFixed(0)} ms`);
  return late.length === 0 && look.ms <= LONGEST ? 0 : 1;
}

process.exitCode = await main();
