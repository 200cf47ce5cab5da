/**
 * The upgrade of a copy, on a simulated control plane, by the operator of this checkout: what `kubectl ceilometer-upgrade
 * rehearse` starts once it has taken the objects.
 */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { createScreen } from "../src/cli/terminal/screen.ts";
import { cacheRoot } from "../tools/control-plane/binaries.ts";
import type { ClusterAccess } from "../tools/control-plane/cluster.ts";
import { podsReady, successful } from "./demo/installation.ts";
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

const screen = createScreen(process.stdout, process.env);
const step = stepOn(screen);

const optionsSchema = z.object({
  /** Paths of a List each. */
  objects: z.string(),
  upgrade: z.string(),
  namespace: z.string(),
  speed: z.enum(["fast", "real"]),
  nodes: z.coerce.number().int().min(1),
  /** Of each kind of host its labels, with commas between them. */
  "node-labels": z.array(z.string()),
  secret: z.array(z.string()),
  "image-allowed": z.array(z.string()),
  keep: z.boolean(),
});
type Options = z.infer<typeof optionsSchema>;

function readOptions(args: readonly string[]): Options {
  const many = { type: "string", multiple: true, default: [] as string[] } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      objects: { type: "string" },
      upgrade: { type: "string" },
      namespace: { type: "string" },
      speed: { type: "string", default: "fast" },
      nodes: { type: "string", default: "3" },
      "node-labels": many,
      secret: many,
      "image-allowed": many,
      keep: { type: "boolean", default: false },
    },
  });
  return optionsSchema.parse(values);
}

async function rehearse(options: Options, stack: AsyncDisposableStack): Promise<Performance> {
  const { namespace, speed, nodes, keep, secret: secrets } = options;
  await step("the control plane is built", () => buildControlPlane(screen, stack));
  const name = `rehearsal-${randomBytes(3).toString("hex")}`;
  const cluster = await simulatedCluster(step, { name, speed, nodes }, stack);
  await step("the copy is created and its pods are ready", () => create(cluster, options));
  const log = join(cacheRoot, "rehearsal", `${name}.log`);
  const allowed = options["image-allowed"];
  const flags = allowed.length === 0 ? [] : [`--images-allowed=${allowed.join(",")}`];
  const operator = stack.use(await operatorBeside(step, cluster, { watchNamespace: namespace, log, secrets, flags }));
  const played = { cluster, operator, namespace, file: options.upgrade, called: "the resource" };
  const verdict = await play(screen, played, stack);
  const hasSucceeded = verdict.kind === "succeeded";
  if (hasSucceeded) stack.defer(() => rm(operator.log, { force: true }));
  return { hasSucceeded, ...(keep ? { keep: () => tellHowToGoOn(cluster, namespace, operator.log) } : {}) };
}

/** Created and not applied: what is large would not fit into the annotation of an apply. */
async function create(cluster: ClusterAccess, options: Options): Promise<void> {
  const { objects, namespace, nodes, "node-labels": hosts } = options;
  const all = Array.from({ length: nodes }, (_, index) => `worker-${index}`);
  for (const [kind, labels] of hosts.entries()) {
    const names = all.filter((_, index) => index % hosts.length === kind);
    const args = ["label", "nodes", ...names, "--overwrite", ...labels.split(",")];
    await successful("kubectl label", cluster.kubectl(args));
  }
  await successful("kubectl create", cluster.kubectl(["create", "-f", objects]));
  await podsReady(cluster, namespace);
}

function tellHowToGoOn(cluster: ClusterAccess, namespace: string, operatorLog: string): void {
  const lines = [
    "",
    "Everything keeps running until Ctrl-C. In another terminal:",
    "",
    `  export KUBECONFIG=${cluster.kubeconfig}`,
    `  kubectl -n ${namespace} get cmu,pods`,
    "",
    `The operator's log is ${relative(process.cwd(), operatorLog)}.`,
  ];
  for (const line of lines) screen.say(line);
}

await end(
  "rehearse",
  screen,
  () => {
    const options = readOptions(process.argv.slice(2));
    return untilEnded(screen, (stack) => rehearse(options, stack));
  },
  () => false,
);
