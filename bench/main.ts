/**
 * `npm run bench`: one full upgrade on equal work by the operator, by a lower bound without any safety and by a kubectl script,
 * on one real control plane. Prints figures and judges none.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { root } from "../scripts/demo/installation.ts";
import { cacheRoot } from "../tools/control-plane/binaries.ts";
import { bundle } from "./bundle.ts";
import { bareNode, type ColdStart, coldStart } from "./cold-start.ts";
import { compare } from "./compare.ts";
import { kubectl, operator } from "./drivers.ts";
import { type Ground, openGround } from "./ground.ts";
import { nameOf, VARIANTS, type Variant } from "./operator.ts";
import { markdown, type Results } from "./report.ts";
import { type Resident, reside } from "./resident.ts";
import type { Scene } from "./scene.ts";
import { versions } from "./versions.ts";

const USAGE = `usage: npm run bench -- [options]
  --repeats N       runs of each driver, each between two runs of the lower bound (default 5)
  --speed SPEED     fast: pods start and stop at once; real: 2 s and 1 s (default fast)
  --many N          also N upgrades at once, one replica each
  --upgrades N      upgrades by one process for the memory figures (default 5)
  --idle SECONDS    how long an idle operator is watched (default 30)
  --only PART       compare, many, memory or start: that part alone; several: repeat it
  --update-docs     put the figures into docs/performance.md
`;

const number = z.coerce.number().int().positive();
const optionsSchema = z.object({
  repeats: number.default(5),
  speed: z.enum(["fast", "real"]).default("fast"),
  many: number.optional(),
  upgrades: number.default(5),
  idle: number.default(30),
  only: z.array(z.enum(["compare", "many", "memory", "start"])).default([]),
  "update-docs": z.boolean().default(false),
});
type Options = z.infer<typeof optionsSchema>;

const say = (line: string): void => console.info(line);
const BUNDLE: Variant = { code: "bundle", credentials: "in cluster" };
const SOURCE: Variant = { code: "source", credentials: "kubeconfig" };
const STARTS = 5;
/** A simulated node takes 500 pods, and nothing is removed before the end. */
const UPGRADES_PER_NODE = 25;

async function main(): Promise<void> {
  const string = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      repeats: string,
      speed: string,
      many: string,
      upgrades: string,
      idle: string,
      only: { type: "string", multiple: true },
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
  const nodes = 4 + Math.ceil(((options.many ?? 0) * 2) / UPGRADES_PER_NODE);
  await using ground = await openGround(options.speed, nodes);
  const results = await measureAll(ground, options);
  await publish(results, options);
}

async function measureAll(ground: Ground, options: Options): Promise<Results> {
  const { repeats, speed, many, upgrades, idle, only } = options;
  const wanted = (part: Options["only"][number]): boolean => only.length === 0 || only.includes(part);
  const scene = (name: string, replicas = 2): Scene => ({ run: name, namespace: `bench-${name}`, replicas });

  const starts: ColdStart[] = [];
  for (const variant of wanted("start") ? VARIANTS : []) {
    say(`cold starts: ${nameOf(variant)}`);
    starts.push(await coldStart(ground, variant, "default", STARTS));
  }
  const residents: Resident[] = [];
  for (const [index, variant] of wanted("memory") ? VARIANTS.entries() : []) {
    say(`memory: ${nameOf(variant)}`);
    const resident = scene(`resident-${index}`);
    residents.push(await reside(ground, variant, { scene: resident, upgrades, idleSeconds: idle }));
  }
  const one = wanted("compare")
    ? await compare(ground, {
        repeats,
        drivers: [operator(BUNDLE), operator(SOURCE), kubectl],
        scenesOf: (name) => [scene(name)],
        label: "one",
        say,
      })
    : { controls: [], comparisons: [] };
  const manyAtOnce = many !== undefined && wanted("many") ? await manyCompared(ground, many) : undefined;
  return {
    date: new Date().toISOString().slice(0, 10),
    versions: await versions(ground),
    machine: `${availableParallelism()} cores and ${Math.round(totalmem() / 2 ** 30)} GiB`,
    speed,
    repeats,
    one,
    ...(manyAtOnce === undefined ? {} : { many: manyAtOnce }),
    residents,
    starts,
    bareNodeMib: await bareNode(),
  };
}

async function manyCompared(ground: Ground, count: number): Promise<NonNullable<Results["many"]>> {
  const scenesOf = (name: string): Scene[] =>
    Array.from({ length: count }, (_, index) => ({ run: name, namespace: `bench-${name}-${index}`, replicas: 1 }));
  return {
    count,
    compared: await compare(ground, { repeats: 1, drivers: [operator(BUNDLE)], scenesOf, label: "many", say }),
  };
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
  const page = join(root, "docs", "performance.md");
  const [begin, end] = [`<!-- bench:${results.speed} -->`, `<!-- /bench:${results.speed} -->`];
  const before = await readFile(page, "utf8");
  const [head, rest] = before.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error(`docs/performance.md has no ${begin} … ${end}`);
  await writeFile(page, `${head}${begin}\n${text}\n${end}${tail}`);
}

await main();
