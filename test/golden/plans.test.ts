/** The plan of every example, from its manifests alone. UPDATE_GOLDEN=1 rewrites them; a difference is a change of behaviour. */
import { existsSync, readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lookAt } from "../../src/cli/plan/sight.ts";
import { planText } from "../../src/cli/plan/text.ts";
import { timelineText } from "../../src/cli/plan/timeline.ts";
import { planOf } from "../../src/plan/plan.ts";

const NOW = Date.UTC(2026, 0, 1);
/** Those with a Ceilometer of their own: the others lie beside manifests of somebody else's. */
const examples = readdirSync("examples", { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() && existsSync(`examples/${entry.name}/ceilometer.yaml`) ? [entry.name] : [],
);

/** Hashes cover defaults of the schema too, so that they change where no step does. */
const withoutHashes = (text: string): string =>
  text.replaceAll(/\b[0-9a-f]{16}\b/g, "HASH").replaceAll(/-[0-9a-f]{8}\b/g, "-HASH");

test("there are examples", () => {
  expect(examples.length).toBeGreaterThan(2);
});

test.each(examples)("the plan of examples/%s", async (name) => {
  const folder = `examples/${name}`;
  const settings = { secrets: [], imagesAllowed: [], providers: ["rabbitmq"], podLogs: true };
  const wish = { name: undefined, file: `${folder}/upgrade.yaml`, manifests: folder, place: {}, settings };
  const seen = await lookAt(wish, { env: {} }, NOW);
  const plan = planOf(seen);
  expect(plan.end).toBe("Complete");
  const text = withoutHashes(`${planText(seen.upgrade, plan)}\n${timelineText(plan)}`);
  const file = join(import.meta.dirname, `plan-${name}.golden`);
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, text);
  expect(text).toBe(await readFile(file, "utf8").catch(() => ""));
});
