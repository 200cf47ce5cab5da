/**
 * `npm run scale`: a thousand upgrades at once by one operator, beside resources that fit no schema. Judged by what no figure shows: each
 * of them ends at the target, none waits until the others are done, and the lease is never lost. Exit code 1 otherwise.
 */
import { availableParallelism, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { storeUnfit, UNFIT_COUNT } from "../test/e2e/unfit-resources.ts";
import { bundle } from "./bundle.ts";
import { measure, type Run } from "./compare.ts";
import { operator } from "./drivers.ts";
import { type Ground, openGround } from "./ground.ts";
import { putIntoPage } from "./page.ts";
import { must, RUN_LABEL, type Scene } from "./scene.ts";
import { quantile } from "./statistics.ts";
import { versions } from "./versions.ts";

const USAGE = `usage: npm run scale -- [options]
  --upgrades N      how many at once (default 1000)
  --update-docs     put the figures into docs/performance.md
`;
const RUN = "scale";
/** Where those are that stop nobody (S9 of docs/security-refusals.md). */
const UNFIT_NAMESPACE = `bench-${RUN}-unfit`;
const UPGRADES_PER_NODE = 25;
const NODES = 8;

const say = (line: string): void => console.info(line);

const upgradesSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ namespace: z.string(), creationTimestamp: z.string() }),
      status: z.object({
        history: z.array(z.object({ state: z.string(), startedAt: z.string(), finishedAt: z.string() })).default([]),
      }),
    }),
  ),
});
const leaseSchema = z.object({ spec: z.object({ holderIdentity: z.string(), leaseTransitions: z.number() }) });
type Lease = z.infer<typeof leaseSchema>["spec"];

interface Scaled {
  readonly run: Run;
  /** How many there are for which the only attempt has completed. */
  readonly completed: number;
  /** Seconds from the creation of each resource to its first write, and to its end. */
  readonly begun: readonly number[];
  readonly ended: readonly number[];
  readonly leases: readonly [before: Lease, after: Lease];
}

async function scale(ground: Ground, upgrades: number): Promise<Scaled> {
  const scenes = Array.from(
    { length: upgrades },
    (_, index): Scene => ({ run: RUN, namespace: `bench-${RUN}-${index}`, replicas: 1, strategy: "Full" }),
  );
  const driver = operator({ code: "bundle", credentials: "in cluster" });
  let before: Lease | undefined;
  const watched: typeof driver = {
    ...driver,
    async prepare(...asked) {
      await must(ground.cluster, "POST", "/api/v1/namespaces", { metadata: { name: UNFIT_NAMESPACE } });
      await storeUnfit(ground.cluster, UNFIT_NAMESPACE);
      const prepared = await driver.prepare(...asked);
      before = await leaseOf(ground);
      return prepared;
    },
  };
  let after: Lease | undefined;
  const run = await measure(ground, watched, scenes, async () => {
    after = await leaseOf(ground);
  });
  if (before === undefined || after === undefined) throw new Error("nobody has led");
  const path = `/apis/ceilometer.openstack.org/v1alpha1/ceilometerupgrades?labelSelector=${RUN_LABEL}%3D${RUN}`;
  const { items } = upgradesSchema.parse(JSON.parse(await must(ground.cluster, "GET", path)));
  const done = items.filter(({ status: { history } }) => history.length === 1 && history[0]?.state === "Completed");
  const times = (of: "startedAt" | "finishedAt"): readonly number[] =>
    done
      .map(
        ({ metadata, status }) =>
          (Date.parse(status.history[0]?.[of] ?? "") - Date.parse(metadata.creationTimestamp)) / 1000,
      )
      .toSorted((a, b) => a - b);
  return {
    run,
    completed: done.length,
    begun: times("startedAt"),
    ended: times("finishedAt"),
    leases: [before, after],
  };
}

