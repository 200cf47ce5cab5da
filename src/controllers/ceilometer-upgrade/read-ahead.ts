/**
 * Reads the files that a look has found before the decision asks for them, one in each turn of the event loop: a resource may name
 * many large ones, and leases are renewed and other resources looked at in between.
 */
import { setImmediate } from "node:timers/promises";
import { areCompared, areGivenRead, changesBetween, givenDefinitions } from "../../model/compared-definitions.ts";
import type { ConfigObject, Observation } from "../../model/observation.ts";
import { isOsloRemembered, parseOsloConfig } from "../../model/oslo-config.ts";
import { isYamlRemembered, parseYamlFile } from "../../model/yaml-file.ts";

/** In characters: what is shorter takes less than a millisecond, whatever it is. */
const LONG = 1024;

interface Reading {
  readonly isRemembered: boolean;
  readonly read: () => unknown;
}

/** As the decision will read it, as far as a key tells that; what is taken for something else is read then. */
function readingOf(key: string, text: string, given: string | undefined): Reading {
  if (key.endsWith(".conf")) {
    return { isRemembered: isOsloRemembered(text), read: () => parseOsloConfig([{ name: key, text }]) };
  }
  if (given === text) return { isRemembered: areGivenRead(text, key), read: () => givenDefinitions(text, key) };
  if (given !== undefined) {
    return { isRemembered: areCompared(text, given, key), read: () => changesBetween(text, given, key) };
  }
  return { isRemembered: isYamlRemembered(text), read: () => parseYamlFile(text) };
}

/** The definition files that the resource gives, by their keys: others of these keys are compared with them. */
function givenIn({ upgrade, files }: Pick<Observation, "upgrade" | "files">): ReadonlyMap<string, string> {
  const refs = upgrade.spec.target.config?.definitions ?? [];
  return new Map(
    refs.flatMap(({ kind, name, key }): [string, string][] => {
      const seen = files.get(`${kind}/${name}`);
      const text = seen?.seen === "present" ? seen.value.data.get(key) : undefined;
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

/** Whether anything had to be read, so that time has passed since the look. */
export async function readAhead(
  seen: Pick<Observation, "upgrade" | "files">,
  turn: () => Promise<unknown> = setImmediate,
): Promise<boolean> {
  const given = givenIn(seen);
  const present = [...seen.files.values()].flatMap((each) => (each.seen === "present" ? [each.value] : []));
  let isRead = false;
  for (const [key, text] of present.flatMap(textsOf)) {
    if (text.length < LONG) continue;
    const { isRemembered, read } = readingOf(key, text, given.get(key));
    if (isRemembered) continue;
    await turn();
    read();
    isRead = true;
  }
  if (isRead) await turn();
  return isRead;
}

const textsOf = ({ data }: ConfigObject): readonly (readonly [key: string, text: string])[] =>
  [...data].flatMap(([key, text]) => (text === undefined ? [] : [[key, text] as const]));
