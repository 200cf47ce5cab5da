/** The auditor itself: it is content with an upgrade that is done right, and catches one that is not. */
import { expect, it } from "vitest";
import { type ClusterAccess, startCluster } from "../../tools/control-plane/cluster.ts";
import type { AuditedComponent } from "../support/audit-facts.ts";
import type { AuditScope } from "../support/invariants.ts";
import { startAuditor } from "./auditor.ts";
import { modern } from "./fixtures/topology.ts";
import { allReady, createObject } from "./scene.ts";
import { create, sharedCluster, uniqueName } from "./shared-cluster.ts";

const OLD = "quay.io/example/ceilometer:2025.1";
const NEW = "quay.io/example/ceilometer:2025.2";

const scope: AuditScope = {
  strategy: "Full",
  database: "skipped",
  components: [
    under("notification", ["notification"], [{ kind: "Deployment", name: "ceilometer-notification" }]),
    under("polling", ["central", "compute", "ipmi"], [{ kind: "Deployment", name: "ceilometer-central" }]),
  ],
};

function under(component: AuditedComponent, labels: string[], workloads: { kind: string; name: string }[]) {
  return {
    component,
    selectors: labels.map((label) => ({ application: "ceilometer", component: label })),
    workloads,
    oldImages: [OLD],
    newImages: [NEW],
  };
}

interface Stage {
  readonly cluster: ClusterAccess;
  readonly namespace: string;
  kubectl(...args: readonly string[]): Promise<string>;
  setImage(name: string): Promise<string>;
  rolledOut(workload: string): Promise<string>;
  podsGone(component: string): Promise<void>;
}

/** Agents of the old release in a namespace of their own. */
async function freshAgents(cluster: ClusterAccess): Promise<Stage> {
  const namespace = uniqueName("audited");
  await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (const object of modern().objects) await createObject(cluster, namespace, object);
  await allReady(cluster, namespace, modern(), []);
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(["-n", namespace, ...args]);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  return {
    cluster,
    namespace,
    kubectl,
    setImage: (name) => kubectl("set", "image", `deploy/ceilometer-${name}`, `ceilometer-${name}=${NEW}`),
    rolledOut: (workload) => kubectl("rollout", "status", workload, "--timeout=60s"),
    podsGone: (component) =>
      expect
        .poll(() => kubectl("get", "pods", "-l", `component=${component}`, "-o", "name"), { timeout: 30_000 })
        .toBe(""),
  };
}

const watch = (stage: Stage, watched: AuditScope = scope) =>
  startAuditor({ ...watched, api: stage.cluster.api, namespace: stage.namespace });

it.concurrent("finds nothing wrong with a component that is taken down, changed and brought back", async () => {
  const stage = await freshAgents(await sharedCluster());
  await using auditor = await watch(stage);
  await stage.kubectl("scale", "deploy/ceilometer-notification", "--replicas=0");
  await stage.podsGone("notification");
  await stage.setImage("notification");
  await stage.kubectl("scale", "deploy/ceilometer-notification", "--replicas=2");
  await stage.rolledOut("deploy/ceilometer-notification");
  expect(await auditor.finish()).toEqual([]);
  expect(auditor.gaps()).toBe(0);
});

it.concurrent("sees a rolling update for what it is, and what comes too early or never comes back", async () => {
  const stage = await freshAgents(await sharedCluster());
  await using auditor = await watch(stage);
  await stage.setImage("central");
  await stage.rolledOut("deploy/ceilometer-central");
  await stage.setImage("notification");
  await stage.rolledOut("deploy/ceilometer-notification");
  await stage.kubectl("scale", "deploy/ceilometer-notification", "--replicas=1");
  await stage.kubectl("delete", "ds/ceilometer-ipmi");
  const found = new Set((await auditor.finish()).map(({ invariant }) => invariant));
  expect([...found].toSorted()).toEqual(["I2", "I3", "I4", "I9"]);
});

it.concurrent("reads the verification from the agent's own log", async () => {
  const stage = await freshAgents(await sharedCluster());
  const agents = under("polling", ["central"], [{ kind: "Deployment", name: "ceilometer-central" }]);
  await using auditor = await watch(stage, { ...scope, components: [agents] });
  await stage.kubectl("scale", "deploy/ceilometer-central", "--replicas=0");
  await stage.podsGone("central");
  await stage.setImage("central");
  await stage.kubectl("scale", "deploy/ceilometer-central", "--replicas=1");
  const log = async (): Promise<string> =>
    (await stage.cluster.kubectl(["-n", stage.namespace, "logs", "deploy/ceilometer-central"])).stdout;
  await expect.poll(log, { timeout: 30_000 }).toContain("Finished polling pollster");
  await stage.kubectl("scale", "deploy/ceilometer-central", "--replicas=3");
  await stage.rolledOut("deploy/ceilometer-central");
  expect(await auditor.finish({ ended: false })).toEqual([]);
});

it.concurrent("goes on through an outage of the API server", async () => {
  // Its own control plane, because nobody else's may fail.
  await using cluster = await startCluster();
  const stage = await freshAgents(cluster);
  await using auditor = await watch(stage);
  await cluster.killApiServer();
  await cluster.startApiServer();
  await stage.setImage("notification");
  await stage.rolledOut("deploy/ceilometer-notification");
  expect((await auditor.finish()).map(({ invariant }) => invariant)).toEqual(["I2"]);
});
