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

/** Configuration files of this size need none; ten leave room for style and none for a bomb. */
const MOST_ALIASES = 10;

const TRUE_WORDS = new Set(["yes", "Yes", "YES", "on", "On", "ON"]);
const FALSE_WORDS = new Set(["no", "No", "NO", "off", "Off", "OFF"]);
const QUOTE_IT = 'a pattern that begins with *, !, [ or ? needs quotes: "*"';

/** An integer of YAML 1.1: `010` is eight, `1_000` a thousand, `0o10` no number at all. */
function integerOf11(source: string): number | undefined {
  const digits = source.replaceAll("_", "");
  if (/^[-+]?0[0-7]+$/.test(digits)) {
    const magnitude = Number.parseInt(digits.replace(/^[-+]/, ""), 8);
    return digits.startsWith("-") ? -magnitude : magnitude;
  }
  return /^[-+]?\d/.test(source) && /^[-+]?(0|[1-9]\d*)$/.test(digits) ? Number(digits) : undefined;
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

export class ValueReader {
  readonly faults: ValueFault[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #values = new Map<Node, unknown>();
  readonly #open = new Set<Node>();
  #aliases = 0;

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
      this.#values.set(node, value);
      return value;
    }
    if (!isMap(node) && !isSeq(node)) return null;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    this.#open.add(node);
    const value = isSeq(node)
      ? node.items.map((item, index) => this.#read(item, [...path, index]))
      : this.#readMap(node, path);
    this.#open.delete(node);
    this.#values.set(node, value);
    return value;
  }

  #readAlias(name: string, node: Node, path: FilePath): unknown {
    this.#aliases += 1;
    if (this.#aliases === MOST_ALIASES + 1) {
      return this.#fault(node, path, `more than ${MOST_ALIASES} aliases`, "write the values out");
    }
    if (this.#aliases > MOST_ALIASES) return undefined;
    const meant = this.#anchors.get(name);
    if (meant === undefined) return this.#fault(node, path, "found undefined alias", QUOTE_IT);
    if (this.#open.has(meant))
      return this.#fault(node, path, "an alias stands inside what it stands for", "write the values out");
    return this.#values.get(meant);
  }

  #readMap(map: YAMLMap, path: FilePath): Readonly<Record<string, unknown>> {
    const entries: Record<string, unknown> = { __proto__: null };
    const seen = new Set<string>();
    for (const pair of map.items) {
      const key = this.#readKey(pair, map, path);
      if (key === undefined) continue;
      if (seen.has(key)) {
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
    return entries;
  }

  #readKey(pair: Pair, map: YAMLMap, path: FilePath): string | undefined {
    if (!isScalar(pair.key)) return this.#fault(map, path, "found unhashable key", "use a plain word as key");
    if (pair.key.value === "<<" && pair.key.type === "PLAIN") {
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
