/** `lint`: what can be said of a resource and its configuration without a cluster. */
import { Option } from "@commander-js/extra-typings";
import { EXIT, UsageError } from "../failures.ts";
import { flagsText, IMAGE_ALLOWED, POD_LOGS, PROVIDER, SECRET, settingsOf } from "../operator-settings.ts";
import { printJson, printYaml } from "../print.ts";
import type { Root, SetCode } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";
import { createScreen } from "../terminal/screen.ts";
import { type Line, piece } from "../terminal/text.ts";
import { type Linted, lint } from "./lint.ts";
import { readLocated } from "./located.ts";
import { isUpgrade } from "./resource.ts";

export function addLint(root: Root, around: Surroundings, setCode: SetCode): void {
  root
    .command("lint")
    .description(
      "Check resources and their configuration files without a cluster, as the API server and the operator would",
    )
    .argument("<files...>", "YAML files, or folders of them")
    .addOption(
      new Option("-o, --output <format>", "default: a line for each problem").choices(["json", "yaml"] as const),
    )
    .addOption(SECRET)
    .addOption(IMAGE_ALLOWED)
    .addOption(PROVIDER)
    .addOption(POD_LOGS)
    .addHelpText(
      "after",
      `
Checked are the fields, the rules that the API server evaluates, names inside the resource that lead nowhere, and the
configuration files that the resource names, where they are among the files. With its workloads among the files, every check
before the first write is made, too.

Exit codes: 0 without an error, 1 with one, 2 where nothing could be read.`,
    )
    .action(async (files, options, command) => {
      const { output } = options;
      const { namespace } = command.optsWithGlobals();
      const read = await readLocated(files);
      if (read.problems.length === 0 && !read.objects.some(({ object }) => isUpgrade(object))) {
        throw new UsageError(`no CeilometerUpgrade is in ${files.join(", ")}`);
      }
      const linted = lint(read, { namespace, settings: settingsOf(options) }, around.now());
      if (output === "json") printJson(around.out, linted);
      else if (output === "yaml") printYaml(around.out, linted);
      else tell(linted, around);
      setCode(linted.problems.some(({ severity }) => severity === "Error") ? EXIT.failure : EXIT.ok);
    });
}

function tell({ problems, checked }: Linted, around: Surroundings): void {
  const screen = createScreen(around.out, around.env);
  for (const { file, line, object, field, severity, message, remedy } of problems) {
    const where = line === undefined ? file : `${file}:${line}`;
    const head: Line = [
      piece(`${where}: `),
      piece(severity === "Error" ? "error" : "warning", severity === "Error" ? "bad" : "busy"),
      piece(`: ${object}${field === undefined ? "" : ` ${field}`}: ${message}`),
    ];
    screen.say(head);
    if (remedy !== undefined) screen.say(`  ${remedy}`);
  }
  const flags = flagsText(problems.map(({ remedy }) => remedy));
  if (flags !== undefined) screen.say([piece(flags, "quiet")]);
  for (const line of checked) screen.say([piece(`checked ${line}`, "quiet")]);
}
