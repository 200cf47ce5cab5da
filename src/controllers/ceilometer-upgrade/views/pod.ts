/** Pods: which image runs where, whether it is ready, and what keeps it from being so. */
import { z } from "zod";
import type { KubeObject } from "../../../kube/object.ts";
import type { ContainerState, Pod } from "../../../model/observation.ts";
import { parseTime } from "../../../model/time.ts";
import { conditions, count, metaOf, SHOWN, text } from "./meta.ts";

const terminated = z.looseObject({ exitCode: count, reason: text, message: text });
const containerStatus = z.looseObject({
  name: z.string(),
  image: text,
  ready: z.boolean().default(false),
  restartCount: count,
  state: z
    .looseObject({
      waiting: z.looseObject({ reason: text, message: text }).optional(),
      terminated: terminated.optional(),
    })
    .default({}),
  lastState: z.looseObject({ terminated: terminated.optional() }).default({}),
});
const pod = z.looseObject({
  spec: z.looseObject({
    nodeName: z.string().optional(),
    containers: z.array(z.looseObject({ name: z.string(), image: text })),
    volumes: z
      .array(
        z.looseObject({
          name: z.string(),
          configMap: z.looseObject({ name: text }).optional(),
          secret: z.looseObject({ secretName: text }).optional(),
        }),
      )
      .default([]),
  }),
  status: z
    .looseObject({
      phase: text,
      podIP: z.string().optional(),
      conditions,
      initContainerStatuses: z.array(containerStatus).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .default({ phase: "Pending", conditions: [], initContainerStatuses: [], containerStatuses: [] }),
});

function readinessOf(all: z.output<typeof conditions>): Pick<Pod, "ready" | "readySince" | "unreadySince"> {
  const condition = all.find(({ type }) => type === "Ready");
  const ready = condition?.status === "True";
  const since = parseTime(condition?.lastTransitionTime ?? undefined);
  if (condition === undefined || since === undefined) return { ready };
  return ready ? { ready, readySince: since } : { ready, unreadySince: since };
}

export function podView(object: KubeObject): Pod {
  const { spec, status } = pod.parse(object);
  const scheduled = status.conditions.find((each) => each.type === "PodScheduled");
  const sources = spec.volumes.flatMap((volume): [string, string][] => {
    if (volume.configMap !== undefined) return [[volume.name, `ConfigMap/${volume.configMap.name}`]];
    if (volume.secret !== undefined) return [[volume.name, `Secret/${volume.secret.secretName}`]];
    return [];
  });
  const metadata = metaOf(object, false);
  // What a Job's pod says when it ends may be an answer, of which nothing may be missing.
  const shown = metadata.owner?.kind === "Job" ? WHOLE : SHOWN;
  return {
    metadata,
    phase: status.phase,
    ...(spec.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
    ...(status.podIP === undefined ? {} : { podIP: status.podIP }),
    containers: spec.containers.map(({ name, image }) => ({ name, image })),
    sources: Object.fromEntries(sources),
    states: [...status.initContainerStatuses, ...status.containerStatuses].map((each) => stateOf(each, shown)),
    ...readinessOf(status.conditions),
    ...(scheduled?.status === "False" && scheduled.reason === "Unschedulable"
      ? { unschedulable: scheduled.message || "no reason given" }
      : {}),
  };
}

/** A termination message as Kubernetes keeps it, in characters at the most. */
const WHOLE = 4096;

function stateOf(status: z.output<typeof containerStatus>, shown: number): ContainerState {
  const { waiting } = status.state;
  const ended = status.state.terminated ?? status.lastState.terminated;
  return {
    name: status.name,
    image: status.image,
    ready: status.ready,
    restarts: status.restartCount,
    ...(waiting === undefined ? {} : { waiting: { reason: waiting.reason, message: waiting.message.slice(0, SHOWN) } }),
    ...(ended === undefined
      ? {}
      : { terminated: { exitCode: ended.exitCode, reason: ended.reason, message: ended.message.slice(0, shown) } }),
  };
}
