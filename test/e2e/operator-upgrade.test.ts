/** Another version of the operator over a finished upgrade: whatever it knows better by now, it leaves the agents alone. */
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { VERSION } from "../../src/version.ts";
import { modern } from "./fixtures/topology.ts";
import { inScene, type Scene } from "./scene.ts";
import { uniqueName } from "./shared-cluster.ts";
import type { UnpackedImage } from "./unpacked-image.ts";

const root = resolve(import.meta.dirname, "../..");
const NEXT = "99.0.0";

interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}
const itself: Edit = { file: "src/version.ts", from: `"${VERSION}"`, to: `"${NEXT}"` };
const otherRules: Edit = {
  file: "src/reconcilers/attempt-writes.ts",
  from: "RULES_VERSION = 1",
  to: "RULES_VERSION = 2",
};
const otherDigest: Edit = {
  file: "src/reconcilers/inputs.ts",
  from: "    uid,\n    strategy,",
  to: `    uid, since: "${NEXT}",\n    strategy,`,
};

/** The sources with these edits, which as an operator are another version of it. */
async function edited({ cluster }: Scene, edits: readonly Edit[]): Promise<UnpackedImage> {
  const folder = join(cluster.dir, uniqueName("version"));
  await mkdir(folder, { recursive: true });
  for (const name of ["src", "package.json"]) await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  for (const { file, from, to } of edits) {
    const text = await readFile(join(folder, file), "utf8");
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    await writeFile(join(folder, file), text.replace(from, to));
  }
  const env = { PATH: dirname(process.execPath) };
  return { root: folder, command: [process.execPath, join(folder, "src/main.ts")], env, labels: {} };
}

const workloads = ({ kubectl }: Scene): Promise<string> =>
  kubectl(
    "get",
    "deployments,daemonsets,pods",
    "--sort-by=.metadata.name",
    "-o",
    'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid} {.metadata.generation}{"\\n"}{end}',
  );

test.concurrent.each([
  { name: "with other rules", edits: [itself, otherRules] },
  { name: "that tells wishes apart otherwise", edits: [itself, otherDigest] },
])("a version $name writes nothing but its report", ({ edits }) =>
  inScene({ topology: modern() }, async (scene) => {
    await scene.apply();
    await scene.succeed();
    const before = { effects: scene.effects().length, agents: await workloads(scene) };

    const next = await scene.replace(await edited(scene, edits));
    await next.ready;
    // Its report is of a spec that only it has seen.
    await scene.edit({ progressDeadlineSeconds: 1801 });
    await scene.until({ type: "Succeeded", status: "True" });

    expect(scene.effects().slice(before.effects)).toEqual([]);
    expect(await workloads(scene)).toBe(before.agents);
    expect(next.log[0]?.["version"]).toBe(NEXT);
  }),
);
