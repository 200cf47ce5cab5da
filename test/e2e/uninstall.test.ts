/**
 * The chart is removed in the middle of an upgrade. Its pods are simulated, so the test is their kubelet: it runs what a pod is
 * given as a process with the rights of the pod's account, and says how it ended.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { startFaultProxy, type WriteRequest } from "../support/fault-proxy.ts";
import { startAuditor } from "./auditor.ts";
import { CHART, helm } from "./chart.ts";
import { auditScope, modern, newPollsters, type Topology } from "./fixtures/topology.ts";
import { widened } from "./isolation.ts";
import { type OperatorProcess, startOperator, tokenOf } from "./operator-process.ts";
import { conditionOf, eventually, isSo, readResource, tell } from "./resource.ts";
import { allReady, createObject } from "./scene.ts";
import { create, mergePatch, read, sharedCluster, uniqueName } from "./shared-cluster.ts";

const OPERATOR = "upgrades-ceilometer-upgrade-operator";
/** Pods of Jobs with such an image run until the test says otherwise. */
const VALUES = "crds.install=false,podLogs.enabled=true,image.tag=0-jobhang";

const podsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.tuple([z.object({ args: z.array(z.string()) })]),
      }),
      status: z.object({ phase: z.string() }),
    }),
  ),
});
type Pod = z.infer<typeof podsSchema>["items"][number];

