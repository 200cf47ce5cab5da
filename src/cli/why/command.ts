/** `why`: what keeps an upgrade from going on, since when, and what to do. */
import { Option } from "@commander-js/extra-typings";
import { UPGRADE } from "../../controllers/ceilometer-upgrade/resources.ts";
import { upgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import { chooseUpgrade, explained } from "../choose-upgrade.ts";
import { withCluster } from "../connection.ts";
import { asUnread, EXIT, UsageError } from "../failures.ts";
import { printJson, printYaml } from "../print.ts";
import type { Root, SetCode } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";
import { createScreen } from "../terminal/screen.ts";
import { whyOf } from "./blocks.ts";
import { whyLines } from "./text.ts";

export function addWhy(root: Root, around: Surroundings, setCode: SetCode): void {
  root
    .command("why")
    .description("Say what keeps an upgrade from going on, since when, and what to do")
    .argument("[name]", "the CeilometerUpgrade; default: the only one of the namespace")
    .option("-A, --all-namespaces", "of all resources of all namespaces", false)
    .addOption(new Option("-o, --output <format>", "default: sentences").choices(["json", "yaml"] as const))
    .addHelpText(
      "after",
      "\nExit codes: 0 where nothing blocks, 1 where something does, 2 there is no such resource, 4 the cluster cannot be read.",
    )
    .action(async (name, { allNamespaces, output }, command) => {
      if (allNamespaces && name !== undefined) throw new UsageError("-A excludes NAME");
      await withCluster(command.optsWithGlobals(), around, async ({ client, namespace }) => {
        const asked = allNamespaces
          ? client.list(UPGRADE).then(({ items }) => items, explained)
          : chooseUpgrade(client, namespace, name).then((object) => [object]);
        const objects = await asked.catch(asUnread);
        const all = objects.map((object) => {
          const view = upgradeView(object);
          return { namespace: view.metadata.namespace, name: view.metadata.name, ...whyOf(view) };
        });
        const shown = allNamespaces ? all : all[0];
        if (output === "json") printJson(around.out, shown);
        else if (output === "yaml") printYaml(around.out, shown);
        else {
          const screen = createScreen(around.out, around.env);
          for (const why of all) for (const line of whyLines(why, why, around.now())) screen.say(line);
        }
        setCode(all.some(({ blocks }) => blocks.length > 0) ? EXIT.failure : EXIT.ok);
      });
    });
}
