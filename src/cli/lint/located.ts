/** Objects of YAML files, with the line of each of their fields. */
import { readFile, stat } from "node:fs/promises";
import { isNode, LineCounter, parseAllDocuments } from "yaml";
import { isKubeObject, isRecord, type KubeObject } from "../../kube/object.ts";
import { messageOf, UsageError } from "../failures.ts";
import { AS_KUBECTL, valueOf, yamlFilesOf } from "../objects/manifests.ts";
import type { Problem } from "./problem.ts";

export type FieldPath = readonly (string | number)[];

export interface Located {
  readonly file: string;
  readonly object: KubeObject;
  /** Of the nearest part that is there. */
  lineOf(path: FieldPath): number | undefined;
}

export interface LocatedFiles {
  readonly objects: readonly Located[];
  readonly problems: readonly Problem[];
}

/** @throws UsageError for what cannot be read at all. */
export async function readLocated(paths: readonly string[]): Promise<LocatedFiles> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const read = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, "utf8").catch((error: unknown) => {
        throw new UsageError(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
      });
      return locate(file, text);
    }),
  );
  return { objects: read.flatMap((each) => each.objects), problems: read.flatMap((each) => each.problems) };
}

async function filesOf(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw new UsageError(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  return found.isDirectory() ? yamlFilesOf(path) : [path];
}

export function locate(file: string, text: string): LocatedFiles {
  const lines = new LineCounter();
  const objects: Located[] = [];
  const problems: Problem[] = [];
  for (const document of parseAllDocuments(text, { ...AS_KUBECTL, lineCounter: lines })) {
    for (const error of document.errors) {
      const { line } = lines.linePos(error.pos[0]);
      const [message = ""] = error.message.split("\n");
      problems.push({ file, line, object: "YAML", severity: "Error", message: message.replace(/ at line .*/, "") });
    }
    if (document.errors.length > 0) continue;
    const lineAt = (path: FieldPath): number | undefined => {
      const node = path.length === 0 ? document.contents : document.getIn(path, true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
      return path.length === 0 ? undefined : lineAt(path.slice(0, -1));
    };
    const read = valueOf(document);
    if ("problem" in read) {
      problems.push({ file, object: "YAML", severity: "Error", message: read.problem });
      continue;
    }
    for (const [value, place] of listed(read.value, [])) {
      const lineOf = (path: FieldPath): number | undefined => lineAt([...place, ...path]);
      if (isKubeObject(value)) objects.push({ file, object: value, lineOf });
      else problems.push({ file, ...optional(lineOf([])), object: "YAML", severity: "Error", message: NO_OBJECT });
    }
  }
  return { objects, problems };
}

const NO_OBJECT = "this is no object of Kubernetes: it has no metadata.name";

export const optional = (line: number | undefined): { readonly line?: number } => (line === undefined ? {} : { line });

/** Each object of a document with its place in it: a List holds several. */
function listed(value: unknown, place: FieldPath): readonly (readonly [unknown, FieldPath])[] {
  if (value === null || value === undefined) return [];
  if (isRecord(value) && Array.isArray(value["items"]) && String(value["kind"]).endsWith("List")) {
    return value["items"].flatMap((item: unknown, index) => listed(item, [...place, "items", index]));
  }
  return [[value, place]];
}
