/**
 * Nothing is missing in the one table of rights, and nothing is in it that nobody uses: a control plane of its own writes down
 * what the chart's ServiceAccount asks for in stories that need every right, and the table is held against it. The stories also
 * show that the chart's admission policies let everything pass that the operator writes.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { PERMISSIONS, resourceName } from "../../src/controllers/ceilometer-upgrade/permissions.ts";
import { UPGRADE } from "../../src/controllers/ceilometer-upgrade/resources.ts";
import { createKubeClient } from "../../src/kube/client.ts";
import { createEventRecorder } from "../../src/kube/events.ts";
import { type Cluster, startCluster } from "../../tools/control-plane/cluster.ts";
import { startPodLogs } from "../../tools/control-plane/pod-logs.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { only } from "./fixtures/notification.ts";
import {
  auditScope,
  classic,
  ipmiPollsters,
  newPollsters,
  partialClassic,
  type Topology,
} from "./fixtures/topology.ts";
import { onceIsolated, pollingOnly, widened } from "./isolation.ts";
import { installRights } from "./operator-process.ts";
import { eventually, tell } from "./resource.ts";
import { inScene, type SceneOptions } from "./scene.ts";
import { create, uniqueName } from "./shared-cluster.ts";

let cluster: Cluster;
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  cluster = stack.use(await startCluster({ auditPolicy: join(import.meta.dirname, "fixtures/audit-rights.yaml") }));
  stack.use(await startPodLogs(cluster));
  const crd = "crds/ceilometer.openstack.org_ceilometerupgrades.yaml";
  const { code, stderr } = await cluster.kubectl(["apply", "-f", crd]);
  if (code !== 0) throw new Error(`kubectl apply -f ${crd}: ${stderr}`);
  const collection = "/apis/ceilometer.openstack.org/v1alpha1/ceilometerupgrades";
  const served = async (): Promise<boolean> => (await cluster.api.request("GET", collection)).status === 200;
  await eventually(served, () => `${collection} is not served`, 30_000);
});
afterAll(() => stack.disposeAsync());

const entrySchema = z.object({
  verb: z.string(),
  user: z.object({ username: z.string() }),
  requestURI: z.string(),
  objectRef: z
    .object({
      apiGroup: z.string().default(""),
      resource: z.string(),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    })
    .optional(),
  responseStatus: z.object({ code: z.int() }).optional(),
});
type Entry = z.infer<typeof entrySchema>;

const ACCOUNT = ":upgrades-ceilometer-upgrade-operator";

async function asked(): Promise<readonly Entry[]> {
  await using file = await open(cluster.auditLog ?? "");
  const entries: Entry[] = [];
  for await (const line of file.readLines()) {
    const entry = entrySchema.parse(JSON.parse(line));
    // A question about oneself is everybody's right.
    const isReview = entry.objectRef?.resource.startsWith("selfsubject") === true;
    if (entry.user.username.endsWith(ACCOUNT) && !isReview) entries.push(entry);
  }
  return entries;
}

const right = (group: string, resource: string, verb: string): string =>
  `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
const granted = new Set(
  PERMISSIONS.flatMap((each) => each.verbs.map((verb) => right(each.group, resourceName(each), verb))),
);

const play = (options: Omit<SceneOptions, "cluster">, story: Parameters<typeof inScene<void>>[1]): Promise<void> =>
  inScene({ ...options, cluster, confined: true }, story);

const CENTRAL = "Deployment/ceilometer-central";

test.concurrent("story: a full upgrade that is paused on the way, by one of several", () =>
  play({ topology: classic(), flags: ["--leader-elect"] }, async (scene) => {
    await scene.apply();
    await scene.until({ type: "DatabaseUpgraded", status: "True" });
    await scene.edit({ paused: true });
    await scene.until({ type: "Paused", status: "True" });
    await scene.edit({ paused: false });
    await scene.succeed();
  }));

test.concurrent("story: a partial upgrade with new pollsters in a Deployment, whose file is in a Secret", () => {
  const file = JSON.stringify({ sources: [{ name: "all", interval: 300, meters: ["*"] }] });
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "polling-next" },
    immutable: true,
    stringData: { "polling.yaml": file },
  };
  const topology = pollingOnly(newPollsters())
    .with(secret)
    .wish(({ target }) =>
      Object.assign(target, { config: { polling: { kind: "Secret", name: "polling-next", key: "polling.yaml" } } }),
    );
  return play(
    { topology, secrets: ["polling-next"], audit: auditScope(topology, { windows: widened(CENTRAL) }) },
    async (scene) => {
      await scene.apply();
      await scene.succeed();
    },
  );
});

test.concurrent("story: a partial upgrade with new pollsters on each host, deleted in the middle", () =>
  play({ topology: ipmiPollsters() }, async (scene) => {
    const isDeleted = onceIsolated(scene, () => scene.kubectl("delete", "cmu", "ceilometer", "--wait=false"));
    await scene.apply();
    const gone = async (): Promise<boolean> => isDeleted() && (await scene.resource()) === undefined;
    await eventually(gone, async () => `it is still there\n${tell(await scene.resource())}`, 60_000);
  }));

test.concurrent("story: a StatefulSet whose new pod cannot start is corrected", () => {
  const ocata = "quay.io/example/ceilometer:ocata";
  const name = "ceilometer-notification";
  const topology: Topology = only(partialClassic().stateful(name)).wish(({ components }) =>
    Object.assign(components.notification ?? {}, { image: `${ocata}-badimage` }),
  );
  return play({ topology, audit: auditScope(topology, { newImages: [ocata] }) }, async (scene) => {
    await scene.apply();
    await scene.stalled("ImagePullBackOff");
    await scene.edit({ components: { notification: { image: null } } });
    await scene.succeed();
  });
});

test.concurrent("story: an Event that is repeated after a minute", async () => {
  const namespace = uniqueName("events");
  await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const token = await installRights(cluster, namespace);
  const credentials = { headers: { authorization: `Bearer ${token}` }, tls: { ca: cluster.api.access.ca } };
  const authenticate = () => Promise.resolve(credentials);
  const connection = { server: new URL(cluster.server), namespace, authenticate };
  const client = createKubeClient(connection, { userAgent: "test", fieldManager: "test" });
  const clock = new FakeClock(Date.now());
  const lost: string[] = [];
  const recorder = createEventRecorder({
    client,
    clock,
    controller: "ceilometer.openstack.org/test",
    instance: "test",
    onLoss: (why) => lost.push(why),
  });
  const subject = { resource: UPGRADE, namespace, name: "ceilometer", uid: "1" };
  const note = { type: "Normal", reason: "Tested", action: "Test", message: "once a minute" } as const;
  recorder.record(subject, note);
  await recorder.flush();
  await clock.advance(61_000);
  recorder.record(subject, note);
  await recorder.flush();
  client.close();
  const { stdout } = await cluster.kubectl([
    "-n",
    namespace,
    "get",
    "events.events.k8s.io",
    "-o",
    "jsonpath={.items[*].series.count}",
  ]);
  expect(stdout).toBe("2");
  expect(lost).toEqual([]);
});

/** Runs when all stories are over: tests of a file that are not concurrent wait for those that are. */
test("every right was used, and nothing was asked for that was not granted", async () => {
  const entries = await asked();
  const refused = entries.filter(({ responseStatus }) => responseStatus?.code === 403 || responseStatus?.code === 401);
  expect(refused).toEqual([]);
  const used = new Set(
    entries.flatMap(({ verb, objectRef }) =>
      objectRef === undefined
        ? [`${verb} without a resource`]
        : [
            right(
              objectRef.apiGroup,
              objectRef.subresource === undefined
                ? objectRef.resource
                : `${objectRef.resource}/${objectRef.subresource}`,
              verb,
            ),
          ],
    ),
  );
  expect({ unused: [...granted.difference(used)], missing: [...used.difference(granted)] }).toEqual({
    unused: [],
    missing: [],
  });
});

test("nothing outside of the watched namespaces was read or written", async () => {
  const outside = (await asked()).filter(({ objectRef }) => objectRef?.namespace === undefined);
  expect(outside.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
});
