/**
 * Pollsters of people's own images, which no catalogue can know: a file that names them, with the releases that have them.
 *
 *     pollsters:
 *       - {name: my.pollster, namespace: central, since: 2025.1}
 */
import { z } from "zod";
import { FileProblems, type ParsedFile } from "../file-problem.ts";
import { shownName } from "../shown-name.ts";
import { parseYamlFile } from "../yaml-file.ts";
import { isEmptySpan, namespaceSchema, pollsterNameSchema, type ReleaseSpan, releaseNameSchema } from "./schema.ts";

/** A pollster that an image has beside the catalogue's, or has in other releases than the catalogue says. */
export interface CatalogueOverride extends ReleaseSpan {
  readonly name: string;
  readonly namespace: string;
}

/** Without quotes 2025.1 is a number in YAML. */
const releaseSchema = z.preprocess((value) => (typeof value === "number" ? String(value) : value), releaseNameSchema);

const overridesSchema = z.strictObject({
  pollsters: z.array(
    z.strictObject({
      name: pollsterNameSchema,
      namespace: namespaceSchema,
      since: releaseSchema.exactOptional(),
      removed: releaseSchema.exactOptional(),
    }),
  ),
});

type Rule = readonly [rule: string, remedy: string];
const RELEASE: Rule = ["the release is not known", "write a name such as pike or 2025.1"];
/** By key. A missing one is told like a wrong one. */
const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["", ["the file is no mapping", 'begin the file with "pollsters:" and a list below it']],
  ["pollsters", ["pollsters should be a list", 'begin the file with "pollsters:" and a list below it']],
  ["entry", ["the entry is no mapping", 'write it as a mapping: "- {name: my.pollster, namespace: central}"']],
  ["name", ["the name is missing, or no name of a pollster", "write the entry point's name, without blanks"]],
  ["namespace", ["the namespace is missing, or no name of one", "write central, compute, ipmi or your own"]],
  ["since", RELEASE],
  ["removed", RELEASE],
]);

function tellIssue({ path, ...issue }: z.core.$ZodIssue, problems: FileProblems): void {
  const where = path.filter((step) => typeof step !== "symbol");
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) {
      const known = where.length === 0 ? "pollsters" : "name, namespace, since and removed";
      problems.error([...where, key], `there is no ${shownName(key)} here`, `remove it; known are ${known}`);
    }
    return;
  }
  const last = where.at(-1) ?? "";
  const [rule, remedy] = RULES.get(typeof last === "number" ? "entry" : last) ?? [issue.message, "correct the value"];
  problems.error(where, rule, remedy);
}

export function parseCatalogueOverrides(text: string): ParsedFile<readonly CatalogueOverride[]> {
  const yaml = parseYamlFile(text);
  if (yaml.kind === "broken") return yaml;
  const problems = new FileProblems(yaml.lineOf);
  const read = overridesSchema.safeParse(yaml.value);
  if (!read.success) {
    for (const issue of read.error.issues) tellIssue(issue, problems);
    return problems.outcome([]);
  }
  const { pollsters } = read.data;
  for (const [index, entry] of pollsters.entries()) {
    if (!isEmptySpan(entry)) continue;
    const rule = `no release has ${shownName(entry.name)}: it is removed before it comes`;
    problems.error(["pollsters", index], rule, "write as removed the first release without it, after since");
  }
  return problems.outcome(pollsters);
}
