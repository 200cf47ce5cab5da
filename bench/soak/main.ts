/**
 * `npm run soak`: one operator, many resources that are upgraded, deleted and made again for an hour, and a fault every minute.
 * What must not grow is watched: memory, file descriptors, watches, series of metrics. Nothing else should run meanwhile.
 *
 * Exit code 1 where an upgrade did not end, the operator did not live to the end, or something grew.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { generator } from "../../test/campaign/random.ts";
import { startFaultProxy } from "../../test/support/fault-proxy.ts";
import { cacheRoot } from "../../tools/control-plane/binaries.ts";
import { bundle } from "../bundle.ts";
import { type Ground, openGround } from "../ground.ts";
import { startOperator } from "../operator.ts";
import { putIntoPage } from "../page.ts";
import { podHeapMib } from "../pod-heap.ts";
import { versions } from "../versions.ts";
import { faultEvery } from "./faults.ts";
import { observe } from "./observation.ts";
import { recycling } from "./recycling.ts";
import { type Alive, grown, LAST, markdown, type SoakResults, THIRD, WARM } from "./report.ts";

const USAGE = `usage: npm run soak -- [options]
  --minutes N       how long (default 60)
  --resources N     how many resources, each in a namespace of its own (default 200)
  --at-once N       how many are under way at any moment (default 6)
  --fault-every N   seconds between two faults; 0: none (default 60)
  --seed N          of the faults (default 1)
  --update-docs     put the figures into docs/performance.md
`;

const number = z.coerce.number().int().positive();
const optionsSchema = z.object({
  minutes: z.coerce.number().positive().default(60),
  resources: number.default(200),
  "at-once": number.default(6),
  "fault-every": z.coerce.number().int().nonnegative().default(60),
  seed: number.default(1),
  "update-docs": z.boolean().default(false),
});
type Options = z.infer<typeof optionsSchema>;

const say = (line: string): void => console.info(line);
/** A simulated node takes 500 pods. */
const RESOURCES_PER_NODE = 60;
/** Milliseconds between two looks at the process. */
const LOOK = 5000;
/** Milliseconds in which a process comes to rest. */
const REST = 20_000;

async function main(): Promise<number> {
  const string = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      minutes: string,
      resources: string,
      "at-once": string,
      "fault-every": string,
      seed: string,
      "update-docs": { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    say(USAGE);
    return 0;
  }
  const options = optionsSchema.parse(values);
  await bundle();
  await using ground = await openGround("fast", 2 + Math.ceil(options.resources / RESOURCES_PER_NODE));
  const results = await soak(ground, options);
  await publish(results, options);
  return results.failures.length === 0 && results.operatorLived && grown(results).length === 0 ? 0 : 1;
}

async function soak(ground: Ground, options: Options): Promise<SoakResults> {
  const { cluster } = ground;
  const proxy = await startFaultProxy({ server: cluster.server, ca: cluster.api.access.ca });
  await using stack = new AsyncDisposableStack();
  stack.use(proxy);
  const variant = { code: "bundle", credentials: "kubeconfig" } as const;
  const operator = stack.use(await startOperator(await behind(proxy.url, ground), variant));
  await operator.leads();
  const pool = stack.use(await recycling(ground, options.resources, options["at-once"], say));
  await pause(REST);
  const observation = observe(operator, proxy, LOOK);
  const atRest = await observation.look();
  const alive: Alive[] = [];
  const lookAtHeap = async (when: string): Promise<void> => {
    const mib = await operator.liveHeap().catch(() => Number.NaN);
    alive.push({ when, mib });
    say(`alive on the heap ${when}: ${mib.toFixed(2)} MiB`);
  };
  await lookAtHeap("before the first upgrade");
  pool.begin();
  const faults = faultEvery(options["fault-every"] * 1000, { proxy, random: generator(options.seed), say });
  const begun = performance.now();
  const end = begun + options.minutes * 60_000;
  const told = setInterval(() => say(pool.summary()), 60_000);
  // Before the part of the time that the slope is of: the collections that it forces are not to make that flatter.
  while (performance.now() < begun + WARM * (end - begun) && operator.lives()) await pause(1000);
  await lookAtHeap(THIRD);
  while (performance.now() < end && operator.lives()) await pause(1000);
  clearInterval(told);
  const struck = await faults.stop();
  const recycled = await pool.stop();
  await pause(REST);
  await lookAtHeap(LAST);
  await pool.removeAll();
  await pause(REST);
  const afterwards = await observation.look().catch(() => undefined);
  await lookAtHeap("when all was deleted");
  const operatorLived = operator.lives();
  return {
    date: new Date().toISOString().slice(0, 10),
    versions: await versions(ground),
    machine: `${availableParallelism()} cores and ${Math.round(totalmem() / 2 ** 30)} GiB`,
    minutes: options.minutes,
    resources: options.resources,
    atOnce: options["at-once"],
    seed: options.seed,
    ...recycled,
    faults: struck,
    atRest,
    afterwards: afterwards ?? atRest,
    looks: observation.stop(),
    heapMib: await podHeapMib(),
    alive,
    operatorLived,
    errors: operator.complaints.filter((line) => /"level":"(?:error|fatal)"|^[^{]/.test(line)),
  };
}

/** The same credentials, but by way of the proxy. */
async function behind(url: string, ground: Ground): Promise<Ground> {
  const config: unknown = JSON.parse(await readFile(ground.kubeconfig, "utf8"));
  const clusters = [{ name: "bench", cluster: { server: url } }];
  const kubeconfig = join(ground.serviceAccountDir, "..", "behind-the-proxy.json");
  const replaced = { ...z.looseObject({}).parse(config), clusters };
  await writeFile(kubeconfig, JSON.stringify(replaced), { mode: 0o600 });
  return { ...ground, kubeconfig };
}

async function publish(results: SoakResults, options: Options): Promise<void> {
  const text = markdown(results);
  const directory = join(cacheRoot, "bench");
  await mkdir(directory, { recursive: true });
  const name = `${new Date().toISOString().replaceAll(/[:.]/g, "-")}-soak`;
  await writeFile(join(directory, `${name}.json`), `${JSON.stringify(results, undefined, 1)}\n`);
  say(`\n${text}\n\nwritten to .cache/bench/${name}.json`);
  if (!options["update-docs"]) return;
  await putIntoPage("soak", text);
}

process.exitCode = await main();
