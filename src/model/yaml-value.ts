/**
 * From the nodes of a YAML document to plain values, as PyYAML's safe loader would make them (it reads YAML 1.1), in one
 * walk: own check of duplicate keys (the library's takes quadratic time), aliases shared and never copied, mappings without a
 * prototype.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";
import type { FilePath } from "./file-problem.ts";

export interface ValueFault {
  readonly path: FilePath;
  /** Offset in the text, in UTF-16 units. */
  readonly offset: number;
  readonly rule: string;
  readonly remedy: string;
}

export interface YamlStyle {
  readonly mostAliases: number;
  /** `<<` takes over the keys of another mapping, as PyYAML does it. */
  readonly mergeKeys: boolean;
  /** A key that is written twice counts as PyYAML counts it, the last. */
  readonly lastKeyWins: boolean;
}

/** Pipeline and polling files need no aliases; ten leave room for style and none for a bomb. */
export const PLAIN: YamlStyle = { mostAliases: 10, mergeKeys: false, lastKeyWins: false };
/**
 * Files of definitions: the event_definitions.yaml that Ceilometer ships has some 30 aliases, nearly all of them in merge
 * keys, and to Pike a key or two that is written twice.
 */
export const DEFINITIONS: YamlStyle = { mostAliases: 256, mergeKeys: true, lastKeyWins: true };

/** In characters, with every alias written out: what walks the values later takes no longer than for a file of this size. */
const MOST_WRITTEN_OUT = 512 * 1024;

const TRUE_WORDS = new Set(["yes", "Yes", "YES", "on", "On", "ON"]);
const FALSE_WORDS = new Set(["no", "No", "NO", "off", "Off", "OFF"]);
const QUOTE_IT = 'a pattern that begins with *, !, [ or ? needs quotes: "*"';

