/** A Git repository with manifests in it, as people keep one for Argo CD. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { run } from "../../tools/control-plane/process.ts";

export interface Repository {
  readonly url: string;
  /** Writes objects as YAML into files, by the files' names, and commits them. Answers the commit. */
  commit(message: string, files: Readonly<Record<string, readonly unknown[]>>): Promise<string>;
  /** `git revert` of the last commit. */
  revert(): Promise<string>;
}

const AUTHOR = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];

export async function createRepository(directory: string): Promise<Repository> {
  await mkdir(directory, { recursive: true });
  const git = async (...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
    const { code, stdout, stderr } = await run("git", ["-C", directory, ...AUTHOR, ...args], { env });
    if (code !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
  const head = (): Promise<string> => git("rev-parse", "HEAD");
  await git("init", "--quiet", "--initial-branch=main");
  return {
    url: `file://${directory}`,
    async commit(message, files) {
      for (const [name, objects] of Object.entries(files)) {
        const text = objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n");
        await writeFile(join(directory, name), text);
      }
      await git("add", "--all");
      await git("commit", "--quiet", "--message", message);
      return head();
    },
    async revert() {
      await git("revert", "--no-edit", "HEAD");
      return head();
    },
  };
}
