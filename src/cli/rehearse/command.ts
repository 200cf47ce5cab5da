/** `rehearse`: the upgrade of what runs now, on a control plane of this machine, by the very operator of the checkout. */
import { spawn } from "node:child_process";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { resolve as absolute, join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { KIND, LABEL } from "../../api/v1alpha1/names.ts";
import { specSchema } from "../../api/v1alpha1/schema.ts";
import type { KubeObject } from "../../kube/object.ts";
import { CommandError, EXIT, UsageError } from "../failures.ts";
import { type Taken, take } from "../objects/taken.ts";
import { IMAGE_ALLOWED, SECRET } from "../operator-settings.ts";
import type { Root, SetCode } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";
import { neededBy } from "./needed.ts";
import { type Rehearsable, rehearsable } from "./rehearsable.ts";

export function addRehearse(root: Root, around: Surroundings, setCode: SetCode): void {
  root
    .command("rehearse")
    .description("Upgrade a copy of what runs now, on a real control plane of this machine with simulated pods")
    .argument("[name]", "the CeilometerUpgrade in the cluster; default: the only one of the namespace")
    .option("-f, --file <file>", "rehearse this CeilometerUpgrade instead; other objects in the file count as applied")
    .option("--manifests <folder>", "take what runs from the YAML files of this folder, with no cluster at all")
    .addOption(SECRET)
    .addOption(IMAGE_ALLOWED)
    .addOption(
      new Option("--speed <speed>", "how long pods take").choices(["fast", "real"] as const).default("fast" as const),
    )
    .option("--nodes <count>", "simulated nodes", "3")
    .option("--keep", "leave everything running until Ctrl-C", false)
    .option("--checkout <folder>", "the project's checkout; default: where this program lies in one")
    .addHelpText(
      "after",
      `
It needs a checkout of the project after npm ci, and Go, which builds the control plane once. The cluster is only read: the
resource, the workloads that it names, their templates and configuration. Secrets are read only where --secret names them.

Exit codes: 0 where the rehearsal succeeded, 1 where it did not, 2 where there was nothing to rehearse or no checkout.`,
    )
    .action(async (name, options, command) => {
      const { file, manifests, secret, imageAllowed, speed, nodes, keep } = options;
      const checkout = await checkoutAt(absolute(options.checkout ?? around.home));
      if (!/^[1-9]\d{0,2}$/.test(nodes)) throw new UsageError(`--nodes ${nodes}: give a number from 1 to 999`);
      const settings = { secrets: secret, imagesAllowed: imageAllowed, providers: [], podLogs: true };
      const wish = { name, file, manifests, place: command.optsWithGlobals(), settings };
      const taken = await take(wish, around, around.now());
      const copy = copied(taken);
      around.err.write(`${copy.objects.length} objects of namespace ${taken.namespace} are rehearsed\n`);
      for (const difference of copy.differences) around.err.write(`not as in the cluster: ${difference}\n`);
      const folder = await mkdtemp(join(tmpdir(), "rehearsal-"));
      try {
        const upgrade = await written(folder, "upgrade.json", [copy.upgrade]);
        const objects = await written(folder, "objects.json", copy.objects);
        const hosts = copy.nodeLabels.map((labels) =>
          Object.entries(labels)
            .map(([key, value]) => `${key}=${value}`)
            .join(","),
        );
        const args = [
          join(checkout, "scripts", "rehearse.ts"),
          `--objects=${objects}`,
          `--upgrade=${upgrade}`,
          `--namespace=${taken.namespace}`,
          `--speed=${speed}`,
          // One of each kind at least.
          `--nodes=${Math.max(Number(nodes), hosts.length)}`,
          ...hosts.map((labels) => `--node-labels=${labels}`),
          ...secret.map((each) => `--secret=${each}`),
          ...imageAllowed.map((each) => `--image-allowed=${each}`),
          ...(keep ? ["--keep"] : []),
        ];
        setCode(await ended(args, checkout, around));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
}

async function checkoutAt(folder: string): Promise<string> {
  const isThere = (file: string): Promise<boolean> =>
    access(join(folder, file)).then(
      () => true,
      () => false,
    );
  if ((await isThere("tools/control-plane/go.mod")) && (await isThere("node_modules"))) return folder;
  throw new UsageError(
    `${folder} is no checkout of the project with its packages: a rehearsal builds its control plane from tools/control-plane, with Go. Clone the project, run npm ci there, and name it with --checkout`,
  );
}

function copied({ namespace, name, objects }: Taken): Rehearsable {
  const upgrade = objects.find((object) => object.kind === KIND && object.metadata.name === name);
  const parsed = specSchema.safeParse(upgrade?.["spec"]);
  if (upgrade === undefined || !parsed.success) {
    const [issue] = parsed.error?.issues ?? [];
    throw new CommandError(
      `${KIND} ${name} does not fit the schema: spec.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
    );
  }
  // Records are of the real cluster; copies of files are what agents may mount since an earlier upgrade.
  const files = objects.filter(
    ({ kind, metadata }) =>
      (kind === "ConfigMap" || kind === "Secret") && metadata.labels?.[LABEL.purpose] !== "attempt",
  );
  return rehearsable(namespace, upgrade, parsed.data, [...neededBy(parsed.data, objects), ...files]);
}

async function written(folder: string, file: string, items: readonly KubeObject[]): Promise<string> {
  const path = join(folder, file);
  await writeFile(path, JSON.stringify({ apiVersion: "v1", kind: "List", items }), { mode: 0o600 });
  return path;
}

/** Its output is the program's own. A Ctrl-C reaches both; what is sent to this one alone, as `timeout` does, is passed on. */
function ended(args: readonly string[], cwd: string, { env, node, signal }: Surroundings): Promise<number> {
  if (signal.aborted) return Promise.resolve(EXIT.interrupted);
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd, env, stdio: "inherit" });
    signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
    child.once("error", reject);
    // One that is kept ends with what came of it, when it is told to.
    child.once("close", (code) =>
      resolve(signal.aborted && (code ?? 255) > 128 ? EXIT.interrupted : (code ?? EXIT.failure)),
    );
  });
}
