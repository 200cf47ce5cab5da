/** The settings as people install them: a kustomize component over the ConfigMap that Argo CD's own manifests have. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { argoSettings } from "../../scripts/generate/argocd.ts";
import { sharedCluster } from "../e2e/shared-cluster.ts";

const configMap = z.object({ metadata: z.object({ name: z.string() }), data: z.record(z.string(), z.string()) });

test("the component adds health and actions to argocd-cm, and leaves what is there", async () => {
  const cluster = await sharedCluster();
  const directory = join(cluster.dir, "kustomize");
  await mkdir(directory, { recursive: true });
  const own = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "argocd-cm" }, data: { url: "https://cd" } };
  await writeFile(join(directory, "argocd-cm.yaml"), stringify(own));
  const components = [relative(directory, resolve("config/argocd"))];
  await writeFile(join(directory, "kustomization.yaml"), stringify({ resources: ["argocd-cm.yaml"], components }));
  const { code, stdout, stderr } = await cluster.kubectl(["kustomize", directory]);
  expect(code, stderr).toBe(0);
  const built = configMap.parse(parse(stdout));
  expect(built).toMatchObject({ metadata: { name: "argocd-cm" }, data: { url: "https://cd", ...argoSettings() } });
});
