/**
 * Writes the generated files, or with `--check` says which of them do not match their source and exits 1.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { artefacts, COMMAND, drift } from "./generate/artefacts.ts";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(resolve(root, path), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

const wanted = artefacts();
const drifted = await drift(wanted, read);
if (values.check) {
  for (const { path, why } of drifted) console.error(`${path}: ${why} from what its source says; run \`${COMMAND}\``);
  process.exitCode = drifted.length === 0 ? 0 : 1;
} else {
  const contents = new Map(wanted.map(({ path, content }) => [path, content]));
  for (const { path } of drifted) {
    const file = resolve(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, contents.get(path) ?? "");
    console.info(`wrote ${path}`);
  }
}
