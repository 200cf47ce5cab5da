/** What the parts of the operator are to each other, as it runs: the one that leads, and the one that stands by. */
import { expect, test } from "vitest";
import type { ModelClient } from "../test/sim/model-client.ts";
import type { ModelCluster } from "../test/sim/model-cluster.ts";
import { aStage, exchanged, passUntil, type Running, type Stage, startOperator } from "../test/sim/running-operator.ts";
import { FIELD_MANAGER, FINALIZER, LABEL } from "./api/v1alpha1/names.ts";
import type { KubeClient } from "./kube/client.ts";
import { KubeApiError } from "./kube/errors.ts";
import { silentLog } from "./runtime/logger.ts";

interface Replica {
  readonly running: Running;
  /** The value of its series of this name. */
  measured(name: string): Promise<number>;
}

async function replica(stage: Stage, identity: string): Promise<Replica> {
  const serving = Promise.withResolvers<number>();
  const info = (fields: object, msg: string): void => {
    if (msg === "serving /metrics" && "port" in fields && typeof fields.port === "number") serving.resolve(fields.port);
  };
  const flags = ["--leader-elect", "--metrics-address=127.0.0.1:0"];
  const running = startOperator({ ...stage, flags, identity, log: { ...silentLog, info } });
  const port = await serving.promise;
  return {
    running,
    async measured(name) {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const line = text.split("\n").find((each) => each.startsWith(`ceilometer_upgrade_operator_${name} `));
      return Number(line?.split(" ")[1]);
    },
  };
}

const succeeded = ({ cluster }: Stage): boolean => {
  const metadata = cluster.upgrade?.metadata;
  const said = JSON.stringify(cluster.upgrade?.["status"] ?? {});
  const isOfNow = said.includes(`"observedGeneration":${String(metadata?.generation)}`);
  return isOfNow && /"type":"Succeeded","status":"True"/.test(said) && !metadata?.finalizers?.includes(FINALIZER);
};

test("one that stands by has nothing in its queue, and is late with nothing when it takes over", async () => {
  const stage = aStage();
  const first = await replica(stage, "one");
  await passUntil(stage, [first.running], () => false, 10_000);
  const second = await replica(stage, "two");
  const both = [first.running, second.running];
  stage.cluster.wish();
  expect(await passUntil(stage, both, () => succeeded(stage))).toBe(true);
  const annotations = { metadata: { annotations: { touched: "yes" } } };
  const ref = { kind: "CeilometerUpgrade", namespace: "openstack", name: "ceilometer" };
  stage.cluster.api.patchMerge(ref, annotations);
  await passUntil(stage, both, () => false, 60_000);
  expect([await first.measured("leader"), await second.measured("leader")]).toEqual([1, 0]);
  expect(await first.measured("queue_adds_total")).toBeGreaterThan(10);
  // Prometheus has no series for what was never added.
  expect((await second.measured("queue_adds_total")) || 0).toBe(0);
  expect(await second.measured("queue_depth")).toBe(0);

  // What is wished for while nobody leads is done by whoever does next.
  first.running.stop();
  const target = { release: "pike", image: "registry.example/ceilometer:pike" };
  stage.cluster.rewish((spec) => ({ ...spec, from: { release: "ocata" }, target }));
  await passUntil(stage, both, () => false, 125);
  expect(await passUntil(stage, both, () => succeeded(stage))).toBe(true);
  expect(stage.cluster.workloads[0]?.spec.template.spec.containers[0]?.image).toMatch(/pike$/);
  await first.running.ended;
  expect(await second.measured("leader")).toBe(1);
  expect(await second.measured("queue_latency_seconds_sum")).toBeLessThan(1);
  second.running.stop();
  await passUntil(stage, both, () => false, 10_000);
  await second.running.ended;
});

test("a leader that stood still for longer than it may lead writes nothing more, before any timer tells it", async () => {
  const stage = aStage();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  let isHeld = false;
  let written = 0;
  const wrap = (client: ModelClient): KubeClient =>
    exchanged(client, {
      // Pods are asked for right before the agents are started.
      async list(resource, options) {
        const pods = await client.list(resource, options);
        isHeld = true;
        asked.resolve();
        await answer.promise;
        return pods;
      },
      patchJson(...call) {
        if (isHeld) written += 1;
        return client.patchJson(...call);
      },
    });
  stage.cluster.wish();
  const operator = startOperator({ ...stage, flags: ["--leader-elect"], wrap });
  const ended = operator.ended.then(
    () => "stopped",
    (error: unknown) => String(error),
  );
  expect(await passUntil(stage, [operator], () => isHeld)).toBe(true);
  await asked.promise;
  const standing = stage.clock.freeze(20_000);
  answer.resolve();
  await standing;
  await passUntil(stage, [operator], () => false, 10_000);
  expect(await ended).toContain("LeaseLostError");
  expect(written).toBe(0);
});