/** An integer of YAML 1.1: `010` is eight, `1_000` a thousand, `10:00` six hundred, `0o10` no number at all. */
function integerOf11(source: string): number | undefined {
  if (!/^[-+]?\d/.test(source)) return undefined;
  const digits = source.replaceAll("_", "");
  const sign = digits.startsWith("-") ? -1 : 1;
  const unsigned = digits.replace(/^[-+]/, "");
  if (/^0[0-7]+$/.test(unsigned)) return sign * Number.parseInt(unsigned, 8);
  if (!/^(0|[1-9]\d*(:[0-5]?\d)*)$/.test(unsigned)) return undefined;
  return sign * unsigned.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** The value of a scalar under YAML 1.1 where it differs from the library's YAML 1.2. */
function scalarValue(node: Scalar): unknown {
  const { source } = node;
  if (node.type !== "PLAIN" || source === undefined || node.tag !== undefined) return node.value;
  if (TRUE_WORDS.has(source)) return true;
  if (FALSE_WORDS.has(source)) return false;
  const integer = integerOf11(source);
  if (integer !== undefined) return integer;
  // YAML 1.1 wants a point in a float, knows no 0o, and 08 is no octal number: all three are text.
  if (typeof node.value === "number" && /^[-+]?(\d+[eE]|0o|0\d+$)/.test(source)) return source;
  return node.value;
}

const offsetOf = (node: Node): number => node.range?.[0] ?? 0;

type PlainMapping = Readonly<Record<string, unknown>>;
const isPlainMapping = (value: unknown): value is PlainMapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a merge key takes over, the strongest last: of a list, PyYAML lets the first win. Undefined: nothing to merge. */
function mergeSources(value: unknown): readonly PlainMapping[] | undefined {
  if (isPlainMapping(value)) return [value];
  if (!Array.isArray(value)) return undefined;
  const sources = value.filter(isPlainMapping);
  return sources.length === value.length ? sources.toReversed() : undefined;
}

const isMergeKey = (key: unknown): boolean => isScalar(key) && key.value === "<<" && key.type === "PLAIN";

export class ValueReader {
  readonly faults: ValueFault[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #values = new Map<Node, unknown>();
  readonly #sizes = new Map<Node, number>();
  readonly #open = new Set<Node>();
  readonly #style: YamlStyle;
  #aliases = 0;
  /** Characters read so far, aliases written out. */
  #size = 0;

  constructor(style: YamlStyle) {
    this.#style = style;
  }

  read(document: Document.Parsed): unknown {
    return this.#read(document.contents, []);
  }

  /** The node that an alias at this point of the document stands for; undefined before {@link read}. */
  aliased(name: string): Node | undefined {
    return this.#anchors.get(name);
  }

  #fault(node: Node, path: FilePath, rule: string, remedy: string): undefined {
    this.faults.push({ path, offset: offsetOf(node), rule, remedy });
    return undefined;
  }

  #read(node: unknown, path: FilePath): unknown {
    if (isAlias(node)) return this.#readAlias(node.source, node, path);
    if (isScalar(node)) {
      if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
      const value = scalarValue(node);
      const size = 1 + (node.source?.length ?? 0);
      this.#size += size;
      this.#sizes.set(node, size);
      this.#values.set(node, value);
      return value;
    }
    if (!isMap(node) && !isSeq(node)) return null;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    this.#open.add(node);
    const before = this.#size;
    const value = isSeq(node)
      ? node.items.map((item, index) => this.#read(item, [...path, index]))
      : this.#readMap(node, path);
    this.#open.delete(node);
    this.#sizes.set(node, this.#size - before);
    this.#values.set(node, value);
    return value;
  }

  #readAlias(name: string, node: Node, path: FilePath): unknown {
    const { mostAliases } = this.#style;
    this.#aliases += 1;
    if (this.#aliases === mostAliases + 1) {
      return this.#fault(node, path, `more than ${mostAliases} aliases`, "write the values out");
    }
    if (this.#aliases > mostAliases) return undefined;
    const meant = this.#anchors.get(name);
    if (meant === undefined) return this.#fault(node, path, "found undefined alias", QUOTE_IT);
    if (this.#open.has(meant))
      return this.#fault(node, path, "an alias stands inside what it stands for", "write the values out");
    const fitted = this.#size <= MOST_WRITTEN_OUT;
    this.#size += this.#sizes.get(meant) ?? 0;
    if (this.#size <= MOST_WRITTEN_OUT) return this.#values.get(meant);
    const rule = `with its aliases written out, larger than ${MOST_WRITTEN_OUT / 1024} KiB`;
    return fitted ? this.#fault(node, path, rule, "use fewer aliases") : undefined;
  }

  #readMap(map: YAMLMap, path: FilePath): Readonly<Record<string, unknown>> {
    const entries: Record<string, unknown> = { __proto__: null };
    const merged: PlainMapping[] = [];
    const seen = new Set<string>();
    for (const pair of map.items) {
      if (isMergeKey(pair.key) && this.#style.mergeKeys) {
        merged.push(...this.#readMerge(pair, map, path));
        continue;
      }
      const key = this.#readKey(pair, map, path);
      if (key === undefined) continue;
      if (seen.has(key) && !this.#style.lastKeyWins) {
        const where = isScalar(pair.key) ? pair.key : map;
        this.#fault(
          where,
          [...path, key],
          "the key is written twice",
          "keep one: Ceilometer takes the last and drops the others",
        );
      }
      seen.add(key);
      entries[key] = this.#read(pair.value, [...path, key]);
    }
    if (merged.length === 0) return entries;
    const all: Record<string, unknown> = { __proto__: null };
    // The mapping's own keys win, wherever the merge key stands.
    for (const source of [...merged, entries]) Object.assign(all, source);
    return all;
  }

  #readMerge(pair: Pair, map: YAMLMap, path: FilePath): readonly PlainMapping[] {
    const knownFaults = this.faults.length;
    const sources = mergeSources(this.#read(pair.value, [...path, "<<"]));
    if (sources === undefined && this.faults.length === knownFaults) {
      const where = isScalar(pair.key) ? pair.key : map;
      this.#fault(where, path, "expected a mapping or list of mappings for merging", "merge mappings by their aliases");
    }
    return sources ?? [];
  }

  #readKey(pair: Pair, map: YAMLMap, path: FilePath): string | undefined {
    if (!isScalar(pair.key)) return this.#fault(map, path, "found unhashable key", "use a plain word as key");
    if (isMergeKey(pair.key)) {
      return this.#fault(pair.key, path, "a merge key (<<) is not read here", "write the keys out");
    }
    return String(this.#read(pair.key, path));
  }
}

/** The last pair with this key, as the last one counts. */
const pairOf = (map: YAMLMap, key: string | number): Pair | undefined =>
  map.items.findLast((pair) => isScalar(pair.key) && String(scalarValue(pair.key)) === String(key));

/** Where a path leads in the text; where it leads nowhere, the nearest place on the way. */
export function offsetOfPath(document: Document.Parsed, reader: ValueReader, path: FilePath): number | undefined {
  let node: unknown = document.contents;
  let offset = document.contents === null ? undefined : offsetOf(document.contents);
  for (const step of path) {
    const inside: unknown = isAlias(node) ? reader.aliased(node.source) : node;
    if (isMap(inside)) {
      const pair = pairOf(inside, step);
      if (pair === undefined) return offset;
      if (isScalar(pair.key)) offset = offsetOf(pair.key);
      node = pair.value;
    } else if (isSeq(inside)) {
      const item: unknown = inside.items[Number(step)];
      if (!isScalar(item) && !isMap(item) && !isSeq(item) && !isAlias(item)) return offset;
      offset = offsetOf(item);
      node = item;
    } else {
      return offset;
    }
  }
  return offset;
}
