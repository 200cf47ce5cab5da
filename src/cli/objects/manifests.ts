/** Objects from YAML files, as an API server would store them: with an identity, and Secrets in base64. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, parseAllDocuments, type Tags } from "yaml";
import { KIND } from "../../api/v1alpha1/names.ts";
import { isKubeObject, isRecord, type KubeObject, type StoredObject } from "../../kube/object.ts";
import { UsageError } from "../failures.ts";

/** YAML 1.1 as kubectl reads it: a time is a text, in quotes or not, and 12:30 is no number in base 60. */
export const AS_KUBECTL = {
  version: "1.1",
  customTags: (tags: Tags): Tags =>
    tags.filter((tag) => typeof tag === "string" || !(tag.tag.endsWith(":timestamp") || tag.format === "TIME")),
} as const;

/** Every object of a file, those in Lists too. */
export async function readFileObjects(path: string): Promise<readonly KubeObject[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const isFolder = error instanceof Error && "code" in error && error.code === "EISDIR";
    const why = isFolder ? "is a folder: name a file in it" : `cannot be read: ${messageOf(error)}`;
    throw new UsageError(`${path} ${why}`, { cause: error });
  });
  return parseObjects(path, text);
}

export function parseObjects(path: string, text: string): readonly KubeObject[] {
  return parseAllDocuments(text, AS_KUBECTL).flatMap((document) => {
    const [error] = document.errors;
    const read = error === undefined ? valueOf(document) : { problem: firstLineOf(error) };
    if ("problem" in read) throw new UsageError(`${path} is no YAML: ${read.problem}`);
    return read.value === null ? [] : listed(path, read.value);
  });
}

/** What and where; the lines of the file that the parser shows below it may be a Secret's, and logs of pipelines are read by many. */
const firstLineOf = ({ message }: Error): string => message.split("\n")[0]?.replace(/:$/, "") ?? "";

/** That an alias has no anchor, or stands for too much, is told only where the value is made. */
export function valueOf(document: Pick<Document, "toJS">): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: document.toJS() };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function listed(path: string, value: unknown): readonly KubeObject[] {
  if (isRecord(value) && Array.isArray(value["items"]) && String(value["kind"]).endsWith("List")) {
    return value["items"].flatMap((item) => listed(path, item));
  }
  if (isKubeObject(value)) return [value];
  throw new UsageError(`${path} holds a document that is no object of Kubernetes: it has no metadata.name`);
}

/** Every object of the YAML files of a folder, in the order of the files' names. */
export async function readFolder(folder: string): Promise<readonly KubeObject[]> {
  const files = await yamlFilesOf(folder);
  const objects = await Promise.all(files.map(readFileObjects));
  return objects.flat();
}

/** Paths of the YAML files of a folder, in the order of their names. */
export async function yamlFilesOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new UsageError(`${folder} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .toSorted()
    .map((file) => join(folder, file));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What the API server adds to an object that is created in the namespace. What the object says itself stays. */
export function stored(object: KubeObject, namespace: string): StoredObject {
  const { kind = "", metadata } = withoutNulls(object);
  const { uid = `${kind}/${namespace}/${metadata.name}`, resourceVersion = "1", generation = 1 } = metadata;
  return { ...withData(withoutNulls(object)), metadata: { ...metadata, namespace, uid, resourceVersion, generation } };
}

/** What programs write where there is nothing, as `creationTimestamp: null`, is to the API server as if it were not there. */
function withoutNulls(object: KubeObject): KubeObject {
  // A definition decides for each of its own fields.
  if (object.kind === KIND) return { ...object, metadata: pruned(object.metadata) };
  return pruned(object);
}

function pruned<T>(value: T): T;
function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => pruned(item));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => (field === null ? [] : [[key, pruned(field)]])),
  );
}

/** `stringData` becomes `data`, as it does when a Secret is stored. */
function withData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  if (object.kind !== "Secret" || !isRecord(stringData)) return object;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString("base64"),
  ]);
  const data = isRecord(object["data"]) ? object["data"] : {};
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
}
