/**
 * The files of `pollsters.d` (Ussuri and later): pollsters that people define without code. Their names join those of the
 * release, in the namespaces that each definition says (create_dynamic_pollsters in ceilometer/polling/manager.py of 27.0.0).
 */
import { pollsterNameSchema } from "./catalogue/schema.ts";
import { type FilePath, FileProblems, type ParsedFile } from "./file-problem.ts";
import { isMapping } from "./file-source.ts";
import { shownName } from "./shown-name.ts";
import { parseYamlFile } from "./yaml-file.ts";

export interface DynamicPollster {
  readonly name: string;
  readonly namespaces: readonly string[];
}

const DEFAULT_NAMESPACES = ["central"];

/** A text means itself, a list its entries; anything else is in no namespace, so that nobody ever polls it. */
function readNamespaces(value: unknown, path: FilePath, problems: FileProblems): readonly string[] {
  if (value === undefined) return DEFAULT_NAMESPACES;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const namespaces = list.filter((each) => typeof each === "string");
  if (namespaces.length < list.length || namespaces.length === 0) {
    const rule = "namespaces names something that no agent serves";
    problems.warning([...path, "namespaces"], rule, "write a list of texts, such as [central], or leave the key out");
  }
  return namespaces;
}

function readPollster(value: unknown, index: number, problems: FileProblems): DynamicPollster | undefined {
  const path = [index];
  if (!isMapping(value)) {
    problems.error(path, "the entry is no mapping", 'write it as a mapping: "- name: …"');
    return undefined;
  }
  const { name } = value;
  if (name === undefined) {
    problems.error(path, "Required field name not specified", "give the pollster a name");
    return undefined;
  }
  const parsed = pollsterNameSchema.safeParse(name);
  if (!parsed.success) {
    const rule = "the name is no name of a pollster";
    problems.error([...path, "name"], rule, "write a text of letters, digits and dots that does not begin with !");
    return undefined;
  }
  return { name: parsed.data, namespaces: readNamespaces(value["namespaces"], path, problems) };
}

/** One file of the folder. What the agent would drop for a missing field is still named here: it says what people want. */
export function parseDynamicPollsters(text: string): ParsedFile<readonly DynamicPollster[]> {
  const yaml = parseYamlFile(text);
  if (yaml.kind === "broken") return yaml;
  const problems = new FileProblems(yaml.lineOf);
  if (!Array.isArray(yaml.value)) {
    problems.error([], "the file is no list of pollsters", 'begin each with "- name:", or remove the file');
    return problems.outcome([]);
  }
  const pollsters: DynamicPollster[] = [];
  const seen = new Set<string>();
  for (const [index, value] of yaml.value.entries()) {
    const pollster = readPollster(value, index, problems);
    if (pollster === undefined) continue;
    if (seen.has(pollster.name)) {
      const rule = `${shownName(pollster.name)} is defined twice; where both serve a namespace the first counts`;
      problems.warning([index, "name"], rule, "give each pollster a name of its own");
    }
    seen.add(pollster.name);
    pollsters.push(pollster);
  }
  return problems.outcome(pollsters);
}

/** The names that agents of a namespace have, sorted; of several files together. */
export function dynamicPollsterNames(pollsters: readonly DynamicPollster[], namespace: string): readonly string[] {
  const here = pollsters.filter(({ namespaces }) => namespaces.includes(namespace));
  return [...new Set(here.map(({ name }) => name))].toSorted();
}
