import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../tools/control-plane/cluster.ts";
import { type PodLogs, startPodLogs } from "../../tools/control-plane/pod-logs.ts";
import type { AuditedComponent } from "../support/audit-facts.ts";
import type { AuditScope } from "../support/invariants.ts";
import { startAuditor } from "./auditor.ts";

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

let cluster: Cluster;
let logs: PodLogs;

beforeAll(async () => {
  cluster = await startCluster();
  logs = await startPodLogs(cluster);
});
afterAll(async () => {
  await logs[Symbol.asyncDispose]();
  await cluster.stop();
});

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(["-n", "openstack", ...args]);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function freshAgents(): Promise<void> {
  await kubectl("delete", "namespace", "openstack", "--ignore-not-found", "--wait");
  await kubectl("apply", "-f", "examples/modern/ceilometer.yaml");
  for (const workload of [
    "deploy/ceilometer-notification",
    "deploy/ceilometer-central",
    "ds/ceilometer-compute",
    "ds/ceilometer-ipmi",
  ])
    await kubectl("rollout", "status", workload, "--timeout=60s");
}

const setImage = (name: string): Promise<string> =>
  kubectl("set", "image", `deploy/ceilometer-${name}`, `ceilometer-${name}=${NEW}`);
const podsGone = (component: string): Promise<void> =>
  expect.poll(() => kubectl("get", "pods", "-l", `component=${component}`, "-o", "name"), { timeout: 30_000 }).toBe("");

it("finds nothing wrong with a component that is taken down, changed and brought back", async () => {
  await freshAgents();
  await using auditor = await startAuditor({ ...scope, api: cluster.api, namespace: "openstack" });
  await kubectl("scale", "deploy/ceilometer-notification", "--replicas=0");
  await podsGone("notification");
  await setImage("notification");
  await kubectl("scale", "deploy/ceilometer-notification", "--replicas=2");
  await kubectl("rollout", "status", "deploy/ceilometer-notification", "--timeout=60s");
  expect(await auditor.finish()).toEqual([]);
  expect(auditor.gaps()).toBe(0);
});

it("sees a rolling update for what it is, and what comes too early or never comes back", async () => {
  await freshAgents();
  await using auditor = await startAuditor({ ...scope, api: cluster.api, namespace: "openstack" });
  await setImage("central");
  await kubectl("rollout", "status", "deploy/ceilometer-central", "--timeout=60s");
  await setImage("notification");
  await kubectl("rollout", "status", "deploy/ceilometer-notification", "--timeout=60s");
  await kubectl("scale", "deploy/ceilometer-notification", "--replicas=1");
  await kubectl("delete", "ds/ceilometer-ipmi");
  const found = new Set((await auditor.finish()).map(({ invariant }) => invariant));
  expect([...found].toSorted()).toEqual(["I2", "I3", "I4", "I9"]);
});

it("reads the verification from the agent's own log", async () => {
  await freshAgents();
  const agents = under("polling", ["central"], [{ kind: "Deployment", name: "ceilometer-central" }]);
  const only = { ...scope, components: [agents] };
  await using auditor = await startAuditor({ ...only, api: cluster.api, namespace: "openstack" });
  await kubectl("scale", "deploy/ceilometer-central", "--replicas=0");
  await podsGone("central");
  await setImage("central");
  await kubectl("scale", "deploy/ceilometer-central", "--replicas=1");
  await expect.poll(() => logs.firstPolls().some(({ image }) => image === NEW), { timeout: 30_000 }).toBe(true);
  await expect
    .poll(async () => (await cluster.kubectl(["-n", "openstack", "logs", "deploy/ceilometer-central"])).code)
    .toBe(0);
  await kubectl("scale", "deploy/ceilometer-central", "--replicas=3");
  await kubectl("rollout", "status", "deploy/ceilometer-central", "--timeout=60s");
  expect(await auditor.finish({ ended: false })).toEqual([]);
});

it("goes on through an outage of the API server", async () => {
  await freshAgents();
  await using auditor = await startAuditor({ ...scope, api: cluster.api, namespace: "openstack" });
  await cluster.killApiServer();
  await cluster.startApiServer();
  await setImage("notification");
  await kubectl("rollout", "status", "deploy/ceilometer-notification", "--timeout=60s");
  expect((await auditor.finish()).map(({ invariant }) => invariant)).toEqual(["I2"]);
});
