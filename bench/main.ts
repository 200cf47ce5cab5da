/**
 * `npm run bench`: upgrades on equal work by the operator, by a lower bound without any safety, by small operators of other
 * frameworks, by a kubectl script and by Helm, on one real control plane. Prints figures beside what they should be; fails by none.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { root } from "../scripts/demo/installation.ts";
import { cacheRoot } from "../tools/control-plane/binaries.ts";
import { bundle } from "./bundle.ts";
import { bareNode, type ColdStart, coldStart } from "./cold-start.ts";
import { type Compared, compare } from "./compare.ts";
import { type Driver, helm, kubectl, operator, peer } from "./drivers.ts";
import { type Failover, failover } from "./failover.ts";
import { heapOfDeployments, imageFigures } from "./footprint.ts";
import { type Ground, openGround } from "./ground.ts";
import { nameOf, VARIANTS, type Variant } from "./operator.ts";
import { putIntoPage } from "./page.ts";
import { ensurePeers, installPeers } from "./peers.ts";
import type { Memory } from "./process-figures.ts";
import { type Many, markdown, type Results } from "./report.ts";
import { memoryWhenStarted, type Resident, reside } from "./resident.ts";
import type { Scene } from "./scene.ts";
import { versions } from "./versions.ts";

const PARTS_OF_RUN = ["compare", "partial", "many", "memory", "start", "failover", "footprint"] as const;

const USAGE = `usage: npm run bench -- [options]
  --repeats N       runs of each driver, each between two runs of the lower bound (default 5)
  --speed SPEED     fast: pods start and stop at once; real: 2 s and 1 s (default fast)
  --many N          also N upgrades at once, one replica each; several: repeat it
  --many-repeats N  runs of each driver then (default 1)
  --many-peers N    up to how many at once the peers are asked for, too (default 100)
  --upgrades N      upgrades by one process for the memory figures (default 5)
  --idle SECONDS    how long an idle operator is watched (default 60)
  --failovers N     how often a leader is killed, and asked to stop (default 3)
  --only PART       ${PARTS_OF_RUN.join(", ")}: that part alone; several: repeat it
  --profile         a profile of the CPU of each process of the operator, too; its figures are then not the operator's
  --update-docs     put the figures into docs/performance.md
`;

const number = z.coerce.number().int().positive();
const optionsSchema = z.object({
  repeats: number.default(5),
  speed: z.enum(["fast", "real"]).default("fast"),
  many: z.array(number).default([]),
  "many-repeats": number.default(1),
  "many-peers": number.default(100),
  upgrades: number.default(5),
  idle: number.default(60),
  failovers: number.default(3),
  only: z.array(z.enum(PARTS_OF_RUN)).default([]),
  profile: z.boolean().default(false),
  "update-docs": z.boolean().default(false),
});
type Options = z.infer<typeof optionsSchema>;

const say = (line: string): void => console.info(line);
const BUNDLE: Variant = { code: "bundle", credentials: "in cluster" };
const STARTS = 5;
/** A simulated node takes 500 pods. Of many at once, one run's are there at a time. */
const UPGRADES_PER_NODE = 25;
/** Nodes for everything else, of which nothing is removed before the end. */
const NODES = 8;

async function main(): Promise<void> {
  const string = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      repeats: string,
      speed: string,
      many: { type: "string", multiple: true },
      "many-repeats": string,
      "many-peers": string,
      upgrades: string,
      idle: string,
      failovers: string,
      only: { type: "string", multiple: true },
      profile: { type: "boolean" },
      "update-docs": { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    say(USAGE);
    return;
  }
  const options = optionsSchema.parse(values);
  await bundle();
  const nodes = NODES + Math.ceil(Math.max(0, ...options.many) / UPGRADES_PER_NODE);
  await using ground = await openGround(
    options.speed,
    nodes,
    options.profile ? join(cacheRoot, "bench", "profiles") : undefined,
  );
  const results = await measureAll(ground, options);
  await publish(results, options);
}

