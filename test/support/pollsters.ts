/**
 * Which pollsters each release has, from the entry points in Ceilometer's setup.cfg at the tag of each release. The data lists
 * each name once, with the major versions that have it: "8-23" from Ocata to 2024.2, "24-" from 2025.1 on. `snmp` holds what
 * the central agent's builder `hardware.snmp` makes.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";

const livesSchema = z.record(z.string(), z.record(z.string(), z.string()));
const lives = livesSchema.parse(JSON.parse(readFileSync(new URL("pollster-lives.json", import.meta.url), "utf8")));
const known = new Map<string, readonly string[]>();

export function pollstersOf(namespace: string, major: number): readonly string[] {
  const key = `${namespace} ${major}`;
  const found =
    known.get(key) ??
    (namespace === "central" ? ["central", "snmp"] : [namespace]).flatMap((group) =>
      Object.entries(lives[group] ?? {}).flatMap(([name, life]) => (isWithin(life, major) ? [name] : [])),
    );
  known.set(key, found);
  return found;
}

function isWithin(life: string, major: number): boolean {
  const [first = "", last] = life.split("-");
  const end = last === undefined ? Number(first) : last === "" ? Number.POSITIVE_INFINITY : Number(last);
  return Number(first) <= major && major <= end;
}
