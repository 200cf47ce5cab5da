/**
 * `npm run campaign`: plays plans on one real control plane, several at a time, and notes each as it ends. Exit code 1 if one failed.
 */
import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import type { Cluster } from "../../tools/control-plane/cluster.ts";
import { run } from "../../tools/control-plane/process.ts";
import { prepare } from "../e2e/global-setup.ts";
import { eachOf } from "../e2e/sampling.ts";
import { keepEvidence } from "../support/evidence.ts";
import { allPlans, isAlone, stratified } from "./campaigns.ts";
import { failedBefore } from "./failed.ts";
import { references } from "./ground.ts";
import { startInputPlayer } from "./input-play.ts";
import { CAMPAIGNS, idOf, type Plan, planSchema, SCENES } from "./plan.ts";
import { play } from "./play.ts";
import { generator } from "./random.ts";
import { writeReport } from "./report.ts";
import { append, RESULTS, results } from "./results.ts";

const USAGE = `usage: npm run campaign -- [options]
  --list            print the plans and run none
  --only C1         this campaign alone; several: repeat it
  --scene NAME      this scene alone; several: repeat it
  --shard I/N       the I-th of N parts
  --sample N        N of them, from as many kinds of fault as there are
  --seed N          of the sample (default: drawn, and printed)
  --resume          without those that have a result in ${RESULTS}
  --plan FILE       the plan in this JSON file; several: repeat it
  --failed-before   those that have failed at any time, on whichever machine
  --times N         each so often
  --at-once N       scenes side by side (default 3)
  --report          write docs/campaign.md from the results, and run none
`;

const optionsSchema = z.object({
  list: z.boolean().default(false),
  resume: z.boolean().default(false),
  report: z.boolean().default(false),
  "failed-before": z.boolean().default(false),
  times: z.coerce.number().int().positive().default(1),
  only: z.array(z.enum(CAMPAIGNS)).default([...CAMPAIGNS]),
  scene: z.array(z.enum(SCENES)).default([...SCENES]),
  shard: z
    .templateLiteral([z.int().positive(), "/", z.int().positive()])
    .default("1/1")
    .transform((text) => text.split("/").map(Number)),
  sample: z.coerce.number().int().positive().optional(),
  seed: z.coerce.number().int().optional(),
  plan: z.array(z.string()).default([]),
  "at-once": z.coerce.number().int().positive().default(3),
});
type Options = z.infer<typeof optionsSchema>;

/** For so long nothing may be written after the end of an undisturbed run. */
const A_MINUTE = 60_000;
/** Undisturbed runs of each scene, which have to be the same. */
const REFERENCES = 3;

const say = (line: string): void => console.info(line);

const planIn = async (file: string): Promise<Plan> => planSchema.parse(JSON.parse(await readFile(file, "utf8")));

async function chosen(options: Options): Promise<readonly Plan[]> {
  if (options.plan.length > 0) return Promise.all(options.plan.map(planIn));
  const done = options.resume ? await results() : new Map<string, unknown>();
  const failed = options["failed-before"] ? new Set((await failedBefore()).map(({ id }) => id)) : undefined;
  const [part = 1, parts = 1] = options.shard;
  const wanted = allPlans()
    .filter(({ campaign, scene }) => options.only.includes(campaign) && options.scene.includes(scene))
    .filter((_, index) => index % parts === part - 1)
    .filter((plan) => !done.has(idOf(plan)) && failed?.has(idOf(plan)) !== false);
  if (options.sample === undefined) return wanted;
  const seed = options.seed ?? randomInt(1_000_000);
  say(`a sample with --seed ${seed}`);
  return stratified(wanted, options.sample, generator(seed));
}

/** All of them, and then all again: no plan beside itself where there are others. */
const repeated = (plans: readonly Plan[], times: number): readonly Plan[] =>
  Array.from({ length: times }, () => plans).flat();

async function revision(): Promise<string> {
  const { code, stdout } = await run("git", ["describe", "--always", "--dirty", "--exclude=*"]);
  return code === 0 ? stdout.trim() : "unknown";
}

async function runAll(plans: readonly Plan[], atOnce: number): Promise<number> {
  const sources = await revision();
  await using ground = await prepare();
  const reference = references(ground.cluster, { rest: A_MINUTE, times: REFERENCES });
  await using inputs = startInputPlayer(ground.cluster);
  let failed = 0;
  let ended = 0;
  const playOne = async (plan: Plan, own?: Cluster): Promise<void> => {
    const id = idOf(plan);
    const begun = performance.now();
    const { evidence, ...played } =
      plan.input === undefined
        ? await play(plan, await reference(plan.scene), ground.cluster, own)
        : { evidence: undefined, ...(await inputs.play(plan, plan.input)) };
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    await append({ id, plan, at: new Date().toISOString(), revision: sources, seconds, ...played });
    ended += 1;
    const isPassed = played.findings.length === 0;
    if (!isPassed) failed += 1;
    say(`${ended}/${plans.length} ${isPassed ? "passed" : "FAILED"} ${id} (${seconds} s)`);
    for (const { oracle, message } of played.findings) say(`  ${oracle}: ${message}`);
    if (!isPassed) say(`  again: ${JSON.stringify(plan)}`);
    if (evidence !== undefined) say(`  evidence: ${await keepEvidence(id, evidence)}`);
  };
  // What has begun is played to its end, so that no process stays behind; a second interrupt ends at once.
  let interrupted = false;
  process.once("SIGINT", () => {
    interrupted = true;
    say("interrupted: the plans that have begun are played to their end, and no other is begun");
  });
  const playNext = async (plan: Plan, own?: Cluster): Promise<void> => {
    if (!interrupted) await playOne(plan, own);
  };
  const alone = plans.filter(isAlone);
  await eachOf(
    plans.filter((plan) => !isAlone(plan)),
    atOnce,
    (plan) => playNext(plan),
  );
  // What the plans to come take away from the whole cluster, operators that are kept for other plans would complain of.
  await inputs[Symbol.asyncDispose]();
  await eachOf(alone, 1, (plan) => playNext(plan, ground.cluster));
  say(`${ended} plans, ${ended - failed} passed, ${failed} failed`);
  if (interrupted) say(`${plans.length - ended} of ${plans.length} were not played: go on with --resume`);
  return failed;
}

async function main(): Promise<void> {
  const string = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const several = { type: "string", multiple: true } as const;
  const { values } = parseArgs({
    options: {
      list: flag,
      resume: flag,
      report: flag,
      "failed-before": flag,
      help: flag,
      only: several,
      scene: several,
      shard: string,
      sample: string,
      seed: string,
      plan: several,
      times: string,
      "at-once": string,
    },
  });
  if (values.help === true) {
    say(USAGE);
    return;
  }
  const options = optionsSchema.parse(values);
  if (options.report) {
    await writeReport();
    return;
  }
  const plans = repeated(await chosen(options), options.times);
  if (options.list) {
    for (const plan of plans) say(idOf(plan));
    say(`${plans.length} plans`);
    return;
  }
  const failed = await runAll(plans, options["at-once"]);
  if (failed > 0) process.exitCode = 1;
}

await main();
