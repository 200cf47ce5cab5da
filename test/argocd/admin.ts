/** Argo CD's own interpreter on our Lua: `argocd admin settings resource-overrides`, which asks no cluster. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { run } from "../../tools/control-plane/process.ts";

/** The settings that people install, as they are installed. */
export const SETTINGS = resolve("config/argocd/argocd-cm.yaml");

const health = /^STATUS: (?<status>\w*)\nMESSAGE: (?<message>.*)$/s;
const objectSchema = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });

export interface Health {
  readonly status: string;
  readonly message: string;
}

export interface Admin {
  health(object: unknown): Promise<Health>;
  /** Names of the actions; those that are disabled last. */
  actions(object: unknown): Promise<{ readonly enabled: readonly string[]; readonly disabled: readonly string[] }>;
  /** The object as the action leaves it. @throws Error with what the action says. */
  act(object: unknown, action: string): Promise<z.infer<typeof objectSchema>>;
}

export function adminOf(argocd: string): Admin {
  const ask = async (command: string, object: unknown, ...more: readonly string[]): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), "ceilometer-argocd-"));
    try {
      const file = join(directory, "object.yaml");
      await writeFile(file, JSON.stringify(object));
      const args = ["admin", "settings", "resource-overrides", command, file, ...more, "--argocd-cm-path", SETTINGS];
      // Its only output is a difference, which is left to a program of one's choice: one that shows the new side whole. It leaves files.
      const env = { ...process.env, HOME: directory, TMPDIR: directory, KUBECTL_EXTERNAL_DIFF: `sh -c 'cat "$1"'` };
      const { code, stdout, stderr } = await run(argocd, args, { env });
      if (code !== 0) throw new Error(stderr);
      return stdout;
    } finally {
      await rm(directory, { recursive: true });
    }
  };
  return {
    async health(object) {
      const said = await ask("health", object);
      const { status, message } = health.exec(said.trimEnd())?.groups ?? {};
      if (status === undefined || message === undefined) throw new Error(`no health: ${said}`);
      return { status, message };
    },
    async actions(object) {
      const [, ...rows] = (await ask("list-actions", object)).trimEnd().split("\n");
      const listed = rows.map((row) => row.trim().split(/\s+/));
      const named = (flag: string): string[] => listed.flatMap(([name = "", is]) => (is === flag ? [name] : []));
      return { enabled: named("false"), disabled: named("true") };
    },
    async act(object, action) {
      const said = await ask("run-action", object, action);
      return objectSchema.parse(parse(said.slice(said.indexOf("\n\n"))));
    },
  };
}
