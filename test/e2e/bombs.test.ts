/**
 * Files that are made to hold their readers, one after another, in the configuration that one resource asks for: each is answered, the
 * upgrade of another Ceilometer goes to its end meanwhile, and with a good file the first one goes, too.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { BOMBS } from "../support/parser-bombs.ts";
import { treated } from "./fixtures/notification.ts";
import { changedPipeline, modern } from "./fixtures/topology.ts";
import { FULL_NAME } from "./operator-process.ts";
import { conditionOf, eventually, isSo, readResource, tell } from "./resource.ts";
import { FULL, SEED, sample } from "./sampling.ts";
import { createObject, inScene, type Scene } from "./scene.ts";
import { read } from "./shared-cluster.ts";

/** Bytes: every second file is as large as those that are read at the most, and each other one as large as an object may be. */
const SIZES = [64 * 1024, 1_000_000] as const;
const SAMPLE = 20;

/** An object may have 1 MiB, and the request that brings it 3 MiB, in which some characters are escaped. */
const ESCAPED = 2.5;

/** What is cut off is no more than what is repeated. */
function sized(make: (length: number) => string, bytes: number): string {
  const text = make(bytes);
  const needed = Math.max(bytes, Buffer.byteLength(text), Buffer.byteLength(JSON.stringify(text)) / ESCAPED);
  return make(Math.floor((bytes * bytes) / needed));
}

const bombs = sample(FULL ? BOMBS.length : SAMPLE, BOMBS.length, SEED).flatMap((number, index) => {
  const [name, make] = BOMBS[number - 1] ?? [];
  const bytes = SIZES[index % SIZES.length] ?? 0;
  return name === undefined || make === undefined ? [] : [{ name, text: sized(make, bytes) }];
});

/** What the resource is told about a file, when it speaks of the generation that asks for it. */
async function answered(scene: Scene): Promise<string> {
  const speaks = async (): Promise<boolean> => {
    const resource = await scene.resource();
    return conditionOf(resource, "Ready")?.observedGeneration === resource?.metadata.generation;
  };
  await eventually(speaks, async () => tell(await scene.resource()), 60_000);
  return JSON.stringify((await scene.resource())?.status.preflight);
}

const leaseSchema = z.object({ spec: z.object({ holderIdentity: z.string(), leaseTransitions: z.int() }) });

async function leaseOf({ cluster, namespace }: Scene): Promise<z.infer<typeof leaseSchema>> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${FULL_NAME}`;
  return leaseSchema.parse(await read(cluster, path));
}

test(`files that hold their readers (${bombs.length} of ${BOMBS.length}, E2E_SEED=${SEED}), beside another upgrade`, () =>
  inScene({ topology: treated(changedPipeline()), neighbour: modern(), flags: ["--leader-elect"] }, async (scene) => {
    const { cluster, topology, neighbour = "" } = scene;
    const { config } = topology.spec.target;
    await scene.apply(topology.wish((spec) => Object.assign(spec, { paused: true })));
    await createObject(cluster, neighbour, {
      apiVersion: "ceilometer.openstack.org/v1alpha1",
      kind: "CeilometerUpgrade",
      metadata: { name: "ceilometer" },
      spec: modern().spec,
    });
    await answered(scene);
    const lease = await leaseOf(scene);
    const held: string[] = [];
    for (const [index, { text }] of bombs.entries()) {
      const name = `bomb-${index}`;
      await createObject(cluster, scene.namespace, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name },
        immutable: true,
        data: { file: text },
      });
      const file = { kind: "ConfigMap", name, key: "file" };
      await scene.edit({ target: { config: { pipeline: file, polling: file } } });
      if ((await answered(scene)).includes(name)) held.push(name);
    }
    // What a few of these texts are is a file like any other; most are not, and each that is not is named.
    expect(held.length).toBeGreaterThan(bombs.length / 2);
    const beside = () => readResource(cluster, neighbour, "ceilometer");
    const isDone = async (): Promise<boolean> => isSo(await beside(), { type: "Succeeded", status: "True" });
    await eventually(isDone, async () => tell(await beside()), 120_000);
    await scene.edit({ target: { config }, paused: false });
    await scene.until({ type: "Succeeded", status: "True" });
    expect(await leaseOf(scene)).toEqual(lease);
  }));
