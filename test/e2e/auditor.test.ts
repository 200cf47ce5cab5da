/** The auditor itself: it is content with an upgrade that is done right, and catches one that is not. */
import { expect, it } from "vitest";
import { startCluster } from "../../tools/control-plane/cluster.ts";
import type { AuditedComponent } from "../support/audit-facts.ts";
import type { AuditScope } from "../support/invariants.ts";
import { startAuditor } from "./auditor.ts";
import { modern } from "./fixtures/topology.ts";
import { sharedCluster } from "./shared-cluster.ts";
import { freshAgents, type Stage } from "./stage.ts";

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

const setImage = (stage: Stage, name: string): Promise<string> =>
  stage.kubectl("set", "image", `deploy/ceilometer-${name}`, `ceilometer-${name}=${NEW}`);

const watch = (stage: Stage, watched: AuditScope = scope) =>
  startAuditor({ ...watched, api: stage.cluster.api, namespace: stage.namespace });

it.concurrent("finds nothing wrong with a component that is taken down, changed and brought back", async () => {
  const stage = await freshAgents(await sharedCluster(), modern());
  await using auditor = await watch(stage);
  await stage.kubectl("scale", "deploy/ceilometer-notification", "--replicas=0");
  await stage.podsGone("notification");
  await setImage(stage, "notification");
  await stage.kubectl("scale", "deploy/ceilometer-notification", "--replicas=2");
  await stage.rolledOut("deploy/ceilometer-notification");
  expect(await auditor.finish()).toEqual([]);
  expect(auditor.gaps()).toBe(0);
});

it.concurrent("sees a rolling update for what it is, and what comes too early or never comes back", async () => {
  const stage = await freshAgents(await sharedCluster(), modern());
  await using auditor = await watch(stage);
  await setImage(stage, "central");
  await stage.rolledOut("deploy/ceilometer-central");
  await setImage(stage, "notification");
  await stage.rolledOut("deploy/ceilometer-notification");
  await stage.kubectl("scale", "deploy/ceilometer-notification", "--replicas=1");
  await stage.kubectl("delete", "ds/ceilometer-ipmi");
  const found = new Set((await auditor.finish()).map(({ invariant }) => invariant));
  expect([...found].toSorted()).toEqual(["I2", "I3", "I4", "I9"]);
});

it.concurrent("reads the verification from the agent's own log", async () => {
  const stage = await freshAgents(await sharedCluster(), modern());
  const agents = under("polling", ["central"], [{ kind: "Deployment", name: "ceilometer-central" }]);
  await using auditor = await watch(stage, { ...scope, components: [agents] });
  await stage.kubectl("scale", "deploy/ceilometer-central", "--replicas=0");
  await stage.podsGone("central");
  await setImage(stage, "central");
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
  const stage = await freshAgents(cluster, modern());
  await using auditor = await watch(stage);
  await cluster.killApiServer();
  await cluster.startApiServer();
  await setImage(stage, "notification");
  await stage.rolledOut("deploy/ceilometer-notification");
  expect((await auditor.finish()).map(({ invariant }) => invariant)).toEqual(["I2"]);
});
