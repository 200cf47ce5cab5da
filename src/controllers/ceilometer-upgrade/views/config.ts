/** ConfigMaps and Secrets: those that the operator made, and those that a resource names. */
import { z } from "zod";
import { LABEL } from "../../../api/v1alpha1/names.ts";
import type { KubeObject } from "../../../kube/object.ts";
import { RECORD_KEY } from "../../../model/attempt.ts";
import { digestText } from "../../../model/digest.ts";
import type { Meta } from "../../../model/meta.ts";
import type { ConfigObject } from "../../../model/observation.ts";
import { metaOf } from "./meta.ts";

/** A ConfigMap that the operator made: an attempt record with its body, or a copy of a file, of which the name says all. */
export interface OwnConfigView {
  readonly metadata: Meta;
  readonly purpose: string;
  readonly immutable: boolean;
  /** Of what may be a record: immutable, and somebody's. */
  readonly body: string | undefined;
  /** Of a copy: the digest of each key's text, which is all that is asked of it. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Copies have one. The label alone makes a ConfigMap of anybody one that is looked at, and a megabyte holds eighty thousand. */
const MOST_KEYS = 128;

const configMap = z.looseObject({
  immutable: z.boolean().optional(),
  data: z.record(z.string(), z.string()).nullish(),
});
export function ownConfigView(object: KubeObject): OwnConfigView {
  const { immutable, data } = configMap.parse(object);
  const meta = metaOf(object, false);
  const purpose = meta.labels[LABEL.purpose] ?? "";
  const texts = isCopy(purpose) ? Object.entries(data ?? {}) : [];
  return {
    metadata: meta,
    purpose,
    digests: new Map(texts.length > MOST_KEYS ? [] : texts.map(([key, text]) => [key, digestText(text)])),
    immutable: immutable === true,
    // The label alone makes a megabyte of anybody's one that is held as long as it is there.
    body: purpose === "attempt" && immutable === true && meta.owner !== undefined ? data?.[RECORD_KEY] : undefined,
  };
}

export const isCopy = (purpose: string): boolean => purpose === "configuration" || purpose === "derived";

/** More than the parser takes is not kept either: the object is there, the text is not. */
const MAX_FILE_BYTES = 64 * 1024;

export function configView(kind: ConfigObject["kind"]): (object: KubeObject) => ConfigObject {
  return (object) => {
    const { immutable, data } = configMap.parse(object);
    const entries = Object.entries(data ?? {}).map(([key, value]): [string, string | undefined] => {
      const plain = kind === "Secret" ? Buffer.from(value, "base64").toString("utf8") : value;
      return [key, Buffer.byteLength(plain) > MAX_FILE_BYTES ? undefined : plain];
    });
    const { managers, ...metadata } = metaOf(object, true);
    const changedAt = Math.max(metadata.createdAt, ...managers.map(({ time }) => time ?? metadata.createdAt));
    return {
      kind,
      metadata: { ...metadata, managers: [] },
      immutable: immutable === true,
      changedAt,
      data: new Map(entries),
    };
  };
}
