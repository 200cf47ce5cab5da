/** A support bundle from a real cluster: it has what helps, and none of the secrets that are planted in every place. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { afterAll, beforeAll, expect, test } from "vitest";
import { changedPipeline, type Topology } from "./fixtures/topology.ts";
import { installPlugin, type Plugin } from "./plugin.ts";
import { eventually } from "./resource.ts";
import { inScene } from "./scene.ts";
import { create } from "./shared-cluster.ts";

let plugin: Plugin;
let folder = "";
beforeAll(async () => {
  plugin = await installPlugin();
  folder = await mkdtemp(join(tmpdir(), "report-"));
});
afterAll(async () => {
  await plugin[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const CANARY = "c4n4ry";
/** What a Secret's data would show of it. */
const ENCODED = Buffer.from(CANARY).toString("base64").replaceAll("=", "");

const secretive = `[DEFAULT]
transport_url = rabbit://ceilometer:${CANARY}@one:5672,ceilometer:${CANARY}@two:5672//
[database]
connection = mysql+pymysql://ceilometer:${CANARY}@db/ceilometer
[service_credentials]
password = ${CANARY}
[publisher]
telemetry_secret = ${CANARY}
`;

function planted(topology: Topology): Topology {
  const meta = { name: "planted" };
  return topology
    .workload("ceilometer-notification", ({ metadata, spec }) => {
      metadata.annotations = { ...metadata.annotations, note: `ask https://me:${CANARY}@elsewhere.example` };
      const [container] = spec.template.spec.containers;
      if (container === undefined) throw new Error("a workload without containers");
      container["env"] = [
        { name: "OS_PASSWORD", value: CANARY },
        { name: "OS_AUTH_URL", value: `https://ceilometer:${CANARY}@keystone.example` },
      ];
    })
    .with(
      { apiVersion: "v1", kind: "Secret", metadata: meta, stringData: { password: CANARY } },
      { apiVersion: "v1", kind: "ConfigMap", metadata: meta, data: { "ceilometer.conf": secretive, password: CANARY } },
    );
}

async function textsIn(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.map(async (file) => [file.slice(directory.length + 1), await readFile(file, "utf8")] as const);
  return new Map(await Promise.all(read));
}

test("a report has what helps, and no canary in any place", () => {
  const topology = planted(changedPipeline()).wish(({ target }) => {
    target.config = { ...target.config, definitions: [{ kind: "ConfigMap", name: "planted", key: "ceilometer.conf" }] };
  });
  return inScene({ topology }, async (scene) => {
    const { cluster, namespace } = scene;
    await scene.apply();
    const operator = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "upgrades",
        labels: {
          "app.kubernetes.io/part-of": "ceilometer-upgrade-operator",
          "app.kubernetes.io/component": "operator",
        },
      },
      spec: {
        containers: [{ name: "operator", image: "operator", args: ["--token", CANARY] }],
        tolerations: [{ operator: "Exists" }],
      },
    };
    await create(cluster, `/api/v1/namespaces/${namespace}/pods`, operator);
    await create(cluster, `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "planted" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reason: "Failed",
      action: "Pull",
      type: "Warning",
      note: `Get "https://puller:${CANARY}@registry.example/v2/": forbidden`,
      reportingController: "kubelet",
      reportingInstance: "kubelet-a",
      regarding: { apiVersion: "v1", kind: "Pod", name: "upgrades", namespace },
    });
    await eventually(
      async () => (await scene.resource())?.status.conditions.length !== 0,
      () => "no status",
      60_000,
    );

    const to = join(folder, "as-folder");
    const { code, stdout, stderr } = await plugin.kubectl(cluster, [
      "report",
      "-n",
      namespace,
      "--pod-logs",
      "--to",
      to,
    ]);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain(CANARY);
    expect(stdout).toMatch(/as-folder: \d+ files, \d+ KiB, \d+ values taken out\n$/);
    const texts = await textsIn(to);
    expect([...texts.keys()]).toEqual(
      expect.arrayContaining([
        "versions.yaml",
        "resource.yaml",
        "status.txt",
        "why.txt",
        "plan.txt",
        "deployments.yaml",
        "pods.yaml",
        "configuration.yaml",
        "events.yaml",
        "operator/pods.yaml",
        "unread.txt",
      ]),
    );
    for (const [file, text] of texts) {
      expect(text, file).not.toContain(CANARY);
      expect(text, file).not.toContain(ENCODED);
    }
    // Each of the places is in it, or nothing would have been shown.
    expect(texts.get("deployments.yaml")).toContain("OS_PASSWORD");
    expect(texts.get("configuration.yaml")).toContain("transport_url = [redacted]");
    expect(texts.get("events.yaml")).toContain("https://[redacted]@registry.example");
    expect(texts.get("operator/pods.yaml")).toContain("--token");
    expect(texts.get("versions.yaml")).toMatch(/^apiServer: v1\./m);
    expect(texts.get("status.txt")).toContain("NAME");

    const archive = join(folder, "as-archive.tar.gz");
    expect((await plugin.kubectl(cluster, ["report", "-n", namespace, "--to", archive])).code).toBe(0);
    const unpacked = gunzipSync(await readFile(archive));
    expect(unpacked.toString("latin1")).not.toContain(CANARY);
    expect((await unpackTar(unpacked)).map(({ header }) => header.name)).toContain("as-archive/resource.yaml");
    const twice = await plugin.kubectl(cluster, ["report", "-n", namespace, "--to", archive]);
    expect(twice.code).toBe(2);
    expect(twice.stderr).toContain("as-archive.tar.gz cannot be written");
  });
});