async function measureAll(ground: Ground, options: Options): Promise<Results> {
  const { repeats, speed, only } = options;
  /** What one part cannot do must not cost the figures of the others, for which there may have been an hour of waiting. */
  const part = async <T>(name: Options["only"][number], otherwise: T, work: () => Promise<T>): Promise<T> => {
    if (only.length > 0 && !only.includes(name)) return otherwise;
    try {
      return await work();
    } catch (error) {
      process.exitCode = 1;
      say(`FAILED: ${name}: ${error instanceof Error ? error.stack : String(error)}`);
      return otherwise;
    }
  };
  const starts = await part("start", [], () => coldStarts(ground));
  const residents = await part("memory", [], () => memories(ground, options));
  const failovers = await part("failover", undefined, () => leadersKilled(ground, options.failovers));
  const footprint = await part<Pick<Results, "heap" | "image">>("footprint", {}, async () => ({
    heap: await heapOfDeployments(ground.cluster, root),
    image: await imageFigures(say),
  }));
  let known: Promise<readonly Driver[]> | undefined;
  const peers = (): Promise<readonly Driver[]> => {
    known ??= peersOf(ground);
    return known;
  };
  const one = await part("compare", NOTHING, async () => oneCompared(ground, repeats, await peers()));
  const partial = await part("partial", NOTHING, () => partialCompared(ground, repeats));
  const many: Many[] = [];
  for (const count of options.many) {
    const work = async (): Promise<Many> =>
      manyCompared(ground, options, count, count <= options["many-peers"] ? await peers() : []);
    const compared = await part("many", undefined, work);
    if (compared !== undefined) many.push(compared);
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    versions: await versions(ground),
    machine: `${availableParallelism()} cores and ${Math.round(totalmem() / 2 ** 30)} GiB`,
    speed,
    repeats,
    one,
    partial,
    many,
    residents,
    starts,
    ...(failovers === undefined ? {} : { failovers }),
    ...footprint,
    bareNodeMib: await bareNode(),
  };
}

const NOTHING: Compared = { controls: [], comparisons: [] };

async function coldStarts(ground: Ground): Promise<readonly ColdStart[]> {
  const starts: ColdStart[] = [];
  for (const variant of VARIANTS) {
    say(`cold starts: ${nameOf(variant)}`);
    starts.push(await coldStart(ground, variant, "default", STARTS));
  }
  return starts;
}

async function memories(ground: Ground, { upgrades, idle }: Options): Promise<readonly Resident[]> {
  const residents: Resident[] = [];
  for (const [index, variant] of VARIANTS.entries()) {
    say(`memory: ${nameOf(variant)}`);
    const scene = sceneOf(`resident-${index}`);
    // All of them ask for the same while they are idle.
    residents.push(await reside(ground, variant, { scene, upgrades, idleSeconds: index === 0 ? idle : 0 }));
  }
  return residents;
}

function leadersKilled(ground: Ground, repeats: number): Promise<Failover> {
  say("failover: the leader is killed, and asked to stop");
  return failover(ground, BUNDLE, repeats);
}

async function peersOf({ cluster }: Ground): Promise<readonly Driver[]> {
  const peers = await ensurePeers(say);
  const kubeconfig = await installPeers(cluster);
  return peers.map((each) => peer(each, kubeconfig));
}

const sceneOf = (name: string, strategy: Scene["strategy"] = "Full"): Scene => ({
  run: name,
  namespace: `bench-${name}`,
  replicas: 2,
  strategy,
});

function oneCompared(ground: Ground, repeats: number, peers: readonly Driver[]): Promise<Compared> {
  const drivers = [operator(BUNDLE), ...peers, kubectl, helm];
  return compare(ground, { repeats, drivers, scenesOf: (name) => [sceneOf(name)], label: "one", say });
}

function partialCompared(ground: Ground, repeats: number): Promise<Compared> {
  const scenesOf = (name: string): Scene[] => [sceneOf(name, "Partial")];
  return compare(ground, { repeats, drivers: [operator(BUNDLE)], scenesOf, label: "partial", say });
}

async function manyCompared(ground: Ground, options: Options, count: number, peers: readonly Driver[]): Promise<Many> {
  const scenesOf = (name: string): Scene[] =>
    Array.from({ length: count }, (_, index) => ({
      run: name,
      namespace: `bench-${name}-${index}`,
      replicas: 1,
      strategy: "Full",
    }));
  const subject = operator(BUNDLE);
  let held: Memory | undefined;
  const afterwards = async (driver: Driver): Promise<void> => {
    if (driver === subject) held ??= await memoryWhenStarted(ground, BUNDLE);
  };
  const repeats = options["many-repeats"];
  const drivers = [subject, ...peers];
  const label = `many-${count}`;
  const compared = await compare(ground, { repeats, drivers, scenesOf, label, say, remove: true, afterwards });
  return { count, compared, held };
}

async function publish(results: Results, options: Options): Promise<void> {
  const text = markdown(results);
  const directory = join(cacheRoot, "bench");
  await mkdir(directory, { recursive: true });
  const name = `${new Date().toISOString().replaceAll(/[:.]/g, "-")}-${results.speed}`;
  await writeFile(join(directory, `${name}.json`), `${JSON.stringify(results, undefined, 1)}\n`);
  await writeFile(join(directory, `${name}.md`), `${text}\n`);
  say(`\n${text}\n\nwritten to .cache/bench/${name}.json and .md`);
  if (!options["update-docs"]) return;
  await putIntoPage(results.speed, text);
}

await main();
