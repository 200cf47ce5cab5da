/** `npm run demo`: the real operator upgrades a sample Ceilometer on a real control plane, before your eyes. */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { createScreen } from "../src/cli/terminal/screen.ts";
import { piece } from "../src/cli/terminal/text.ts";
import { cacheRoot } from "../tools/control-plane/binaries.ts";
import { type ClusterAccess, startCluster } from "../tools/control-plane/cluster.ts";
import { startPodLogs } from "../tools/control-plane/pod-logs.ts";
import { followUpgrade } from "./demo/follow-upgrade.ts";
import {
  deploySample,
  exampleFile,
  installChart,
  NAMESPACE,
  operatorKubeconfig,
  root,
  successful,
} from "./demo/installation.ts";
import { untilInterrupted } from "./demo/interruption.ts";
import { observe } from "./demo/observation.ts";
import { followOperator, type OperatorProcess, startOperator } from "./demo/operator-process.ts";
import { type DemoOptions, EXAMPLES, HELP, readOptions, UsageError } from "./demo/options.ts";
import { spawnTied } from "./demo/tied-process.ts";
import { eventLines, timelineLines, timelineOf } from "./demo/timeline.ts";
import type { Verdict } from "./demo/verdict.ts";
import { obstacle } from "./kind/cluster.ts";

const screen = createScreen(process.stdout, process.env);

/** Milliseconds between two polls of a simulated agent: what a verification waits for at most. */
const POLLING_INTERVAL = { fast: 1000, real: 5000 } as const;

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const why = options.kind ? await obstacle() : undefined;
  if (why !== undefined) {
    screen.say(`skipped: ${why}`);
    return 0;
  }
  const interruption = untilInterrupted(process);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => screen.release());
  const work = demonstrate(options, stack);
  const result = await Promise.race([work, interruption.happened]);
  if ("why" in result) {
    // What it was about to do ends with the cluster; nobody is left to hear of it.
    work.catch(() => undefined);
    screen.release();
    screen.say(`\n${result.why}: ending everything`);
    return result.exitCode;
  }
  const { cluster, operatorLog, hasSucceeded } = result;
  if (options.keep) {
    tellHowToGoOn(cluster, operatorLog);
    screen.say(`\n${(await interruption.happened).why}: ending everything`);
  }
  // Only of use to find out what went wrong.
  if (hasSucceeded) stack.defer(() => rm(operatorLog, { force: true }));
  return hasSucceeded ? 0 : 1;
}

interface Demonstrated {
  readonly cluster: ClusterAccess;
  readonly operatorLog: string;
  readonly hasSucceeded: boolean;
}

async function demonstrate(options: DemoOptions, stack: AsyncDisposableStack): Promise<Demonstrated> {
  const { example, keep } = options;
  const { namespace } = example;
  const watchNamespace = keep ? undefined : namespace;

  await step("the control plane is built", () => buildControlPlane(stack));
  const name = `demo-${randomBytes(3).toString("hex")}`;
  const cluster = await (options.kind ? kindCluster(options, stack) : simulatedCluster(name, options, stack));
  await step(`${exampleFile(example, "ceilometer")} is applied and its pods are ready`, () =>
    deploySample(cluster, example),
  );
  const log = join(cacheRoot, "demo", `${name}.log`);
  const operator = await (options.kind
    ? operatorInPod(cluster, watchNamespace, log)
    : operatorBeside(cluster, watchNamespace, log));
  stack.use(operator);

  const observation = stack.use(await observe(cluster.api, namespace));
  const file = exampleFile(example, "upgrade");
  const since = Date.now();
  screen.say("");
  screen.say([piece(`$ kubectl apply -f ${file}`, "strong")]);
  screen.say(await successful("kubectl apply", cluster.kubectl(["apply", "-f", join(root, file)])));
  screen.say("");
  const verdict = await followUpgrade({ observation, operator, screen, since });
  await observation.caughtUp();
  screen.release();
  const story = observation.story();
  screen.say("");
  screen.say([piece("What the operator said (seconds since kubectl apply)", "strong")]);
  for (const line of eventLines(story.events, since)) screen.say(line);
  screen.say("");
  screen.say([piece("What happened to the pods (seconds since kubectl apply)", "strong")]);
  const { strategy = "Full" } = story.upgrade?.spec ?? {};
  for (const line of timelineLines(timelineOf(story, since), since, strategy)) screen.say(line);
  screen.say("");
  tellVerdict(verdict, (Date.now() - since) / 1000);
  return { cluster, operatorLog: operator.log, hasSucceeded: verdict.kind === "succeeded" };
}