async function runningPod(cluster: ClusterAccess, namespace: string, name: string): Promise<Pod> {
  let found: Pod | undefined;
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app.kubernetes.io/name%3D${name}`;
  const runs = async (): Promise<boolean> => {
    found = podsSchema.parse(await read(cluster, path)).items.find(({ status }) => status.phase === "Running");
    return found !== undefined;
  };
  await eventually(runs, () => `no pod ${name} runs in ${namespace}`, 60_000);
  if (found === undefined) throw new Error("a pod without a pod");
  return found;
}

/** `server`: what stands before the API server for this process. */
async function asKubelet(
  cluster: ClusterAccess,
  namespace: string,
  { spec }: Pod,
  server?: string,
): Promise<OperatorProcess> {
  const token = await tokenOf(cluster, namespace, spec.serviceAccountName);
  const args = spec.containers[0].args;
  return startOperator({ cluster, namespace, token, args, ...(server === undefined ? {} : { server }) });
}

const workloadsSchema = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({
        replicas: z.int().optional(),
        template: z.object({ spec: z.object({ nodeSelector: z.record(z.string(), z.string()).default({}) }) }),
      }),
    }),
  ),
});

interface Stage {
  readonly cluster: ClusterAccess;
  readonly namespace: string;
  /** Where the operator is. */
  readonly home: string;
  kubectl(...args: readonly string[]): Promise<string>;
}

async function workloads({ kubectl }: Stage): Promise<z.infer<typeof workloadsSchema>["items"]> {
  const { items } = workloadsSchema.parse(
    JSON.parse(await kubectl("get", "deploy,ds,sts", "-l", "application=ceilometer", "-o", "json")),
  );
  return items;
}

/** How many there are of each, and where: what may be borrowed. */
const sizes = async (stage: Stage): Promise<unknown> =>
  (await workloads(stage)).map(({ kind, metadata, spec }) => [
    kind,
    metadata.name,
    spec.replicas,
    spec.template.spec.nodeSelector,
  ]);

const marks = async (stage: Stage): Promise<readonly string[]> =>
  (await workloads(stage)).flatMap(({ metadata }) =>
    Object.keys(metadata.annotations).filter((key) => /\/(claim|borrowed|phase)$/.test(key)),
  );

async function install(release: string, home: string, watched: string): Promise<void> {
  const values = `${VALUES},watchNamespaces={${watched}}`;
  await helm("install", release, CHART, "--namespace", home, "--create-namespace", "--set", values);
}

async function stageOf(topology: Topology): Promise<Stage> {
  const cluster = await sharedCluster();
  const namespace = uniqueName("leaving");
  await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (const object of topology.objects) await createObject(cluster, namespace, object);
  await allReady(cluster, namespace, topology, []);
  const home = uniqueName("home");
  await install("upgrades", home, namespace);
  return {
    cluster,
    namespace,
    home,
    async kubectl(...args) {
      const { code, stdout, stderr } = await cluster.kubectl(["-n", namespace, ...args]);
      if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
      return stdout;
    },
  };
}

/** The chart is removed after the write that is the `middle`; no other of this operator gets through, but those to its lease. */
async function removedInTheMiddle(
  topology: Topology,
  middle: (write: WriteRequest) => boolean,
  scope = auditScope(topology),
): Promise<void> {
  const stage = await stageOf(topology);
  const { cluster, namespace, home, kubectl } = stage;
  const resource = () => readResource(cluster, namespace, "ceilometer");
  await using auditor = await startAuditor({ ...scope, api: cluster.api, logs: cluster.dir, namespace });
  const before = await sizes(stage);
  const pod = await runningPod(cluster, home, "ceilometer-upgrade-operator");
  await using proxy = await startFaultProxy({ server: cluster.server, ca: cluster.api.access.ca });
  let isReached = false;
  proxy.setHook((_n, phase, write) => {
    if (phase === "before") return isReached ? { kind: "drop" } : undefined;
    if (phase === "after-commit" && middle(write)) isReached = true;
    return undefined;
  });
  await using leader = await asKubelet(cluster, home, pod, proxy.url);
  await createObject(cluster, namespace, {
    apiVersion: "ceilometer.openstack.org/v1alpha1",
    kind: "CeilometerUpgrade",
    metadata: { name: "ceilometer" },
    spec: topology.spec,
  });
  await eventually(
    () => Promise.resolve(isReached),
    async () => `the middle was not reached
${tell(await resource())}`,
    60_000,
  );

  const removal = cluster.helm(["uninstall", "upgrades", "--namespace", home]);
  const hook = await runningPod(cluster, home, "ceilometer-upgrade-operator-give-back");
  await using giving = await asKubelet(cluster, home, hook);
  expect(await leader.ended).toBe(1);
  // A kubelet starts it again.
  await using standby = await asKubelet(cluster, home, pod);
  expect(await giving.ended).toBe(0);
  expect(giving.complaints()).toEqual([]);
  expect(await sizes(stage)).toEqual(before);
  expect(await marks(stage)).toEqual([]);
  expect(
    await kubectl("get", "deploy,ds,cm", "-l", "ceilometer.openstack.org/purpose in (isolated,derived)", "-o", "name"),
  ).toBe("");
  const left = await resource();
  expect(left?.metadata.finalizers).toEqual([]);
  expect(conditionOf(left, "Ready")).toMatchObject({ status: "False", reason: "OperatorRemoved" });

  const succeeded = { phase: "Succeeded", conditions: [{ type: "Ready", status: "False", reason: "PodCompleted" }] };
  await mergePatch(cluster, `/api/v1/namespaces/${home}/pods/${hook.metadata.name}/status`, { status: succeeded });
  const { code, stderr } = await removal;
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(
    await kubectl("get", "deploy,job,role,sa", "-n", home, "-l", "app.kubernetes.io/instance=upgrades", "-o", "name"),
  ).toBe("");
  await standby.ready;
  await standby.stop();
  // It waited, as others must who believe that they could lead.
  expect(standby.log.map(({ msg }) => msg)).not.toContain("leading");
  expect(await marks(stage)).toEqual([]);

  // Another release has a lease of its own: it need not wait until that of the first one runs out, within a minute.
  await install("again", home, namespace);
  await using next = await asKubelet(cluster, home, await runningPod(cluster, home, "ceilometer-upgrade-operator"));
  const done = async (): Promise<boolean> => isSo(await resource(), { type: "Succeeded", status: "True" });
  await eventually(
    done,
    async () =>
      `it does not go on\n${tell(await resource())}\n${next.log
        .slice(-20)
        .map((line) => JSON.stringify(line))
        .join("\n")}`,
    90_000,
  );
  expect(await auditor.finish()).toEqual([]);
  await next.stop();
  expect([...standby.complaints().filter((line) => !isWithoutRights(line)), ...next.complaints()]).toEqual([]);
}

/** Its rights go with the release, and it may look at the lease once more before it ends. */
const isWithoutRights = (line: string): boolean => /could not read or write the lease.*is forbidden/.test(line);

test.concurrent("while the notification agents are down", () =>
  removedInTheMiddle(
    modern(),
    ({ path, body }) => path.includes("/ceilometer-notification?") && body.includes("~1borrowed"),
  ));

test.concurrent("while new pollsters are in a group of their own", () => {
  const topology = newPollsters();
  // Agents on the shared file get the whole one when all is given back, and what is new has to wait for the next group.
  const scope = { ...auditScope(topology, { windows: widened("Deployment/ceilometer-central") }), restarts: 1 };
  const isolates = ({ method, body }: WriteRequest): boolean =>
    method === "POST" && body.includes("PARTITIONING_GROUP_PREFIX");
  return removedInTheMiddle(topology, isolates, scope);
});

test.concurrent("where it takes too long, nothing is removed; without hooks, nothing is waited for", async () => {
  const { cluster, home, kubectl } = await stageOf(modern());
  await helm(
    "upgrade",
    "upgrades",
    CHART,
    "--namespace",
    home,
    "--reuse-values",
    "--set",
    "uninstall.timeoutSeconds=10",
  );
  const { code, stderr } = await cluster.helm(["uninstall", "upgrades", "--namespace", home]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/give-back.*Failed/);
  expect(await kubectl("get", "deploy", "-n", home, OPERATOR, "-o", "jsonpath={.spec.replicas}")).toBe("2");
  await helm("uninstall", "upgrades", "--namespace", home, "--no-hooks");
  expect(await kubectl("get", "deploy", "-n", home, "-l", "app.kubernetes.io/instance=upgrades", "-o", "name")).toBe(
    "",
  );
});
