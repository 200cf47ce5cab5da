/** `status`: where an upgrade stands, once or while it happens. */
import { Option } from "@commander-js/extra-typings";
import { UPGRADE } from "../../controllers/ceilometer-upgrade/resources.ts";
import { upgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import { chooseUpgrade, explained } from "../choose-upgrade.ts";
import { type Cluster, withCluster } from "../connection.ts";
import { duration } from "../duration.ts";
import { asUnread, EXIT, UsageError } from "../failures.ts";
import { listObjects } from "../objects/from-cluster.ts";
import { stillCaches } from "../objects/still-cluster.ts";
import { printJson, printYaml, tableText } from "../print.ts";
import type { Root, SetCode } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";
import { createScreen } from "../terminal/screen.ts";
import { followUpgrade } from "./follow.ts";
import { SEEN_KINDS, type Sight, sightOf } from "./sight.ts";
import { statusLines } from "./text.ts";
import { stepsOf, type TreeNode } from "./tree.ts";
import { exitCodeOf, verdictOf } from "./verdict.ts";

export function addStatus(root: Root, around: Surroundings, setCode: SetCode): void {
  root
    .command("status")
    .description("Show where an upgrade stands: its steps, workloads and pods, and what it waits for")
    .argument("[name]", "the CeilometerUpgrade; default: the only one of the namespace")
    .option("-w, --watch", "go on until it has ended: redrawn on a terminal, else a line for each change", false)
    .addOption(
      new Option(
        "--patience <duration>",
        "with --watch: how long it may be held, aborted or unreadable before that counts as its end",
      )
        .argParser(duration)
        .default(20_000, "20s"),
    )
    .option("-A, --all-namespaces", "a line for each resource of all namespaces", false)
    .option("--exit-code", "tell by the exit code how it stands", false)
    .addOption(new Option("-o, --output <format>", "default: a tree").choices(["json", "yaml"] as const))
    .addHelpText(
      "after",
      "\nExit codes with --watch or --exit-code: 0 succeeded, 1 held, aborted or rolled back, 2 there is no such resource, 3 not ended, 4 the cluster cannot be read.",
    )
    .action(async (name, options, command) => {
      const { watch, patience, allNamespaces, exitCode, output } = options;
      if (watch && (output !== undefined || allNamespaces)) throw new UsageError("--watch excludes -o and -A");
      if (allNamespaces && (name !== undefined || exitCode)) throw new UsageError("-A excludes NAME and --exit-code");
      await withCluster(command.optsWithGlobals(), around, async (cluster) => {
        if (allNamespaces) return list(cluster, around, output);
        const reading = <T>(asked: Promise<T>): Promise<T> => (watch || exitCode ? asked.catch(asUnread) : asked);
        const chosen = (await reading(chooseUpgrade(cluster.client, cluster.namespace, name))).metadata.name;
        if (watch) {
          const state = await followUpgrade(cluster, { name: chosen, patience }, around);
          setCode(state === undefined ? EXIT.interrupted : exitCodeOf(state));
          return;
        }
        const sight = await reading(look(cluster, chosen, around.now()));
        show(sight, around, output);
        setCode(exitCode ? exitCodeOf(verdictOf(sight.upgrade).state) : EXIT.ok);
      });
    });
}

async function look({ client, namespace }: Cluster, name: string, now: number): Promise<Sight> {
  const lists = await Promise.all(SEEN_KINDS.map((kind) => listObjects(client, kind, { namespace })));
  const sight = sightOf(stillCaches(lists.flat()), namespace, name, now);
  if (sight === undefined) throw new UsageError(`CeilometerUpgrade ${name} is not there any more`);
  return sight;
}

function show(sight: Sight, around: Surroundings, output: "json" | "yaml" | undefined): void {
  const { metadata, spec, status } = sight.upgrade;
  if (output === undefined) {
    const screen = createScreen(around.out, around.env);
    for (const line of statusLines(sight)) screen.say(line);
    return;
  }
  const { namespace, name, generation } = metadata;
  const target = spec?.target.release;
  const steps = stepsOf(sight).map(withoutTone);
  const whole = { namespace, name, generation, target, ...verdictOf(sight.upgrade), steps, status };
  if (output === "json") printJson(around.out, whole);
  else printYaml(around.out, whole);
}

/** A colour says nothing to a program. */
function withoutTone({ tone: _, children, ...rest }: TreeNode): Readonly<Record<string, unknown>> {
  return { ...rest, children: children.map(withoutTone) };
}

async function list({ client }: Cluster, { out }: Surroundings, output: "json" | "yaml" | undefined): Promise<void> {
  const { items } = await client.list(UPGRADE).catch(explained);
  const views = items.map((item) => upgradeView(item));
  const rows = views.map((view) => {
    const { metadata, spec, status } = view;
    const { namespace, name } = metadata;
    const from = status.release?.current ?? "?";
    return { namespace, name, from, to: spec?.target.release ?? "?", step: status.step ?? "", ...verdictOf(view) };
  });
  if (output === "json") printJson(out, rows);
  else if (output === "yaml") printYaml(out, rows);
  else {
    const head = ["NAMESPACE", "NAME", "FROM", "TO", "STEP", "STATE", "MESSAGE"];
    const cells = rows.map((row) => [row.namespace, row.name, row.from, row.to, row.step, row.state, row.message]);
    out.write(tableText(head, cells));
  }
}
