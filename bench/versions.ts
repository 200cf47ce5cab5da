/** Of everything that figures depend on. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { root } from "../scripts/demo/installation.ts";
import { VERSION } from "../src/version.ts";
import type { Ground } from "./ground.ts";
import { must } from "./scene.ts";

export async function versions({ cluster }: Ground): Promise<Readonly<Record<string, string>>> {
  const answer = z.object({ gitVersion: z.string() });
  const { gitVersion } = answer.parse(JSON.parse(await must(cluster, "GET", "/version")));
  const modules = await readFile(join(root, "tools", "control-plane", "go.mod"), "utf8");
  const kwok = /sigs\.k8s\.io\/kwok (v\S+)/.exec(modules)?.[1] ?? "unknown";
  return { operator: VERSION, Node: process.version, Kubernetes: gitVersion, KWOK: kwok };
}
