/**
 * Resources as somebody stored them before the definition had a schema, or under another one: they fit nothing, and nobody could make
 * them now.
 */
import { z } from "zod";
import { CRD_NAME, customResourceDefinition } from "../../src/api/v1alpha1/crd.ts";
import { ANNOTATION, API_VERSION, FINALIZER, KIND, VERB } from "../../src/api/v1alpha1/names.ts";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { modern } from "./fixtures/topology.ts";
import { eventually } from "./resource.ts";
import { collectionOf } from "./scene.ts";
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

/** What somebody stored once, by name. */
export const UNFIT: Readonly<Record<string, { readonly [part: string]: unknown }>> = {
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
export const GOING = "strategy-dropped-going";
const going = { metadata: { name: GOING, finalizers: [FINALIZER] }, spec: { ...good, strategy: "Rolling" } };

/** How many `storeUnfit` stores. */
export const UNFIT_COUNT = Object.keys(UNFIT).length + 2;

/** Puts the definition there, or in the place of the one that is. */
async function define(cluster: ClusterAccess, definition: { readonly metadata: object }): Promise<void> {
  const found = z
    .object({ metadata: z.object({ resourceVersion: z.string() }) })
    .optional()
    .parse(await read(cluster, `${DEFINITIONS}/${CRD_NAME}`));
  if (found === undefined) {
    await create(cluster, DEFINITIONS, definition);
    return;
  }
  const metadata = { ...definition.metadata, resourceVersion: found.metadata.resourceVersion };
  const { code, stderr } = await cluster.kubectl(["replace", "-f", "-"], {
    input: JSON.stringify({ ...definition, metadata }),
  });
  if (code !== 0) throw new Error(`kubectl replace: ${stderr}`);
}

/** Under no schema everything is stored; then comes the schema, which everything that is stored is held against from now on. */
export async function storeUnfit(cluster: ClusterAccess, namespace: string): Promise<void> {
  await define(cluster, looseDefinition());
  const collection = collectionOf(KIND, namespace);
  const trial = { apiVersion: API_VERSION, kind: KIND, metadata: { name: "trial" }, spec: "a text" };
  const answers = async (status: number): Promise<boolean> =>
    (await cluster.api.request("POST", `${collection}?dryRun=All`, trial)).status === status;
  await eventually(
    () => answers(201),
    () => `${collection} does not take everything`,
    60_000,
  );
  for (const [name, parts] of Object.entries(UNFIT))
    await create(cluster, collection, { apiVersion: API_VERSION, kind: KIND, metadata: { name }, ...parts });
  for (const each of [paused, going])
    await create(cluster, collection, { apiVersion: API_VERSION, kind: KIND, ...each });
  await define(cluster, customResourceDefinition());
  await eventually(
    () => answers(422),
    () => "the schema is not applied",
    60_000,
  );
}
