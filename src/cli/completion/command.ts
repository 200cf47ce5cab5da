/** `completion`, for people to read once, and `complete`, for shells to ask at each key. */
import { Argument } from "@commander-js/extra-typings";
import { UPGRADE } from "../../controllers/ceilometer-upgrade/resources.ts";
import { upgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Resource } from "../../kube/resource.ts";
import { withCluster } from "../connection.ts";
import type { Root } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";
import { type Candidate, type Candidates, candidates, type LiveKind } from "./candidates.ts";
import { SCRIPTS, SHELLS } from "./scripts.ts";

export function addCompletion(root: Root, around: Surroundings): void {
  root
    .command("completion")
    .description("Print what a shell reads to complete kubectl-ceilometer_upgrade; kubectl's own completion needs none")
    .addArgument(new Argument("<shell>", "the shell that reads it").choices(SHELLS))
    .action((shell) => {
      around.out.write(SCRIPTS[shell]);
    });
  root
    .command("complete", { hidden: true })
    .description("Answer what may stand in place of the last word, a line each, and a directive as kubectl reads it")
    .argument("[words...]")
    .action(async (words) => {
      const found = candidates(root, words);
      const values = [...found.values, ...(await live(found, around))];
      const lines = values.map(({ value, description }) => (description === "" ? value : `${value}\t${description}`));
      // 4: no files; what remains of cobra's directives is not needed.
      around.out.write([...lines, found.files ? ":0" : ":4", ""].join("\n"));
    });
}

const NAMESPACE: Resource = { group: "", version: "v1", plural: "namespaces", kind: "Namespace", namespaced: false };

/** Milliseconds: nobody waits longer at a key. */
const PATIENCE = 2000;

/** Nothing where the cluster does not answer: a key that is pressed must not print an error. */
async function live(found: Candidates, around: Surroundings): Promise<readonly Candidate[]> {
  const { live: kind, namespace, kubeconfig, context } = found;
  if (kind === undefined) return [];
  const place = { kubeconfig, context, namespace };
  const signal = AbortSignal.timeout(PATIENCE);
  const names = await withCluster(place, around, (cluster) =>
    liveNames(cluster.client, kind, cluster.namespace, signal),
  ).catch(() => []);
  return names
    .filter((name) => name.startsWith(found.prefix))
    .toSorted()
    .map((value) => ({ value, description: "" }));
}

async function liveNames(
  client: KubeClient,
  kind: LiveKind,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const resource = kind === "namespace" ? NAMESPACE : UPGRADE;
  const { items } = await client.list(resource, { signal, ...(kind === "namespace" ? {} : { namespace }) });
  if (kind !== "gate") return items.map(({ metadata }) => metadata.name);
  const gates = items.flatMap((item) => upgradeView(item).spec?.gates?.map(({ name }) => name) ?? []);
  return [...new Set(gates)];
}
