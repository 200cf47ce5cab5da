/**
 * JSON Patch (RFC 6902) as the API server applies it, on values that are never changed in place: what was there stays as it
 * was. A plan applies the writes that it foresees with it, and so does the model of the API server that tests use.
 */
import { canonicalJson } from "./digest.ts";
import type { KubePatchOperation } from "./patch.ts";

/** An operation that cannot be carried out: the API server answers 422 and changes nothing. */
export class PatchRefused extends Error {
  override readonly name = "PatchRefused";
}

export function applyPatch(document: unknown, operations: readonly KubePatchOperation[]): unknown {
  return operations.reduce(applyOne, document);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function applyOne(document: unknown, operation: KubePatchOperation): unknown {
  const path = operation.path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (operation.op !== "test") return changed(document, path, operation);
  const found = path.reduce(member, document);
  const holds = found !== undefined && canonicalJson(found) === canonicalJson(operation.value);
  if (!holds) throw new PatchRefused(`test of ${operation.path} failed`);
  return document;
}

function member(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  return isRecord(value) ? value[key] : undefined;
}

function changed(value: unknown, path: readonly string[], operation: KubePatchOperation): unknown {
  const [key = "", ...rest] = path;
  if (Array.isArray(value)) return changedList(value, key, rest, operation);
  if (!isRecord(value)) throw new PatchRefused(`${operation.path}: there is nothing at ${key}`);
  if (rest.length > 0) return { ...value, [key]: changed(value[key], rest, operation) };
  if (operation.op !== "add" && !Object.hasOwn(value, key)) throw new PatchRefused(`${operation.path} does not exist`);
  if (operation.op === "add" || operation.op === "replace") return { ...value, [key]: operation.value };
  const { [key]: _, ...kept } = value;
  return kept;
}

function changedList(list: readonly unknown[], key: string, rest: readonly string[], operation: KubePatchOperation) {
  const index = key === "-" ? list.length : Number(key);
  const last = operation.op === "add" && rest.length === 0 ? list.length : list.length - 1;
  if (index > last) throw new PatchRefused(`${operation.path}: there is no element ${key}`);
  if (rest.length > 0) return list.with(index, changed(list[index], rest, operation));
  if (operation.op === "remove") return list.toSpliced(index, 1);
  if (operation.op === "replace") return list.with(index, operation.value);
  return list.toSpliced(index, 0, operation.op === "add" ? operation.value : undefined);
}