async function simulatedCluster(
  name: string,
  { speed }: DemoOptions,
  stack: AsyncDisposableStack,
): Promise<ClusterAccess> {
  const cluster = await step("etcd, API server, controllers and scheduler run, with 3 simulated nodes", async () =>
    stack.use(await startCluster({ name, speed, nodes: 3 })),
  );
  stack.use(await startPodLogs(cluster, { interval: POLLING_INTERVAL[speed] }));
  return cluster;
}

async function operatorBeside(
  cluster: ClusterAccess,
  watchNamespace: string | undefined,
  log: string,
): Promise<OperatorProcess> {
  await step("the chart is installed: definition, ServiceAccount, roles", () => installChart(cluster, watchNamespace));
  return step("the operator runs as that ServiceAccount, and no more", async () => {
    const started = await startOperator({ kubeconfig: await operatorKubeconfig(cluster), watchNamespace, log });
    const ended = await Promise.race([started.ready, started.ended]);
    if (ended !== undefined) throw new Error(`the operator ended with ${ended}:\n${started.lastWords().join("\n")}`);
    return started;
  });
}

async function kindCluster({ example }: DemoOptions, stack: AsyncDisposableStack): Promise<ClusterAccess> {
  const { images, startKindCluster } = await import("./demo/on-kind.ts");
  const archives = await step("the images are assembled", () => images(example, stack));
  return step("three nodes of kind run and know the images", async () => {
    const cluster = stack.use(await startKindCluster("ceilometer-demo"));
    for (const archive of archives) await cluster.load(archive);
    return cluster;
  });
}

async function operatorInPod(
  cluster: ClusterAccess,
  watchNamespace: string | undefined,
  log: string,
): Promise<OperatorProcess> {
  return step("the chart is installed, and the operator runs in a pod of its own", async () => {
    await installChart(cluster, watchNamespace, 1);
    return followOperator(cluster, NAMESPACE, log);
  });
}

/** In a process of its own, so that a compiler that runs for minutes ends with the demo, however that ends. */
async function buildControlPlane(stack: AsyncDisposableStack): Promise<void> {
  const last: string[] = [];
  const build = stack.use(
    spawnTied([join("tools", "control-plane", "main.ts"), "build"], {
      cwd: root,
      onLine(line, stream) {
        last.push(line);
        if (stream === "stderr") screen.say([piece(`    ${line}`, "quiet")]);
      },
    }),
  );
  const ended = await build.ended;
  if (ended !== "exit code 0") throw new Error(`the control plane could not be built (${ended})`);
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  screen.say([piece("ok  ", "good"), piece(what), piece(`  ${seconds} s`, "quiet")]);
  return result;
}

function tellVerdict(verdict: Verdict, seconds: number): void {
  if (verdict.kind === "succeeded") {
    screen.say([piece("Succeeded", "good"), piece(` after ${seconds.toFixed(1)} s: ${verdict.message}`)]);
  } else if (verdict.kind !== "running") {
    screen.say([piece(verdict.reason, "bad"), piece(`: ${verdict.message}`)]);
  }
}

function tellHowToGoOn(cluster: ClusterAccess, operatorLog: string): void {
  const lines = [
    "",
    "Everything keeps running until Ctrl-C. In another terminal, in this folder:",
    "",
    `  export KUBECONFIG=${cluster.kubeconfig}`,
    `  export PATH=${cluster.binaries.directory}:$PATH`,
    "  kubectl get ceilometerupgrades --all-namespaces",
    ...Object.values(EXAMPLES)
      .flatMap((strategies) => Object.values(strategies))
      .map((each) => `  kubectl apply -f ${exampleFile(each, "ceilometer")}   # then ${exampleFile(each, "upgrade")}`),
    "",
    `The operator, as the chart's ServiceAccount, watches all namespaces; its log is ${relative(process.cwd(), operatorLog)}.`,
  ];
  for (const line of lines) screen.say(line);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  screen.release();
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(error instanceof UsageError ? `${text}\nSee --help.\n` : `demo: ${text}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
// Whatever an interrupted step still waits for must not keep the process.
process.exit();
