/** `npm run demo`: the real operator upgrades a sample Ceilometer on a real control plane, before your eyes. */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { createScreen } from "../src/cli/terminal/screen.ts";
import { cacheRoot } from "../tools/control-plane/binaries.ts";
import type { ClusterAccess } from "../tools/control-plane/cluster.ts";
import { deploySample, exampleFile, installChart, NAMESPACE, root } from "./demo/installation.ts";
import { followOperator, type OperatorProcess } from "./demo/operator-process.ts";
import { type DemoOptions, EXAMPLES, HELP, readOptions, UsageError } from "./demo/options.ts";
import {
  buildControlPlane,
  end,
  operatorBeside,
  type Performance,
  play,
  simulatedCluster,
  stepOn,
  untilEnded,
} from "./demo/stage.ts";
import { obstacle } from "./kind/cluster.ts";

const screen = createScreen(process.stdout, process.env);
const step = stepOn(screen);

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
  return untilEnded(screen, (stack) => demonstrate(options, stack));
}

async function demonstrate(options: DemoOptions, stack: AsyncDisposableStack): Promise<Performance> {
  const { example, keep, speed } = options;
  const { namespace } = example;
  const watchNamespace = keep ? undefined : namespace;

  await step("the control plane is built", () => buildControlPlane(screen, stack));
  const name = `demo-${randomBytes(3).toString("hex")}`;
  const cluster = await (options.kind
    ? kindCluster(options, stack)
    : simulatedCluster(step, { name, speed, nodes: 3 }, stack));
  const sample = exampleFile(example, "ceilometer");
  await step(`${sample} is applied and its pods are ready`, () => deploySample(cluster, join(root, sample), namespace));
  const log = join(cacheRoot, "demo", `${name}.log`);
  const operator = await (options.kind
    ? operatorInPod(cluster, watchNamespace, log)
    : operatorBeside(step, cluster, { watchNamespace, log }));
  stack.use(operator);

  const called = exampleFile(example, "upgrade");
  const verdict = await play(screen, { cluster, operator, namespace, file: join(root, called), called }, stack);
  const hasSucceeded = verdict.kind === "succeeded";
  // Only of use to find out what went wrong.
  if (hasSucceeded) stack.defer(() => rm(operator.log, { force: true }));
  return { hasSucceeded, ...(keep ? { keep: () => tellHowToGoOn(cluster, operator.log) } : {}) };
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
    await installChart(cluster, watchNamespace, { replicas: 1 });
    return followOperator(cluster, NAMESPACE, log);
  });
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

await end(
  "demo",
  screen,
  () => main(process.argv.slice(2)),
  (error) => error instanceof UsageError,
);
