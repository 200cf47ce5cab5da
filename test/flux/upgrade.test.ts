/** The real operator under Flux' real kustomize-controller, which applies the same workloads again and again, and prunes. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { atRest, files } from "../argocd/git-ops.ts";
import { podsOf } from "../argocd/namespace.ts";
import { startBroker } from "../e2e/broker.ts";
import { allowing, NOTIFICATION, treated } from "../e2e/fixtures/notification.ts";
import { drained, modern, type Topology, workloadSchema } from "../e2e/fixtures/topology.ts";
import { conditionOf, eventually } from "../e2e/resource.ts";
import { inScene, type SceneOptions } from "../e2e/scene.ts";
import { timesDown } from "../e2e/seen.ts";
import { create, read } from "../e2e/shared-cluster.ts";
import { type Source, startSource } from "./source.ts";

const exampleSchema = z.looseObject({ spec: z.looseObject({ ignore: z.array(z.unknown()) }) });
const example = exampleSchema.parse(parse(readFileSync("examples/flux/kustomization.yaml", "utf8")));

const conditionSchema = z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() });
const schema = z.object({
  status: z
    .object({ lastAppliedRevision: z.string().optional(), conditions: z.array(conditionSchema).default([]) })
    .prefault({}),
});

const collection = (namespace: string): string =>
  `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${namespace}/kustomizations`;

async function readyAt(cluster: ClusterAccess, namespace: string, revision: string): Promise<void> {
  let last: z.infer<typeof schema>["status"] | undefined;
  const holds = async (): Promise<boolean> => {
    last = schema.parse(await read(cluster, `${collection(namespace)}/ceilometer`)).status;
    const ready = last.conditions.find(({ type }) => type === "Ready");
    return last.lastAppliedRevision === revision && ready?.status === "True";
  };
  await eventually(holds, () => `${namespace} at ${revision}: ${JSON.stringify(last, undefined, 1)}`, 90_000);
}

/** The topology as Git has it before the upgrade, applied by Flux, and where the next revision goes. */
function applied(topology: Topology, stack: AsyncDisposableStack, options: { readonly wait?: boolean } = {}) {
  let source: Source | undefined;
  const place: SceneOptions["place"] = async (cluster, namespace) => {
    source = stack.use(await startSource(cluster, namespace));
    const first = await source.deliver(files(atRest(topology)));
    await create(cluster, collection(namespace), {
      ...example,
      metadata: { name: "ceilometer" },
      // Again and again, so that a fight would show.
      spec: { ...example.spec, path: "./", targetNamespace: namespace, interval: "2s", timeout: "2m", ...options },
    });
    await readyAt(cluster, namespace, first);
  };
  return { place, deliver: async (next: Topology): Promise<string> => (await source?.deliver(files(next))) ?? "" };
}

test("a new revision upgrades, is ready when the upgrade is, and nothing is applied against it", async () => {
  const topology = modern();
  await using stack = new AsyncDisposableStack();
  const { place, deliver } = applied(topology, stack);
  await inScene({ topology, place }, async (scene) => {
    const upgraded = await deliver(topology);
    await readyAt(scene.cluster, scene.namespace, upgraded);
    expect(conditionOf(await scene.resource(), "Succeeded")).toMatchObject({ status: "True", observedGeneration: 2 });
    await scene.succeed();

    const pods = await podsOf(scene);
    const shown = await deliver(topology.tagged("2025.2"));
    await readyAt(scene.cluster, scene.namespace, shown);
    expect(await podsOf(scene)).toEqual(pods);
    expect(conditionOf(await scene.resource(), "Drifted")?.status).toBe("False");
  });
});

/** The words behind the program as arguments, where many charts have them. */
const withArguments = (topology: Topology): Topology =>
  topology.object(NOTIFICATION, (object) => {
    const { spec } = workloadSchema.parse(object);
    for (const container of spec.template.spec.containers) {
      const [program = "", ...words] = container.command ?? [];
      Object.assign(container, { command: [program], args: words });
    }
    object["spec"] = spec;
  });

test.each([
  ["command", treated(drained())],
  ["arguments", withArguments(treated(drained()))],
])("agents whose intake is off stay so while their queues are emptied: by their %s", async (_, topology) => {
  await using broker = await startBroker(17);
  await using stack = new AsyncDisposableStack();
  // While it waits for the upgrade it does not apply: not before the time-out, or another revision.
  const { place, deliver } = applied(topology, stack, { wait: false });
  const flags = ["--providers", broker.providers];
  await inScene(
    { ...allowing(topology, 2, "P3: once with the intake off, once as the target"), place, flags },
    async (scene) => {
      const upgraded = await deliver(topology);
      await eventually(
        async () => broker.asked.length > 0,
        () => "the broker is not asked",
        60_000,
      );
      const workload = () =>
        scene.kubectl(
          "get",
          "deployment",
          "ceilometer-notification",
          "-o",
          "jsonpath={.metadata.generation} {.spec.template.spec.containers[0]}",
        );
      const off = await workload();
      expect(off).toContain("drain.conf");
      // Several intervals.
      await pause(7000);
      expect(await workload()).toBe(off);
      broker.messages = 0;
      await readyAt(scene.cluster, scene.namespace, upgraded);
      await scene.succeed();
      expect(timesDown(scene, "ceilometer-notification")).toBe(2);
    },
  );
});
