/** What the demo and a rehearsal have in common: a simulated cluster, the operator beside it, and an upgrade that is shown. */
import { join } from "node:path";
import type { Screen } from "../../src/cli/terminal/screen.ts";
import { piece } from "../../src/cli/terminal/text.ts";
import { type ClusterAccess, startCluster } from "../../tools/control-plane/cluster.ts";
import type { Speed } from "../../tools/control-plane/cluster-configuration.ts";
import { startPodLogs } from "../../tools/control-plane/pod-logs.ts";
import { followUpgrade } from "./follow-upgrade.ts";
import { installChart, operatorKubeconfig, root, successful } from "./installation.ts";
import { untilInterrupted } from "./interruption.ts";
import { observe } from "./observation.ts";
import { type OperatorProcess, startOperator } from "./operator-process.ts";
import { spawnTied } from "./tied-process.ts";
import { eventLines, timelineLines, timelineOf } from "./timeline.ts";
import type { Verdict } from "./verdict.ts";

/** Does a piece of work, and says what has been done and how long it took. */
export type Step = <T>(what: string, work: () => Promise<T>) => Promise<T>;

export const stepOn =
  (screen: Screen): Step =>
  async (what, work) => {
    const started = performance.now();
    const result = await work();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    screen.say([piece("ok  ", "good"), piece(what), piece(`  ${seconds} s`, "quiet")]);
    return result;
  };

/** In a process of its own, so that a compiler that runs for minutes ends with its parent, however that ends. */
export async function buildControlPlane(screen: Screen, stack: AsyncDisposableStack): Promise<void> {
  const build = stack.use(
    spawnTied([join("tools", "control-plane", "main.ts"), "build"], {
      cwd: root,
      onLine(line, stream) {
        if (stream === "stderr") screen.say([piece(`    ${line}`, "quiet")]);
      },
    }),
  );
  const ended = await build.ended;
  if (ended !== "exit code 0") throw new Error(`the control plane could not be built (${ended})`);
}

/** Milliseconds between two polls of a simulated agent: what a verification waits for at most. */
const POLLING_INTERVAL = { fast: 1000, real: 5000 } as const;

export async function simulatedCluster(
  step: Step,
  { name, speed, nodes }: { readonly name: string; readonly speed: Speed; readonly nodes: number },
  stack: AsyncDisposableStack,
): Promise<ClusterAccess> {
  const what = `etcd, API server, controllers and scheduler run, with ${nodes} simulated nodes`;
  const cluster = await step(what, async () => stack.use(await startCluster({ name, speed, nodes })));
  stack.use(await startPodLogs(cluster, { interval: POLLING_INTERVAL[speed] }));
  return cluster;
}

export interface BesideOptions {
  readonly watchNamespace: string | undefined;
  /** Path of its log. */
  readonly log: string;
  /** Names of Secrets that it may read. */
  readonly secrets?: readonly string[];
  readonly flags?: readonly string[];
}

export async function operatorBeside(
  step: Step,
  cluster: ClusterAccess,
  { watchNamespace, log, secrets = [], flags = [] }: BesideOptions,
): Promise<OperatorProcess> {
  await step("the chart is installed: definition, ServiceAccount, roles", () =>
    installChart(cluster, watchNamespace, { secrets }),
  );
  return step("the operator runs as that ServiceAccount, and no more", async () => {
    const kubeconfig = await operatorKubeconfig(cluster);
    const all = [...(secrets.length === 0 ? [] : [`--secrets=${secrets.join(",")}`]), ...flags];
    const started = await startOperator({ kubeconfig, watchNamespace, log, flags: all });
    const ended = await Promise.race([started.ready, started.ended]);
    if (ended !== undefined) throw new Error(`the operator ended with ${ended}:\n${started.lastWords().join("\n")}`);
    return started;
  });
}

export interface Played {
  readonly cluster: ClusterAccess;
  readonly operator: OperatorProcess;
  readonly namespace: string;
  /** The resource's file, and how it is called. */
  readonly file: string;
  readonly called: string;
}

/** Applies the resource, shows what happens until it has ended, then the whole as a timeline. */
export async function play(
  screen: Screen,
  { cluster, operator, namespace, file, called }: Played,
  stack: AsyncDisposableStack,
): Promise<Verdict> {
  const observation = stack.use(await observe(cluster.api, namespace));
  const since = Date.now();
  screen.say("");
  screen.say([piece(`$ kubectl apply -f ${called}`, "strong")]);
  screen.say(await successful("kubectl apply", cluster.kubectl(["apply", "-f", file])));
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
  tellVerdict(screen, verdict, (Date.now() - since) / 1000);
  return verdict;
}

function tellVerdict(screen: Screen, verdict: Verdict, seconds: number): void {
  if (verdict.kind === "succeeded") {
    screen.say([piece("Succeeded", "good"), piece(` after ${seconds.toFixed(1)} s: ${verdict.message}`)]);
  } else if (verdict.kind !== "running") {
    screen.say([piece(verdict.reason, "bad"), piece(`: ${verdict.message}`)]);
  }
}

export interface Performance {
  readonly hasSucceeded: boolean;
  /** Says how to go on, where everything is to stay until somebody interrupts. */
  readonly keep?: () => void;
}

/** The exit code of `perform`, or that of an interruption. Whatever was started goes with the stack. */
export async function untilEnded(
  screen: Screen,
  perform: (stack: AsyncDisposableStack) => Promise<Performance>,
): Promise<number> {
  const interruption = untilInterrupted(process);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => screen.release());
  const work = perform(stack);
  const result = await Promise.race([work, interruption.happened]);
  if ("why" in result) {
    // What it was about to do ends with the cluster; nobody is left to hear of it.
    work.catch(() => undefined);
    screen.release();
    screen.say(`\n${result.why}: ending everything`);
    return result.exitCode;
  }
  if (result.keep !== undefined) {
    result.keep();
    screen.say(`\n${(await interruption.happened).why}: ending everything`);
  }
  return result.hasSucceeded ? 0 : 1;
}

/** Runs a program to its end: an error in one line, and nothing that an interrupted step waits for keeps the process. */
export async function end(
  name: string,
  screen: Screen,
  main: () => Promise<number>,
  isUsage: (error: unknown) => boolean,
): Promise<never> {
  try {
    process.exitCode = await main();
  } catch (error) {
    screen.release();
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(isUsage(error) ? `${text}\nSee --help.\n` : `${name}: ${text}\n`);
    process.exitCode = isUsage(error) ? 2 : 1;
  }
  process.exit();
}
