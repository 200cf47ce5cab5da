/** The real operator under Flux' real kustomize-controller, which applies the same workloads again and again, and prunes. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { atRest, files } from "../argocd/git-ops.ts";
import { podsOf } from "../argocd/namespace.ts";
import { modern } from "../e2e/fixtures/topology.ts";
import { conditionOf, eventually } from "../e2e/resource.ts";
import { inScene, type SceneOptions } from "../e2e/scene.ts";
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

test("a new revision upgrades, is ready when the upgrade is, and nothing is applied against it", async () => {
  const topology = modern();
  let source: Source | undefined;
  await using stack = new AsyncDisposableStack();
  const place: SceneOptions["place"] = async (cluster, namespace) => {
    source = stack.use(await startSource(cluster, namespace));
    const first = await source.deliver(files(atRest(topology)));
    await create(cluster, collection(namespace), {
      ...example,
      metadata: { name: "ceilometer" },
      // Again and again, so that a fight would show.
      spec: { ...example.spec, path: "./", targetNamespace: namespace, interval: "2s", timeout: "2m" },
    });
    await readyAt(cluster, namespace, first);
  };
  await inScene({ topology, place }, async (scene) => {
    const upgraded = await source?.deliver(files(topology));
    await readyAt(scene.cluster, scene.namespace, upgraded ?? "");
    expect(conditionOf(await scene.resource(), "Succeeded")).toMatchObject({ status: "True", observedGeneration: 2 });
    await scene.succeed();

    const pods = await podsOf(scene);
    const shown = await source?.deliver(files(topology.tagged("2025.2")));
    await readyAt(scene.cluster, scene.namespace, shown ?? "");
    expect(await podsOf(scene)).toEqual(pods);
    expect(conditionOf(await scene.resource(), "Drifted")?.status).toBe("False");
  });
});
