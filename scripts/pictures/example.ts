/** An upgrade of examples/, seen as the operator would see it before its first write. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseObjects } from "../../src/cli/objects/manifests.ts";
import { taken } from "../../src/cli/objects/taken.ts";
import { planned } from "../../src/cli/plan/sight.ts";
import type { Observation } from "../../src/model/observation.ts";

const examples = resolve(import.meta.dirname, "../../examples");
const SETTINGS = { podLogs: true, secrets: ["ceilometer-etc"], imagesAllowed: [], providers: [] };
/** A picture is the same whenever it is drawn. */
const NOW = 0;

export function exampleAsSeen(folder: string, namespace: string): Observation {
  const objects = ["ceilometer.yaml", "upgrade.yaml"].flatMap((file) =>
    parseObjects(file, readFileSync(join(examples, folder, file), "utf8")),
  );
  return planned(taken(objects, namespace, "ceilometer"), SETTINGS, NOW);
}
