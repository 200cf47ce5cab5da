/**
 * Prometheus' own promtool: the one on the path, else Debian's, unpacked once into .cache/ without being installed. Where there is
 * neither, the reason is the answer.
 */
import { execFile } from "node:child_process";
import { access, mkdir, readdir, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const cache = resolve(import.meta.dirname, "../../.cache/promtool");
const unpacked = resolve(cache, "usr/bin/promtool");
/** Milliseconds for a package of 19 MB. */
const PATIENCE = 120_000;

export type Promtool = { readonly path: string } | { readonly why: string };

export async function findPromtool(): Promise<Promtool> {
  for (const path of ["promtool", unpacked]) if (await works(path)) return { path };
  try {
    await unpack();
  } catch (error) {
    return { why: `no promtool on the path, and Debian's cannot be had: ${told(error)}` };
  }
  return (await works(unpacked)) ? { path: unpacked } : { why: "Debian's promtool does not run here" };
}

const works = (path: string): Promise<boolean> =>
  run(path, ["--version"]).then(
    () => true,
    () => false,
  );

async function unpack(): Promise<void> {
  await access("/usr/bin/apt-get");
  await mkdir(cache, { recursive: true });
  const options = { cwd: cache, timeout: PATIENCE };
  const download = (): Promise<unknown> => run("apt-get", ["download", "prometheus"], options);
  await download().catch(async (error: unknown) => {
    // A fresh container has no lists of packages, and only root may fetch them.
    if (process.getuid?.() !== 0) throw error;
    await run("apt-get", ["update"], options);
    await download();
  });
  const archive = (await readdir(cache)).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error("apt-get has downloaded nothing");
  await run("dpkg-deb", ["-x", archive, "."], options);
  await rm(resolve(cache, archive));
}

function told(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split("\n").at(-1) ?? "";
}

/** @throws with what promtool says when it finds something wrong. */
export async function promtool(path: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(path, [...args]);
    return stdout + stderr;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error && "stdout" in error ? [error.stdout, error.stderr] : [];
    throw new Error(`promtool ${args.slice(0, 2).join(" ")}: ${said.join("\n")}`, { cause: error });
  }
}