const leaseOf = async ({ cluster }: Ground): Promise<Lease> =>
  leaseSchema.parse(
    JSON.parse(
      await must(
        cluster,
        "GET",
        "/apis/coordination.k8s.io/v1/namespaces/ceilometer-upgrade-operator/leases/ceilometer-upgrade-operator",
      ),
    ),
  ).spec;

const spread = (times: readonly number[]): string =>
  [0, 0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(0)).join(" / ");
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, each) => all + each, 0);

/** What the audit log has of the run; after many requests the API server begins a new one, and what was in the old is not counted. */
function counted(run: Run): string {
  const reactions = run.reactions.toSorted((a, b) => a - b);
  if (reactions.length === 0) return "| requests | not counted: the audit log was begun anew meanwhile |";
  const refused = Object.entries(run.refused).map(([code, times]) => `${times} ${code}`);
  return `| writes, status writes | ${sum(run.workWrites)}, ${run.statusWrites} |
| reads that are no watches | ${sum(run.reads)} |
| event to write, p50 / p99 | ${quantile(reactions, 0.5).toFixed(0)} / ${quantile(reactions, 0.99).toFixed(0)} ms |
| refused | ${refused.length === 0 ? "none" : refused.join(", ")} |`;
}

const isKept = ({ leases: [before, after] }: Scaled): boolean =>
  before.holderIdentity === after.holderIdentity && before.leaseTransitions === after.leaseTransitions;

/** Somebody waited until somebody else, who was made at the same time, was done. */
const isStarved = ({ begun, ended }: Scaled): boolean => Math.max(...begun) > Math.min(...ended);

async function page(ground: Ground, scaled: Scaled): Promise<string> {
  const { run, completed, begun, ended } = scaled;
  const machine = `${availableParallelism()} cores and ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const { operator: version, Node: node, Kubernetes: kubernetes, KWOK: kwok } = await versions(ground);
  return `Measured ${new Date().toISOString().slice(0, 10)} on ${machine}; operator ${version}, Node ${node}, Kubernetes ${kubernetes}, KWOK ${kwok}; one run.

| ${run.upgrades} upgrades at once, one replica each | |
| --- | --- |
| beside them, stored under no schema | ${UNFIT_COUNT} |
| completed | ${completed} |
| every pod at the target after | ${(run.wall / 1000).toFixed(0)} s |
| all of them said so after | ${(run.told / 1000).toFixed(0)} s |
| from the creation of a resource to the beginning of its attempt: first / median / p99 / last | ${spread(begun)} s |
| … to its end | ${spread(ended)} s |
| the last has begun before the first has ended | ${isStarved(scaled) ? "NO" : "yes"} |
| the lease | ${isKept(scaled) ? "held by one process from the beginning to the end" : "CHANGED HANDS"} |
| CPU per upgrade | ${run.cpu === undefined ? "–" : (run.cpu / run.upgrades).toFixed(0)} ms |
| peak RSS | ${run.memory?.peakMib.toFixed(0) ?? "–"} MiB |
| Events that were stored | ${run.events} |
${counted(run)}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { upgrades: { type: "string" }, "update-docs": { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    say(USAGE);
    return 0;
  }
  const upgrades = z.coerce.number().int().positive().default(1000).parse(values.upgrades);
  await bundle();
  await using ground = await openGround("fast", NODES + Math.ceil(upgrades / UPGRADES_PER_NODE));
  const scaled = await scale(ground, upgrades);
  const text = await page(ground, scaled);
  say(text);
  if (values["update-docs"] === true) await putIntoPage(RUN, text);
  const { completed } = scaled;
  const failures = [
    ...(completed === upgrades ? [] : [`${upgrades - completed} of ${upgrades} did not end at the target`]),
    ...(isKept(scaled) ? [] : ["the lease was lost"]),
    ...(isStarved(scaled) ? ["one had not begun when another one had ended"] : []),
  ];
  for (const failure of failures) say(`FAILED: ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
