/**
 * Reads the files that a look has found before the decision asks for them, one in each turn of the event loop: a resource may name
 * many large ones, and leases are renewed and other resources looked at in between.
 */
import { setImmediate } from "node:timers/promises";
import { areDefinitionsRemembered, parseDefinitions } from "../../model/definitions.ts";
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
function readingOf(key: string, text: string, isDefinitions: boolean): Reading {
  if (key.endsWith(".conf")) {
    return { isRemembered: isOsloRemembered(text), read: () => parseOsloConfig([{ name: key, text }]) };
  }
  if (isDefinitions) {
    return { isRemembered: areDefinitionsRemembered(text, key), read: () => parseDefinitions(text, key) };
  }
  return { isRemembered: isYamlRemembered(text), read: () => parseYamlFile(text) };
}

/** Whether anything had to be read, so that time has passed since the look. */
export async function readAhead(
  { upgrade, files }: Pick<Observation, "upgrade" | "files">,
  turn: () => Promise<unknown> = setImmediate,
): Promise<boolean> {
  const definitions = new Set((upgrade.spec.target.config?.definitions ?? []).map(({ key }) => key));
  const present = [...files.values()].flatMap((seen) => (seen.seen === "present" ? [seen.value] : []));
  let isRead = false;
  for (const [key, text] of present.flatMap(textsOf)) {
    if (text.length < LONG) continue;
    const { isRemembered, read } = readingOf(key, text, definitions.has(key));
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
