/**
 * After an upgrade the people's own tool goes on as before: their next `helm upgrade`, or server-side apply, sets the image
 * that is there already and meets nobody who owns it.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { settledState } from "./end-state.ts";
import { modern, type Topology } from "./fixtures/topology.ts";
import { eventually } from "./resource.ts";
import { inScene, type Scene } from "./scene.ts";
import { uniqueName } from "./shared-cluster.ts";

const OLD = "quay.io/example/ceilometer:2025.1";
const NEW = "quay.io/example/ceilometer:2025.2";
const OPERATOR = "ceilometer-upgrade-operator";

/** A chart of this Ceilometer, with its image as the only value. */
async function chartOf(topology: Topology, cluster: ClusterAccess): Promise<string> {
  const directory = join(cluster.dir, "charts", uniqueName("ceilometer"));
  await mkdir(join(directory, "templates"), { recursive: true });
  await writeFile(join(directory, "Chart.yaml"), "apiVersion: v2\nname: ceilometer\nversion: 1.0.0\n");
  await writeFile(join(directory, "values.yaml"), `image: ${OLD}\n`);
  for (const [index, object] of topology.objects.entries()) {
    const { namespace: _namespace, ...metadata } = object.metadata;
    const text = JSON.stringify({ ...object, metadata })
      .replaceAll("{{", "{ {")
      .replaceAll(OLD, "{{ .Values.image }}");
    await writeFile(join(directory, "templates", `${index}.yaml`), text);
  }
  return directory;
}

const managedSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        managedFields: z.array(
          z.object({
            manager: z.string(),
            subresource: z.string().optional(),
            fieldsV1: z.record(z.string(), z.unknown()),
          }),
        ),
      }),
    }),
  ),
});

/** The top-level fields that the operator owns, of each workload. */
async function owned(scene: Scene): Promise<Readonly<Record<string, readonly string[]>>> {
  const list = await scene.kubectl("get", "deploy,ds", "-o", "json", "--show-managed-fields");
  return Object.fromEntries(
    managedSchema
      .parse(JSON.parse(list))
      .items.map(({ metadata: { name, managedFields } }) => [
        name,
        managedFields.filter(({ manager }) => manager === OPERATOR).flatMap(({ fieldsV1 }) => Object.keys(fieldsV1)),
      ]),
  );
}

/** Places a Ceilometer with a tool of people's, upgrades it, and goes on with the tool. */
async function upgraded(
  ownership: "Release" | "Keep",
  place: (topology: Topology, cluster: ClusterAccess, namespace: string) => Promise<void>,
  then: (scene: Scene) => Promise<void>,
): Promise<void> {
  const topology = modern().wish((spec) => Object.assign(spec, { ownership }));
  const placed = (cluster: ClusterAccess, namespace: string): Promise<void> => place(topology, cluster, namespace);
  await inScene({ topology, place: placed }, async (scene) => {
    await scene.apply();
    await settledState(scene);
    expect(await scene.verdict()).toEqual([]);
    await then(scene);
  });
}

async function installed(
  ownership: "Release" | "Keep",
  then: (scene: Scene, chart: string) => Promise<void>,
): Promise<void> {
  let chart = "";
  const place = async (topology: Topology, cluster: ClusterAccess, namespace: string): Promise<void> => {
    chart = await chartOf(topology, cluster);
    const { code, stderr } = await cluster.helm(["install", "ceilometer", chart, "--namespace", namespace]);
    if (code !== 0) throw new Error(`helm install: ${stderr}`);
  };
  await upgraded(ownership, place, (scene) => then(scene, chart));
}

/** What a GitOps tool does with the manifests at one image. */
function applyAll(topology: Topology, cluster: ClusterAccess, namespace: string, image: string) {
  const items = topology.objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items }).replaceAll(OLD, image);
  return cluster.kubectl(["apply", "--server-side", "--field-manager=gitops", "-f", "-"], { input });
}

const upgrade = (scene: Scene, chart: string, image: string) =>
  scene.cluster.helm(["upgrade", "ceilometer", chart, "--namespace", scene.namespace, "--set", `image=${image}`]);

test.concurrent("Release: helm upgrade sets the target's image and any other without a conflict", () =>
  installed("Release", async (scene, chart) => {
    for (const [workload, fields] of Object.entries(await owned(scene)))
      expect(fields, workload).not.toContain("f:spec");
    const same = await upgrade(scene, chart, NEW);
    expect(same.stderr).not.toMatch(/conflict/i);
    expect(same.code).toBe(0);
    const next = await upgrade(scene, chart, `${NEW}-r2`);
    expect(next.stderr).not.toMatch(/conflict/i);
    expect(next.code).toBe(0);
  }));

test.concurrent("Release: a server-side apply of any image meets no conflict", () => {
  const place = async (topology: Topology, cluster: ClusterAccess, namespace: string): Promise<void> => {
    const { code, stderr } = await applyAll(topology, cluster, namespace, OLD);
    if (code !== 0) throw new Error(`kubectl apply: ${stderr}`);
  };
  return upgraded("Release", place, async (scene) => {
    for (const image of [NEW, `${NEW}-r2`]) {
      const { code, stderr } = await applyAll(scene.topology, scene.cluster, scene.namespace, image);
      expect(stderr).toBe("");
      expect(code).toBe(0);
    }
  });
});

test.concurrent("Keep: the image stays ours until Git shows it", () =>
  installed("Keep", async (scene, chart) => {
    for (const [workload, fields] of Object.entries(await owned(scene))) expect(fields, workload).toContain("f:spec");
    expect((await upgrade(scene, chart, NEW)).code).toBe(0);
    const other = await upgrade(scene, chart, `${NEW}-r2`);
    expect(other.stderr).toMatch(/conflict/i);
    expect(other.stderr).toContain(OPERATOR);
    await scene.edit({ ownership: "Release" });
    const released = async (): Promise<boolean> =>
      Object.values(await owned(scene)).every((fields) => !fields.includes("f:spec"));
    await eventually(released, () => "the operator keeps fields", 30_000);
    const next = await upgrade(scene, chart, `${NEW}-r2`);
    expect(next.stderr).not.toMatch(/conflict/i);
    expect(next.code).toBe(0);
  }));
