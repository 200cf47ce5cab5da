/** Programs that are built out of a go.mod, once per content of it. */
import { createHash } from "node:crypto";
import { access, copyFile, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findGo } from "./go-toolchain.ts";
import { identityOf, isAlive, type ProcessIdentity, run } from "./process.ts";

/** Everything that is built or started lives here, ignored by git and safe to delete. */
export const cacheRoot = join(import.meta.dirname, "..", "..", ".cache");

export interface BuildOptions {
  readonly onProgress?: (line: string) => void;
}

export interface GoPrograms {
  /** Its folder in the cache, and what begins a line of progress. */
  readonly name: string;
  /** What is built and how long that takes, for people. */
  readonly about: string;
  /** The folder of go.mod. */
  readonly module: string;
  /** Go files beside it, where there are any. */
  readonly sources?: readonly string[];
  /** Packages by the name under which the program is installed. */
  readonly packages: Readonly<Record<string, string>>;
  /** Files of a module that are wanted beside the programs, each by its path in there. */
  readonly files?: { readonly module: string; readonly paths: readonly string[] };
  /** For the linker, of the text of go.mod. */
  readonly linkerFlags: (module: string) => string;
}

/**
 * The directory with the programs.
 *
 * @throws NoGoToolchain when nothing can build them; Error with the compiler's words when a build fails.
 */
export async function ensurePrograms(programs: GoPrograms, { onProgress }: BuildOptions = {}): Promise<string> {
  const say = onProgress ?? ((line: string) => void process.stderr.write(`${programs.name}: ${line}\n`));
  const root = join(cacheRoot, programs.name);
  const directory = join(root, await fingerprint(programs), "bin");
  if (await exists(directory)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  await using _lock = await onlyBuilder(join(root, "build.lock"), say);
  // A toolchain that has to be fetched is fetched once, whatever it builds.
  if (!(await exists(directory)))
    await build(programs, directory, await findGo(join(cacheRoot, "control-plane"), say), say);
  return directory;
}

async function build(programs: GoPrograms, directory: string, go: string, say: (line: string) => void): Promise<void> {
  const started = performance.now();
  const elapsed = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
  const unfinished = `${directory}.${process.pid}`;
  await removeUnfinished(directory);
  const flags = programs.linkerFlags(await readFile(join(programs.module, "go.mod"), "utf8"));
  const packages = Object.entries(programs.packages);
  say(programs.about);
  try {
    for (const [index, [program, source]] of packages.entries()) {
      say(`${program} (${index + 1} of ${packages.length}), ${elapsed()} so far`);
      const report = setInterval(() => say(`${program} still building, ${elapsed()} so far`), 30_000);
      const arguments_ = ["build", "-trimpath", "-ldflags", flags, "-o", join(unfinished, program), source];
      const built = await run(go, arguments_, {
        cwd: programs.module,
        env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
      }).finally(() => clearInterval(report));
      if (built.code !== 0) throw new Error(`building ${program} failed:\n${built.stderr.trim()}`);
    }
    await copyFiles(programs, go, unfinished);
    // Renamed as a whole, so that a directory that exists is a directory that is complete, whoever was first.
    await rename(unfinished, directory).catch(async (error: unknown) => {
      if (!(await exists(directory))) throw error;
    });
    say(`built ${packages.length} programs in ${elapsed()}`);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function copyFiles({ module, files }: GoPrograms, go: string, to: string): Promise<void> {
  if (files === undefined) return;
  const listed = await run(go, ["list", "-m", "-f", "{{.Dir}}", files.module], { cwd: module });
  if (listed.code !== 0) throw new Error(`where ${files.module} lies is not known: ${listed.stderr.trim()}`);
  for (const path of files.paths) await copyFile(join(listed.stdout.trim(), path), join(to, basename(path)));
}

/** What builds that were killed have left. Their owner held the lock that this process holds now, so none is at work. */
async function removeUnfinished(directory: string): Promise<void> {
  const left = (await readdir(dirname(directory))).filter((name) => name.startsWith(`${basename(directory)}.`));
  await Promise.all(left.map((name) => rm(join(dirname(directory), name), { recursive: true, force: true })));
}

async function fingerprint({ module, sources = [] }: GoPrograms): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", ...sources]) hash.update(await readFile(join(module, file)));
  return hash.digest("hex").slice(0, 16);
}

/** Holds the lock file until disposed; a lock whose owner died is taken over. */
async function onlyBuilder(lock: string, say: (line: string) => void): Promise<AsyncDisposable> {
  let announced = false;
  for (;;) {
    try {
      await using file = await open(lock, "wx");
      await file.writeFile(JSON.stringify(await identityOf(process.pid)));
      return { [Symbol.asyncDispose]: () => rm(lock, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const owner = await lockOwner(lock);
    if (owner !== undefined && !(await isAlive(owner))) {
      await rm(lock, { force: true });
      continue;
    }
    if (!announced) say("another process is building it; waiting for that");
    announced = true;
    await pause(500);
  }
}

/** Undefined while the other side is between creating the file and writing into it. */
async function lockOwner(lock: string): Promise<ProcessIdentity | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(lock, "utf8"));
    if (typeof content !== "object" || content === null || !("pid" in content) || !("born" in content))
      return undefined;
    return { pid: Number(content.pid), born: String(content.born) };
  } catch {
    return undefined;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
