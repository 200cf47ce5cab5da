/**
 * Resources that were stored before the definition had a schema, or under another one, and that fit nothing: the operator starts
 * on them, tells each what is wrong with it where that can be told, lets one go that is deleted, and upgrades the good one beside them.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { CRD_NAME, customResourceDefinition } from "../../src/api/v1alpha1/crd.ts";
import { ANNOTATION, API_VERSION, FINALIZER, KIND, VERB } from "../../src/api/v1alpha1/names.ts";
import { type ClusterAccess, startCluster } from "../../tools/control-plane/cluster.ts";
import { startPodLogs } from "../../tools/control-plane/pod-logs.ts";
import { modern } from "./fixtures/topology.ts";
import { eventually, resourcePath } from "./resource.ts";
import { collectionOf, inScene, type Scene } from "./scene.ts";
import { create, read } from "./shared-cluster.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** The definition without any schema, and with a status that anybody writes like the rest. */
function looseDefinition() {
  const strict = customResourceDefinition();
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const versions = strict.spec.versions.map(({ subresources: _, additionalPrinterColumns: __, ...version }) => ({
    ...version,
    schema: { openAPIV3Schema },
  }));
  return { ...strict, spec: { ...strict.spec, versions } };
}

const good = modern().spec;
const deep: unknown = JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`);
const polluted: unknown = JSON.parse('{"__proto__": {"paused": true}, "constructor": {"name": 1}, "strategy": "Full"}');

/** What somebody stored once. */
const UNFIT: Readonly<Record<string, { readonly [part: string]: unknown }>> = {
  "spec-absent": {},
  "spec-null": { spec: null },
  "spec-text": { spec: "upgrade, please" },
  "spec-number": { spec: 20252 },
  "spec-list": { spec: [good, good] },
  "spec-empty": { spec: {} },
  "spec-deep": { spec: { strategy: deep, target: deep, components: deep } },
  "spec-polluted": { spec: polluted },
  "components-number": { spec: { ...good, components: 5 } },
  "target-list": { spec: { ...good, target: ["2025.2"] } },
  "strategy-dropped": { spec: { ...good, strategy: "Rolling" } },
  "release-dropped": { spec: { ...good, target: { ...good.target, release: "icehouse" } } },
  "release-number": { spec: { ...good, target: { ...good.target, release: 2025.2 } } },
  "paused-text": { spec: { ...good, paused: "yes" } },
  "replicas-text": {
    spec: { ...good, components: { ...good.components, notification: { targets: "all", replicas: "two" } } },
  },
  "status-text": { spec: "none", status: "fine" },
  "status-list": { spec: 1, status: [1, 2, 3] },
  "status-forged": {
    spec: { ...good, strategy: 1 },
    status: { observedGeneration: "one", conditions: { Ready: true }, steps: 9, history: ["long ago"] },
  },
};

/** A spec that fits, with a status and annotations that fit nothing. */
const paused = {
  metadata: {
    name: "status-unfit",
    annotations: {
      ...Object.fromEntries(Object.values(VERB).map((verb) => [verb, "{{{"])),
      [ANNOTATION.claim]: "\u0001",
    },
    finalizers: [FINALIZER, "example.org/somebody-else"],
  },
  spec: { ...good, paused: true },
  status: { conditions: "none", steps: { database: "done" }, preflight: 3, plan: "the old one" },
};

/** One that may have borrowed something, and goes. What has no spec at all the API server lets nobody write to, not even to let it go. */
const GOING = "strategy-dropped-going";
const going = { metadata: { name: GOING, finalizers: [FINALIZER] }, spec: { ...good, strategy: "Rolling" } };

async function define(cluster: ClusterAccess, definition: unknown): Promise<void> {
  const { code, stderr } = await cluster.kubectl(["replace", "-f", "-"], { input: JSON.stringify(definition) });
  if (code !== 0) throw new Error(`kubectl replace: ${stderr}`);
}

/** Under no schema everything is stored; then comes the schema, which everything that is stored is held against from now on. */
async function storeUnfit(cluster: ClusterAccess, namespace: string): Promise<void> {
  await create(cluster, DEFINITIONS, looseDefinition());
  const collection = collectionOf(KIND, namespace);
  const isServed = async (): Promise<boolean> => (await cluster.api.request("GET", collection)).status === 200;
  await eventually(isServed, () => `${collection} is not served`, 60_000);
  for (const [name, parts] of Object.entries(UNFIT))
    await create(cluster, collection, { apiVersion: API_VERSION, kind: KIND, metadata: { name }, ...parts });
  for (const each of [paused, going])
    await create(cluster, collection, { apiVersion: API_VERSION, kind: KIND, ...each });
  const { metadata } = z
    .object({ metadata: z.object({ resourceVersion: z.string() }) })
    .parse(await read(cluster, `${DEFINITIONS}/${CRD_NAME}`));
  const strict = customResourceDefinition();
  await define(cluster, {
    ...strict,
    metadata: { ...strict.metadata, resourceVersion: metadata.resourceVersion },
  });
  const trial = { apiVersion: API_VERSION, kind: KIND, metadata: { name: "trial" }, spec: "a text" };
  const isChecked = async (): Promise<boolean> =>
    (await cluster.api.request("POST", `${collection}?dryRun=All`, trial)).status === 422;
  await eventually(isChecked, () => "the schema is not applied", 60_000);
}

const answer = z.looseObject({ status: z.unknown() });

/** What the resource says, or where it cannot, what the log says of it. */
async function saidOf(scene: Scene, name: string): Promise<string> {
  const found = answer.parse(await read(scene.cluster, resourcePath(scene.namespace, name)));
  const logged = scene.logged().filter((line) => JSON.stringify(line).includes(`${scene.namespace}/${name}`));
  return JSON.stringify({ status: found.status, logged });
}

test("what was stored under no schema is told so, and stops neither the operator nor a good resource", async () => {
  await using cluster = await startCluster();
  await using _logs = await startPodLogs(cluster);
  await inScene({ topology: modern(), cluster, stored: storeUnfit }, async (scene) => {
    await scene.apply();
    await scene.succeed({ timeout: 200_000 });
    // A second operator lists what the first one has reported on, and serves the good one as well.
    await scene.crash();
    await scene.edit({ abort: true });
    await scene.until({ type: "Succeeded", status: "True" });
    for (const name of Object.keys(UNFIT)) {
      const isTold = async (): Promise<boolean> => /InvalidSpec|ReleaseUnknown/.test(await saidOf(scene, name));
      await eventually(isTold, async () => `${name} is told nothing: ${await saidOf(scene, name)}`, 30_000);
    }
    const isTold = async (): Promise<boolean> => /RequestInvalid/.test(await saidOf(scene, "status-unfit"));
    await eventually(isTold, () => saidOf(scene, "status-unfit"), 30_000);
    expect(await saidOf(scene, "status-unfit")).not.toContain("the old one");
    const path = resourcePath(scene.namespace, GOING);
    await cluster.api.request("DELETE", path);
    const isGone = async (): Promise<boolean> => (await cluster.api.request("GET", path)).status === 404;
    await eventually(isGone, () => saidOf(scene, GOING), 30_000);
    const writes = scene.effects().map(({ path }) => path.split("?")[0]);
    expect(writes.filter((path) => Object.keys(UNFIT).some((name) => path?.endsWith(`/${name}`)))).toEqual([]);
  });
}, 400_000);