test("a write that is answered as done and changes nothing is made less and less often, and told with what to look at", async () => {
  const stage = aStage();
  const { api } = stage.cluster;
  const patchMerge = api.patchMerge.bind(api);
  let written = 0;
  // As a webhook that lets nobody annotate a workload.
  api.patchMerge = (ref, patch, manager) => {
    if (ref.kind !== "Deployment") return patchMerge(ref, patch, manager);
    written += 1;
    return patchMerge(ref, {}, manager);
  };
  stage.cluster.wish();
  const operator = startOperator(stage);
  const isTold = (): boolean => /stores nothing of it/.test(JSON.stringify(stage.cluster.upgrade?.["status"] ?? {}));
  expect(await passUntil(stage, [operator], isTold, 30_000)).toBe(true);
  const before = written;
  expect(before).toBeLessThan(15);
  await passUntil(stage, [operator], () => false, 60_000);
  expect(written - before).toBeLessThanOrEqual(12);
  // It goes on by itself when it may.
  api.patchMerge = patchMerge;
  expect(await passUntil(stage, [operator], () => succeeded(stage))).toBe(true);
  operator.stop();
  await passUntil(stage, [operator], () => false, 10_000);
  await operator.ended;
});

/** A record of a resource that somebody has taken the finalizer off and deleted, as the garbage collector leaves it. */
function leaveOrphan({ api }: ModelCluster, owner: string): void {
  const name = "ceilometer-attempt-of-before";
  const labels = { "app.kubernetes.io/managed-by": FIELD_MANAGER, [LABEL.purpose]: "attempt" };
  const ownerReferences = [{ apiVersion: "v1", kind: "CeilometerUpgrade", name: owner, uid: "gone", controller: true }];
  const metadata = { namespace: "openstack", name, labels, finalizers: [FINALIZER], ownerReferences };
  api.create({ apiVersion: "v1", kind: "ConfigMap", metadata });
  api.remove({ kind: "ConfigMap", namespace: "openstack", name });
}
const isThere = ({ cluster }: Stage): boolean =>
  cluster.api.get("ConfigMap", "ceilometer-attempt-of-before") !== undefined;

test("a record whose resource went while nobody led is let go by whoever leads next", async () => {
  const stage = aStage();
  leaveOrphan(stage.cluster, "another");
  const running = startOperator(stage);
  expect(await passUntil(stage, [running], () => !isThere(stage), 10_000)).toBe(true);
  running.stop();
  await passUntil(stage, [running], () => false, 1000);
  await running.ended;
});

test.each(["refused", "taken out again"])(
  "a record that cannot be let go (%s) keeps no resource of its name waiting, and is not written without pause",
  async (how) => {
    const stage = aStage();
    leaveOrphan(stage.cluster, "ceilometer");
    let writes = 0;
    const wrap = (client: ModelClient): KubeClient =>
      exchanged(client, {
        patchMerge(resource, ref, patch, options) {
          if (ref.name !== "ceilometer-attempt-of-before") return client.patchMerge(resource, ref, patch, options);
          writes += 1;
          if (how === "refused")
            return Promise.reject(
              new KubeApiError({ kind: "forbidden", code: 403, reason: "Forbidden", message: "no" }),
            );
          return client.get(resource, ref, options);
        },
      });
    stage.cluster.wish();
    const running = startOperator({ ...stage, wrap });
    expect(await passUntil(stage, [running], () => succeeded(stage), 60_000)).toBe(true);
    expect(isThere(stage)).toBe(true);
    expect(writes).toBeGreaterThan(0);
    expect(writes).toBeLessThan(60);
    running.stop();
    await passUntil(stage, [running], () => false, 1000);
    await running.ended;
  },
);

test("after two minutes without an API server one answer brings every watch back, and few looks are at what is old", async () => {
  const stage = aStage();
  const back = new Map<string, number>();
  const wrap = (client: ModelClient): KubeClient =>
    exchanged(client, {
      watch(resource, options) {
        const onOpen = (): void => {
          if (!back.has(resource.plural)) back.set(resource.plural, stage.clock.monotonic());
          options.onOpen?.();
        };
        return client.watch(resource, { ...options, onOpen });
      },
    });
  let stale = 0;
  const debug = (_: object, msg: string): void => {
    if (msg === "decided on something older; looking again") stale += 1;
  };
  const operator = startOperator({ ...stage, wrap, log: { ...silentLog, debug } });
  await passUntil(stage, [operator], () => false, 10_000);
  const kinds = back.size;
  let isLost = false;
  // The first write to a workload is carried out: its answer and its event are lost with all connections.
  stage.cluster.api.subscribe(({ object }) => {
    if (object.kind !== "Deployment" || isLost) return;
    isLost = true;
    operator.client.away(true);
  });
  stage.cluster.wish();
  expect(await passUntil(stage, [operator], () => isLost, 30_000)).toBe(true);
  await passUntil(stage, [operator], () => false, 120_000);
  back.clear();
  operator.client.away(false);
  expect(await passUntil(stage, [operator], () => succeeded(stage))).toBe(true);
  const times = [...back.values()];
  // They had waited for up to half a minute more, each by itself; the write was tried every five seconds meanwhile.
  expect(times).toHaveLength(kinds);
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(1_250);
  expect(stale).toBeGreaterThan(0);
  expect(stale).toBeLessThanOrEqual(2);
  operator.stop();
  await passUntil(stage, [operator], () => false, 10_000);
  await operator.ended;
});
