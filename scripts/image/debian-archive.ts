/**
 * Debian packages by the ordinary client, apt-get, which checks the archive's signatures. It is given sources, lists and a state
 * of its own: what the machine has installed, and which release it is, does not matter.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../tools/control-plane/process.ts";
import type { Architecture, DebianPackage, Lock } from "./lock.ts";

/**
 * What Node's binary is linked against, with what that is linked against, and the few files by which scanners tell a Debian.
 * Certificates and time zones are not among them: Node brings both.
 */
export const PACKAGES = ["base-files", "gcc-14-base", "libc6", "libgcc-s1", "libstdc++6"] as const;

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

interface Source {
  readonly suite: string;
  readonly architecture: Architecture;
  /** A time of Debian's snapshots; else the archive of today. */
  readonly snapshot?: string;
}

/** Where Debian's archive and its snapshots are: the base of `…/debian` and `…/debian-security`, and of those with a time behind. */
const MIRROR = "DEBIAN_MIRROR";
const SNAPSHOTS = "DEBIAN_SNAPSHOTS";

/** The archive that the machine itself takes its packages from, unless another one is named. */
async function mirrorOf(): Promise<string> {
  const named = process.env[MIRROR];
  if (named !== undefined && named !== "") return named.replace(/\/$/, "");
  const { code, stdout } = await run("apt-get", ["indextargets", "--format", "$(REPO_URI)"]);
  if (code === 127)
    throw new ArchiveError("apt-get is needed: build on Debian or Ubuntu, or in a container of one of them");
  const found = stdout.split("\n").flatMap((line) => /^(https?:\/\/.+)\/debian\/?$/.exec(line.trim())?.[1] ?? []);
  const [first] = found;
  if (first === undefined) {
    throw new ArchiveError(`the machine's apt has no archive of Debian: name one in ${MIRROR}, without its /debian`);
  }
  return first;
}

/** apt-get with lists of its own under `root`; they are fetched when the answer is made. */
async function openArchive(root: string, { suite, architecture, snapshot }: Source) {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(root, "apt-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const mirror = await mirrorOf();
  const past = process.env[SNAPSHOTS];
  const at = (name: string): string => (snapshot === undefined ? `${mirror}/${name}` : `${past}/${name}/${snapshot}`);
  // A list of the past has expired, and its signature is as good as ever.
  const trust = `signed-by=${KEYRING} check-valid-until=${snapshot === undefined ? "yes" : "no"}`;
  const sources = [
    `deb [${trust}] ${at("debian")} ${suite} main\n`,
    `deb [${trust}] ${at("debian-security")} ${suite}-security main\n`,
  ];
  await Promise.all(
    ["lists/partial", "cache/archives/partial", "downloads"].map((name) =>
      mkdir(join(directory, name), { recursive: true }),
    ),
  );
  await writeFile(join(directory, "sources.list"), sources.join(""));
  await writeFile(join(directory, "status"), "");
  const options = [
    `Dir::State=${directory}`,
    `Dir::State::Lists=${directory}/lists`,
    `Dir::State::status=${directory}/status`,
    `Dir::Cache=${directory}/cache`,
    `Dir::Etc::SourceList=${directory}/sources.list`,
    "Dir::Etc::SourceParts=-",
    `APT::Architecture=${architecture}`,
    `APT::Architectures::=${architecture}`,
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
    "Acquire::Retries=3",
  ].flatMap((option) => ["-o", option]);
  const apt = async (program: "apt-get" | "apt-cache", ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(program, [...options, ...args], { cwd: join(directory, "downloads") });
    if (code === 127)
      throw new ArchiveError(`${program} is needed: build on Debian or Ubuntu, or in a container of one of them`);
    if (code !== 0) throw new ArchiveError(`${program} ${args.join(" ")} failed:\n${stderr.trim()}`);
    return stdout;
  };
  await apt("apt-get", "update", "--error-on=any", "--quiet");
  const opened = stack.move();
  return { apt, downloads: join(directory, "downloads"), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** The newest versions that the archive has. */
export async function resolveNewest(
  cache: string,
  suite: string,
  architecture: Architecture,
): Promise<DebianPackage[]> {
  await mkdir(cache, { recursive: true });
  await using archive = await openArchive(cache, { suite, architecture });
  const shown = await archive.apt("apt-cache", "show", "--no-all-versions", ...PACKAGES);
  return packagesOf(shown).toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** What `apt-cache show` says of each package. */
export function packagesOf(shown: string): DebianPackage[] {
  return shown
    .split(/\n\n+/)
    .filter((paragraph) => paragraph.trim() !== "")
    .map((paragraph) => {
      const field = (name: string): string => {
        const value = new RegExp(`^${name}: (.+)$`, "m").exec(paragraph)?.[1];
        if (value === undefined) throw new ArchiveError(`apt-cache says no ${name} of a package:\n${paragraph}`);
        return value.trim();
      };
      return { name: field("Package"), version: field("Version"), sha256: field("SHA256") };
    });
}

/** Paths of the package files of the lock, from the cache, the archive, or its snapshot of the lock's time. */
export async function fetchPackages(
  cache: string,
  { suite, snapshot }: Pick<Lock, "suite" | "snapshot">,
  architecture: Architecture,
  packages: readonly DebianPackage[],
): Promise<string[]> {
  await mkdir(cache, { recursive: true });
  const fileOf = ({ sha256 }: DebianPackage): string => join(cache, `${sha256}.deb`);
  const missing = async (): Promise<readonly DebianPackage[]> => {
    const there = new Set(await readdir(cache));
    return packages.filter(({ sha256 }) => !there.has(`${sha256}.deb`));
  };
  const complaints: string[] = [];
  const isPastKnown = (process.env[SNAPSHOTS] ?? "") !== "";
  for (const source of [{ suite, architecture }, ...(isPastKnown ? [{ suite, architecture, snapshot }] : [])]) {
    const wanted = await missing();
    if (wanted.length === 0) break;
    await download(cache, source, wanted).catch((error: unknown) => {
      if (!(error instanceof ArchiveError)) throw error;
      complaints.push(error.message);
    });
  }
  const lacking = await missing();
  if (lacking.length > 0) {
    const names = lacking.map(({ name, version }) => `${name} ${version}`).join(", ");
    throw new ArchiveError(
      `neither Debian's archive nor its snapshot ${snapshot} gave ${names} (${architecture}). ` +
        `If the versions have been replaced, name the snapshots of Debian in ${SNAPSHOTS}, or bring scripts/image/lock.json in line by npm run image -- --refresh\n${complaints.join("\n")}`,
    );
  }
  return packages.map(fileOf);
}

async function download(cache: string, source: Source, packages: readonly DebianPackage[]): Promise<void> {
  await using archive = await openArchive(cache, source);
  await archive.apt("apt-get", "download", "--quiet", ...packages.map(({ name, version }) => `${name}=${version}`));
  const wanted = new Set(packages.map(({ sha256 }) => sha256));
  for (const name of await readdir(archive.downloads)) {
    const path = join(archive.downloads, name);
    const digest = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    if (!wanted.has(digest))
      throw new ArchiveError(`${name} has the digest ${digest}, which scripts/image/lock.json does not name`);
    await rename(path, join(cache, `${digest}.deb`));
  }
}
