/** Somebody who reads a page of the documentation and types what it says, as it is written there. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { run } from "../../tools/control-plane/process.ts";
import { missingLines, type PageCommands, type Piece } from "../support/page-commands.ts";

const root = resolve(import.meta.dirname, "../..");

/** What a reader's folder does not share with the repository: `dist` would be written. */
const NOT_SHARED = new Set(["dist", ".git"]);

export interface Reader extends AsyncDisposable {
  /** Types everything up to the page's end. @throws with page and line of what did not do as it says */
  read(path: string, page: PageCommands): Promise<void>;
}

/** In a folder that looks like a checkout; `env` has the programs on its PATH. */
export async function startReader(env: NodeJS.ProcessEnv): Promise<Reader> {
  const folder = await mkdtemp(join(tmpdir(), "reader-"));
  for (const name of await readdir(root)) {
    if (!NOT_SHARED.has(name)) await symlink(join(root, name), join(folder, name));
  }
  const others: { readonly end: () => Promise<void> }[] = [];
  const type = async (path: string, piece: Piece, printed: string): Promise<string> => {
    const at = `${path}, line ${piece.line}`;
    switch (piece.kind) {
      case "notRun":
        return "";
      case "file":
        await mkdir(dirname(join(folder, piece.name)), { recursive: true });
        await writeFile(join(folder, piece.name), piece.text);
        return printed;
      case "output": {
        const missing = missingLines(piece.text, printed);
        if (missing.length > 0) throw new Error(`${at}: not printed:\n${missing.join("\n")}\nbut:\n${printed}`);
        return printed;
      }
      case "first":
        return typed(at, piece.text, [], { folder, env });
      case "run":
        if (piece.keepsRunning) {
          others.push(otherTerminal(piece.text, { folder, env }));
          return "";
        }
        return typed(at, piece.text, piece.endsWith, { folder, env });
    }
  };
  return {
    async read(path, { pieces }) {
      let printed = "";
      for (const piece of pieces) printed = await type(path, piece, printed);
    },
    async [Symbol.asyncDispose]() {
      for (const { end } of others) await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Where {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Seconds after which a reader has seen enough of what never ends by itself, and presses Ctrl-C. */
const SEEN_ENOUGH = 3;
const watched = (script: string): string =>
  script.replaceAll(
    /^kubectl .*\bget\b.* (?:-w|--watch)(?=\s|$)/gm,
    (command) => `timeout --signal=INT ${SEEN_ENOUGH} ${command}`,
  );

/** Answers what was printed. A command that does not end well ends the block, as a reader would stop there. */
async function typed(at: string, script: string, endsWith: readonly number[], { folder, env }: Where): Promise<string> {
  const fine = ["124", ...endsWith].join("|");
  const judge = `code=$?; case $code in ${fine}) ;; *) echo "ended with $code: $BASH_COMMAND" >&2; exit $code;; esac`;
  const text = `set -E -o pipefail\ntrap '${judge}' ERR\n${watched(script)}`;
  const { code, stdout, stderr } = await run("bash", ["-c", text], { cwd: folder, env });
  const isFine = code === 0 || code === 124 || endsWith.includes(code);
  if (!isFine) throw new Error(`${at}:\n${script}\n${stdout}\n${stderr}`);
  return `${stdout}\n${stderr}`;
}

function otherTerminal(script: string, { folder, env }: Where): { readonly end: () => Promise<void> } {
  // A group of its own, so that what npm has started ends with it; it ends by itself should this process be killed.
  const child = spawn("timeout", ["900", "bash", "-c", script], { cwd: folder, env, detached: true, stdio: "ignore" });
  const closed = new Promise<void>((done) => child.once("close", () => done()));
  return {
    async end() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
      await closed;
    },
  };
}
