import { Option } from "@commander-js/extra-typings";
import { API_VERSION } from "../../api/v1alpha1/names.ts";
import { VERSION } from "../../version.ts";
import { printJson, printYaml } from "../print.ts";
import type { Root } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";

export function addVersion(root: Root, { out }: Surroundings): void {
  root
    .command("version")
    .description("Show the version of the plugin and of the API that it speaks; no cluster is asked")
    .addOption(new Option("-o, --output <format>", "default: a line for each").choices(["json", "yaml"] as const))
    .action(({ output }) => {
      const said = { plugin: VERSION, api: API_VERSION };
      if (output === "json") printJson(out, said);
      else if (output === "yaml") printYaml(out, said);
      else out.write(`plugin ${said.plugin}\napi    ${said.api}\n`);
    });
}
