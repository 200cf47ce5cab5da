/** `report`: everything that helps somebody else to understand an upgrade, without what must stay secret. */
import { chooseUpgrade } from "../choose-upgrade.ts";
import { withCluster } from "../connection.ts";
import { IMAGE_ALLOWED, POD_LOGS, PROVIDER, SECRET, settingsOf } from "../operator-settings.ts";
import type { Root } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";
import { storedOf } from "../verbs/write.ts";
import { collect } from "./collect.ts";
import { createRedactor } from "./redact.ts";
import { writeReport } from "./write.ts";

export function addReport(root: Root, around: Surroundings): void {
  root
    .command("report")
    .description(
      "Write a support bundle: the resource, what runs, attempts, Events, the operator's log; secrets taken out",
    )
    .argument("[name]", "the CeilometerUpgrade; default: the only one of the namespace")
    .option("--to <path>", "a .tar.gz or a folder; default: ceilometer-upgrade-NAMESPACE-NAME-TIME.tar.gz")
    .option("--operator-namespace <namespace>", "where the operator runs; default: it is looked for in all namespaces")
    .addOption(SECRET)
    .addOption(IMAGE_ALLOWED)
    .addOption(PROVIDER)
    .addOption(POD_LOGS)
    .addHelpText(
      "after",
      `
Secrets are not read. Of environments, flags and files, values that look like passwords are taken out, and so are the users
and passwords of addresses, tokens and private keys. Look through it all the same before you give it away.`,
    )
    .action((name, options, command) =>
      withCluster(command.optsWithGlobals(), around, async ({ client, namespace, server }) => {
        const now = around.now();
        const upgrade = storedOf(await chooseUpgrade(client, namespace, name));
        const redactor = createRedactor();
        const { operatorNamespace } = options;
        const wish = { upgrade, namespace, server, settings: settingsOf(options), operatorNamespace, now };
        const { files, unread } = await collect(client, wish, redactor);
        const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
        const to = options.to ?? `ceilometer-upgrade-${namespace}-${upgrade.metadata.name}-${time}.tar.gz`;
        const size = await writeReport(to, files, now);
        const kilobytes = Math.ceil(size / 1024);
        around.out.write(`${to}: ${files.size} files, ${kilobytes} KiB, ${redactor.count} values taken out\n`);
        for (const line of unread) around.err.write(`not in it: ${line}\n`);
      }),
    );
}
