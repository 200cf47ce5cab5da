/**
 * The operator as its users have it: its image in pods of its chart, on real kubelets, with stand-ins for Ceilometer's agents
 * (`npm run e2e:kind`). The same auditor judges.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { buildImage, NAME } from "../../scripts/image/build.ts";
import { imagesIn, writeAgentImages } from "../../scripts/kind/agent-image.ts";
import {
  architecture,
  installOperator,
  type KindCluster,
  obstacle,
  startKindCluster,
} from "../../scripts/kind/cluster.ts";
import { VERSION } from "../../src/version.ts";
import { startAuditor } from "../e2e/auditor.ts";
import { auditScope, modern, newPollsters } from "../e2e/fixtures/topology.ts";
import { only, pollingOnly, widened } from "../e2e/isolation.ts";
import { eventually, isSo, type Resource, readResource, tell } from "../e2e/resource.ts";
import { allReady, createObject } from "../e2e/scene.ts";
import { create, uniqueName } from "../e2e/shared-cluster.ts";

const OPERATOR = "operator-under-test";
/** One of each strategy; in the second, central agents with new pollsters start in a group of their own. */
const STORIES = [
  { topology: modern(), windows: [] },
  {
    topology: only(pollingOnly(newPollsters()), "Deployment", "ceilometer-central"),
    windows: widened("Deployment/ceilometer-central"),
  },
];
/** Milliseconds. */
const SET_UP = 900_000;
const UPGRADE = 600_000;

/** Why there is no cluster. */
let why: string | undefined;
let cluster: KindCluster;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  why = await obstacle();
  if (why !== undefined) {
    if (process.env["KIND_REQUIRED"] === "1") throw new Error(why);
    console.info(`skipped: ${why}`);
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), "kind-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const agents = join(directory, "agents.tar");
  await writeAgentImages(agents, architecture, imagesIn(STORIES));
  const built = await buildImage({ architectures: [architecture], version: VERSION, created: new Date(0), directory });
  cluster = stack.use(await startKindCluster("ceilometer-e2e"));
  for (const archive of [agents, ...built.platforms.map((platform) => platform.archive)]) await cluster.load(archive);
  const values = { "podLogs.enabled": "true", secrets: "{ceilometer-etc}" };
  await installOperator(cluster, { namespace: OPERATOR, values });
}, SET_UP);

afterAll(() => stack.disposeAsync(), SET_UP);

test("every replica of the operator runs as the image's own user, and one of them leads", async (context) => {
  if (why !== undefined) return context.skip(why);
  const seen = await cluster.kubectl(["-n", OPERATOR, "get", "pods,leases", "-o", "json"]);
  const schema = z.object({
    items: z.array(
      z.object({
        kind: z.string(),
        spec: z.object({ holderIdentity: z.string().optional() }),
        status: z
          .object({ containerStatuses: z.array(z.object({ restartCount: z.int(), imageID: z.string() })) })
          .optional(),
      }),
    ),
  });
  const { items } = schema.parse(JSON.parse(seen.stdout));
  const containers = items.flatMap(({ status }) => status?.containerStatuses ?? []);
  expect(containers.map(({ restartCount }) => restartCount)).toEqual([0, 0]);
  expect(items.filter(({ spec }) => spec.holderIdentity?.startsWith(NAME) === true)).toHaveLength(1);
});

test.for(STORIES)(
  "upgrades $topology.name by the strategy $topology.spec.strategy",
  { timeout: UPGRADE },
  async (story, context) => {
    if (why !== undefined) return context.skip(why);
    const { topology, windows } = story;
    const namespace = uniqueName(topology.name);
    await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    for (const object of topology.objects) await createObject(cluster, namespace, object);
    await allReady(cluster, namespace, topology, []);
    await using auditor = await startAuditor({ ...auditScope(topology, { windows }), api: cluster.api, namespace });
    await createObject(cluster, namespace, {
      apiVersion: "ceilometer.openstack.org/v1alpha1",
      kind: "CeilometerUpgrade",
      metadata: { name: "ceilometer" },
      spec: topology.spec,
    });
    let resource: Resource | undefined;
    const succeeded = async (): Promise<boolean> => {
      resource = await readResource(cluster, namespace, "ceilometer");
      return isSo(resource, { type: "Succeeded", status: "True" });
    };
    await eventually(succeeded, () => tell(resource), UPGRADE / 2);
    expect(await auditor.finish()).toEqual([]);
    expect(auditor.gaps()).toBe(0);
  },
);
