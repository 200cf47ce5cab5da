/** A source of Flux, played: archives of manifests by HTTP, and the object that says which one is the newest. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { run } from "../../tools/control-plane/process.ts";
import { SOURCE_GROUP } from "../../tools/flux/flux.ts";
import { create, mergePatch } from "../e2e/shared-cluster.ts";

export interface Source extends AsyncDisposable {
  /** Delivers these files from now on. Answers the revision. */
  deliver(files: Readonly<Record<string, readonly unknown[]>>): Promise<string>;
}

export async function startSource(cluster: ClusterAccess, namespace: string): Promise<Source> {
  const directory = join(cluster.dir, "sources", namespace);
  await mkdir(directory, { recursive: true });
  const archives = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const archive = archives.get(request.url ?? "");
    response.writeHead(archive === undefined ? 404 : 200).end(archive);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.int() }).parse(server.address());
  const collection = `/apis/${SOURCE_GROUP}/v1/namespaces/${namespace}/gitrepositories`;
  const base = `http://127.0.0.1:${port}`;
  await create(cluster, collection, {
    apiVersion: `${SOURCE_GROUP}/v1`,
    kind: "GitRepository",
    metadata: { name: "cloud" },
    spec: { url: base, interval: "1m" },
  });
  return {
    async deliver(files) {
      const commit = randomBytes(20).toString("hex");
      const folder = join(directory, commit);
      await mkdir(folder);
      for (const [name, objects] of Object.entries(files)) {
        const text = objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n");
        await writeFile(join(folder, name), text);
      }
      const packed = await run("tar", ["-C", folder, "-czf", `${folder}.tar.gz`, "."]);
      if (packed.code !== 0) throw new Error(`tar: ${packed.stderr}`);
      const archive = await readFile(`${folder}.tar.gz`);
      archives.set(`/${commit}.tar.gz`, archive);
      const revision = `main@sha1:${commit}`;
      const artifact = {
        revision,
        path: `${commit}.tar.gz`,
        url: `${base}/${commit}.tar.gz`,
        digest: `sha256:${createHash("sha256").update(archive).digest("hex")}`,
        lastUpdateTime: new Date().toISOString(),
      };
      await mergePatch(cluster, `${collection}/cloud`, { status: { artifact } });
      return revision;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
