/**
 * Ceilometer itself, as it is packaged: one virtual environment with what it imports, and each release beside it in a folder
 * of its own. Built once for each content of `requirements.txt` and each Python, and shared by all test runs.
 *
 * The releases do not get an environment each: both import the same libraries (Ceilometer bounds them from below only), and
 * those are what takes time and space.
 */
import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cacheRoot } from "../../tools/control-plane/binaries.ts";
import { isAlive, run } from "../../tools/control-plane/process.ts";

/** Releases that run on a Python of today, and the package of each: an old one and the next, which added pollsters. */
export const PACKAGES = { "2025.1": "24.0.0", "2025.2": "25.0.0" } as const;
export type AgentRelease = keyof typeof PACKAGES;
/** The same as releases, with the major version of the package. */
export const AGENT_RELEASES = [
  { name: "2025.1", major: 24 },
  { name: "2025.2", major: 25 },
] as const satisfies readonly { readonly name: AgentRelease; readonly major: number }[];

export interface Ceilometer {
  readonly python: string;
  /** Folder of a release's own modules, to stand in front of PYTHONPATH. */
  modules(release: AgentRelease): string;
  /** Path of a console script, which is given to `python`. */
  script(release: AgentRelease, name: string): string;
  /** Where Python keeps what it compiled. */
  readonly compiled: string;
}

/** Ceilometer cannot be run here; the message says what to do. */
export class NoCeilometer extends Error {
  override readonly name = "NoCeilometer";
}

const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");
const PYTHON = process.env["CEILOMETER_PYTHON"] ?? "python3";
/** What 2025.2 requires. */
const OLDEST_PYTHON = 10;
const REMEDY = `install Python 3.${OLDEST_PYTHON} or newer with venv and pip (Debian: apt-get install python3-venv), or name one in CEILOMETER_PYTHON`;

const toStderr = (line: string): void => {
  process.stderr.write(`ceilometer: ${line}\n`);
};

export async function ensureCeilometer(onProgress: (line: string) => void = toStderr): Promise<Ceilometer> {
  const directory = join(cacheRoot, "ceilometer", await fingerprint());
  if (!(await exists(directory))) await build(directory, onProgress);
  const modules = (release: AgentRelease): string => join(directory, PACKAGES[release]);
  return {
    python: pythonOf(directory),
    modules,
    script: (release, name) => join(modules(release), "bin", name),
    compiled: join(directory, "compiled"),
  };
}

const pythonOf = (directory: string): string => join(directory, "libraries", "bin", "python");

/** Of all that decides what an environment holds; an environment belongs to the Python that made it. */
async function fingerprint(): Promise<string> {
  const question = "import sys; print(sys.version_info[0], sys.version_info[1], sys.base_prefix, sys.version)";
  const { code, stdout, stderr } = await run(PYTHON, ["-c", question]);
  if (code !== 0) throw new NoCeilometer(`${PYTHON} cannot be run (${stderr.trim()}): ${REMEDY}`);
  const [major, minor] = stdout.split(" ").map(Number);
  if (major !== 3 || (minor ?? 0) < OLDEST_PYTHON) {
    throw new NoCeilometer(`${PYTHON} is Python ${major}.${minor}, too old for Ceilometer: ${REMEDY}`);
  }
  const hash = createHash("sha256").update(stdout).update(JSON.stringify(PACKAGES));
  return hash
    .update(await readFile(REQUIREMENTS))
    .digest("hex")
    .slice(0, 16);
}

async function build(directory: string, onProgress: (line: string) => void): Promise<void> {
  const started = performance.now();
  const elapsed = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
  await mkdir(dirname(directory), { recursive: true });
  await removeUnfinished(dirname(directory));
  const unfinished = `${directory}.${process.pid}`;
  const releases = Object.values(PACKAGES);
  onProgress(`installing Ceilometer ${releases.join(" and ")} with its libraries; the first time takes about a minute`);
  try {
    await must(PYTHON, ["-m", "venv", join(unfinished, "libraries")], "make a virtual environment");
    onProgress(`made a virtual environment, ${elapsed()} so far`);
    await pip(unfinished, ["--requirement", REQUIREMENTS]);
    onProgress(`installed the libraries, ${elapsed()} so far`);
    for (const version of releases) {
      await pip(unfinished, ["--target", join(unfinished, version), `ceilometer==${version}`]);
    }
    // Renamed as a whole: a directory that exists is complete. Nothing in it names its own path but scripts that are not used.
    await rename(unfinished, directory).catch(async (error: unknown) => {
      if (!(await exists(directory))) throw error;
    });
    onProgress(`installed in ${elapsed()}`);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Exactly what is named. Python compiles what is used when it is used, which is less than half of it. */
async function pip(directory: string, what: readonly string[]): Promise<void> {
  const quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-compile", "--no-deps"];
  await must(pythonOf(directory), ["-m", "pip", "install", ...quiet, ...what], "install what requirements.txt names");
}

async function must(program: string, args: readonly string[], what: string): Promise<void> {
  // Whatever a person's shell lets Python find would be found here, too.
  const env = { ...process.env, PYTHONPATH: "", PYTHONHOME: "" };
  const { code, stdout, stderr } = await run(program, args, { env });
  if (code === 0) return;
  const said = (stderr.trim() || stdout.trim()).split("\n").slice(-15).join("\n");
  throw new NoCeilometer(`Python could not ${what}; ${REMEDY}, and see that pip reaches its package index:\n${said}`);
}

/** What builds that were killed have left. */
async function removeUnfinished(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = /^[0-9a-f]{16}\.(\d+)$/.exec(basename(name))?.[1];
    if (pid === undefined || (await isAlive({ pid: Number(pid), born: "" }))) continue;
    await rm(join(root, name), { recursive: true, force: true });
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
