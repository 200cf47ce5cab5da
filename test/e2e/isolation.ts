/** What partial upgrades of polling agents are looked at for, beside the auditor's verdict: isolated groups, and what is left of them. */
import { expect } from "vitest";
import { z } from "zod";
import type { Topology } from "./fixtures/topology.ts";
import { isStatusWrite, type Scene } from "./scene.ts";

const PREFIX = "OS_POLLING__PARTITIONING_GROUP_PREFIX";
const PURPOSE = "ceilometer.openstack.org/purpose";

/** Polling agents alone: notification agents and the database are upgraded in other scenes. */
export const pollingOnly = (topology: Topology): Topology =>
  topology.without("Deployment/ceilometer-notification").wish(({ components }) => {
    delete components.notification;
    components.database = { action: "Skip" };
  });

/** A single workload of agents: the others of the example are not even there. */
export function only(topology: Topology, kind: "Deployment" | "DaemonSet", name: string): Topology {
  const others = (topology.spec.components.polling?.targets ?? []).filter((target) => target.name !== name);
  return others
    .reduce((whole, other) => whole.without(`${other.kind}/${other.name}`), topology)
    .wish(({ components }) => {
      if (components.polling !== undefined) components.polling.targets = [{ kind, name }];
    });
}

/** One window of one workload: it is stopped and started once, to get the whole polling file. */
export const widened = (...workloads: readonly string[]) =>
  workloads.map((workload) => ({
    workload,
    count: 1,
    why: "I7: all of its agents get the whole polling file at once",
  }));

/** Groups of their own that agents were seen in: the prefix, and the kind of workload. */
export function groupsSeen(scene: Scene): readonly string[] {
  const seen = scene.auditor.facts.flatMap((fact) =>
    fact.about === "pod"
      ? fact.pod.containers.flatMap(({ env }) => (env[PREFIX] === undefined ? [] : `${fact.pod.owner} ${env[PREFIX]}`))
      : [],
  );
  return [...new Set(seen)];
}

const listSchema = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      metadata: z.object({
        name: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
        annotations: z.record(z.string(), z.string()).default({}),
      }),
      spec: z
        .object({
          template: z
            .object({
              spec: z.object({
                containers: z.array(z.object({ image: z.string() })),
                volumes: z.array(z.object({ configMap: z.object({ name: z.string() }).optional() })).default([]),
              }),
            })
            .optional(),
        })
        .optional(),
    }),
  ),
});

/** Isolated workloads, derived files, templates that mount one, marks on workloads: nothing of it may be left at the end. */
export async function leftovers(scene: Scene): Promise<readonly string[]> {
  const { items } = listSchema.parse(JSON.parse(await scene.kubectl("get", "deploy,ds,sts,cm", "-o", "json")));
  const made = items.filter(({ metadata }) => ["isolated", "derived"].includes(metadata.labels[PURPOSE] ?? ""));
  const derived = /-(?:new|shared)-[0-9a-f]{8}$/;
  return [
    ...made.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
    ...items.flatMap(({ metadata, spec }) =>
      (spec?.template?.spec.volumes ?? []).flatMap(({ configMap }) =>
        derived.test(configMap?.name ?? "") ? `${metadata.name} mounts ${configMap?.name}` : [],
      ),
    ),
    ...items.flatMap(({ metadata }) =>
      Object.keys(metadata.annotations)
        .filter((key) => /\/(?:claim|borrowed|phase)$/.test(key))
        .map((key) => `${metadata.name} has ${key}`),
    ),
  ];
}

export async function imagesOf(scene: Scene): Promise<readonly string[]> {
  const { items } = listSchema.parse(JSON.parse(await scene.kubectl("get", "deploy,ds,sts", "-o", "json")));
  const images = items.flatMap(({ spec }) => spec?.template?.spec.containers.map(({ image }) => image) ?? []);
  return [...new Set(images)];
}

/** The upgrade ends well, as the auditor sees it, and nothing that was made for a while is left. */
export async function completed(scene: Scene): Promise<void> {
  await scene.succeed();
  expect(await leftovers(scene)).toEqual([]);
}

/** Does something once, right after the API server has committed the write that starts an isolated group. Answers whether it is done. */
export function onceIsolated(scene: Scene, act: () => Promise<unknown>): () => boolean {
  let isDone = false;
  scene.proxy.setHook(async (_n, phase, request) => {
    const { method, body } = request;
    if (isDone || phase !== "after-commit" || isStatusWrite(request)) return undefined;
    if (method !== "POST" || !body.includes(PREFIX)) return undefined;
    isDone = true;
    await act();
    return undefined;
  });
  return () => isDone;
}
