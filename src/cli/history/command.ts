/** `history`: past attempts, as the resource remembers them. */
import { Option } from "@commander-js/extra-typings";
import { UPGRADE } from "../../controllers/ceilometer-upgrade/resources.ts";
import { upgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import { formatDuration, parseTime } from "../../model/time.ts";
import { chooseUpgrade, explained } from "../choose-upgrade.ts";
import { withCluster } from "../connection.ts";
import { UsageError } from "../failures.ts";
import { printJson, printYaml, tableText } from "../print.ts";
import type { Root } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";

export function addHistory(root: Root, around: Surroundings): void {
  root
    .command("history")
    .description(
      "Show past attempts, newest first: what they reached, how long they took, what was accepted or skipped",
    )
    .argument("[name]", "the CeilometerUpgrade; default: the only one of the namespace")
    .option("-A, --all-namespaces", "of all resources of all namespaces", false)
    .addOption(new Option("-o, --output <format>", "default: a table").choices(["json", "yaml"] as const))
    .action(async (name, { allNamespaces, output }, command) => {
      if (allNamespaces && name !== undefined) throw new UsageError("-A excludes NAME");
      await withCluster(command.optsWithGlobals(), around, async ({ client, namespace }) => {
        const objects = allNamespaces
          ? (await client.list(UPGRADE).catch(explained)).items
          : [await chooseUpgrade(client, namespace, name)];
        const entries = objects
          .map((object) => upgradeView(object))
          .flatMap(({ metadata, status }) =>
            (status.history ?? []).map((entry) => ({ namespace: metadata.namespace, name: metadata.name, ...entry })),
          );
        if (output === "json") printJson(around.out, entries);
        else if (output === "yaml") printYaml(around.out, entries);
        else if (entries.length === 0) around.err.write("no attempt has ended yet\n");
        else around.out.write(historyTable(entries));
      });
    });
}

type Entry = NonNullable<ReturnType<typeof upgradeView>["status"]["history"]>[number] & {
  readonly namespace: string;
  readonly name: string;
};

export function historyTable(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => {
    const { namespace, name, plan, from = "?", to, state, startedAt, finishedAt = "" } = entry;
    const [began, ended] = [parseTime(startedAt), parseTime(finishedAt)];
    const took = began === undefined || ended === undefined ? "" : formatDuration(ended - began);
    return [namespace, name, plan, from, to, state, finishedAt, took, exceptions(entry)];
  });
  return tableText(["NAMESPACE", "NAME", "PLAN", "FROM", "TO", "STATE", "FINISHED", "TOOK", "ACCEPTED"], rows);
}

/** What people let pass: findings by name, gates by name. */
const exceptions = ({ acceptedRisks = [], skippedGates = [] }: Entry): string =>
  [
    ...acceptedRisks.map(({ check, object }) => `${check} ${object}`),
    ...skippedGates.map(({ name }) => `gate ${name} skipped`),
  ].join("; ");
