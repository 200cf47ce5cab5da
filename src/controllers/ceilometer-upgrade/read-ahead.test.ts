import { expect, test } from "vitest";
import { aConfigObject, anObservation, anUpgrade, NEW_IMAGE } from "../../../test/support/builders.ts";
import { largestLook } from "../../../test/support/largest-look.ts";
import { areCompared, areGivenRead } from "../../model/compared-definitions.ts";
import type { Observation } from "../../model/observation.ts";
import { isOsloRemembered } from "../../model/oslo-config.ts";
import { isYamlRemembered } from "../../model/yaml-file.ts";
import { readAhead } from "./read-ahead.ts";

const textsOf = ({ files }: Observation) =>
  [...files.values()].flatMap((seen) => (seen.seen === "present" ? [...seen.value.data] : []));

/** The first file of each key is the one that the resource gives. */
const isRemembered = ([key, text = ""]: File, _: number, all: readonly File[]): boolean => {
  if (key.endsWith(".conf")) return isOsloRemembered(text);
  if (!key.startsWith("meters")) return isYamlRemembered(text);
  const given = all.find(([other]) => other === key)?.[1] ?? "";
  return given === text ? areGivenRead(text, key) : areCompared(text, given, key);
};
type File = readonly [key: string, text: string | undefined];

test("each file is read in a turn of its own, and once", async () => {
  const seen = largestLook(1);
  const texts = textsOf(seen);
  const readInTurn: number[] = [];
  let known = texts.filter(isRemembered).length;
  expect(known).toBe(0);
  const turn = () => {
    const now = texts.filter(isRemembered).length;
    readInTurn.push(now - known);
    known = now;
    return Promise.resolve();
  };
  expect(await readAhead(seen, turn)).toBe(true);
  expect(known).toBe(texts.length);
  expect(Math.max(...readInTurn)).toBe(1);
  // A second look waits for nothing.
  expect(await readAhead(seen, () => Promise.reject(new Error("it waits")))).toBe(false);
}, 60_000);

test("what is short, or cannot be read, holds nothing up", async () => {
  const upgrade = anUpgrade({ target: { release: "ocata", image: NEW_IMAGE } });
  const short = aConfigObject("ConfigMap", "short", { "pipeline.yaml": "sources: [] # short" });
  const seen = anObservation({ upgrade, files: [short], absentFiles: ["ConfigMap/gone"] });
  expect(await readAhead(seen, () => Promise.reject(new Error("it waits")))).toBe(false);
});
