import { appendFile, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Api } from "./api.ts";
import { type AgentLog, type Container, criLine, type LogLine, logOf, type Pod, podSchema } from "./ceilometer-log.ts";
import { watchCollection } from "./watch.ts";

export interface PodLogsOptions {
  /** Only pods of these namespaces. Default: all. */
  readonly namespaces?: readonly string[];
  /** Milliseconds between two polls of an agent. Default 15000. */
  readonly interval?: number;
}

/** Ending of the name of a log whose pod is gone. */
const ENDED = ".ended";

/** Where the logs of one pod are written, a file for each container; they stay when the pod is gone. */
export const logDirectory = (dir: string, namespace: string, uid: string): string =>
  join(dir, "pod-logs", namespace, uid);

/** A polling agent's first successful poll, as its log says it. */
export interface FirstPoll {
  readonly namespace: string;
  readonly pod: string;
  readonly image: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface PodLogs extends AsyncDisposable {
  /** First polls so far, oldest first. A log line exists only after its entry here. */
  readonly firstPolls: () => readonly FirstPoll[];
}

/** What the files and the API need to know about one running pod. */
interface Writer {
  readonly pod: Pod;
  readonly logs: readonly {
    readonly container: string;
    readonly image: string;
    readonly file: string;
    readonly log: AgentLog;
  }[];
}

/** Where a simulated kubelet takes logs from, for as long as the answer is not disposed. */
export async function startPodLogs(
  cluster: { readonly api: Api; readonly dir: string },
  options: PodLogsOptions = {},
): Promise<PodLogs> {
  const { api, dir } = cluster;
  const writers = new Map<string, Writer>();
  /** Pods that run, also those whose polling file is still being read. */
  const running = new Set<string>();
  const firstPolls: FirstPoll[] = [];
  const pending = new Set<Promise<void>>();

  const begin = async (pod: Pod): Promise<void> => {
    const logs = await Promise.all(
      pod.spec.containers.map(async (container) => ({
        container: container.name,
        image: container.image,
        file: join(logDirectory(dir, pod.metadata.namespace, pod.metadata.uid), `${container.name}.log`),
        log: logOf(pod, container, await metersOf(api, pod, container)),
      })),
    );
    if (!running.has(pod.metadata.uid)) return;
    const writer: Writer = { pod, logs };
    writers.set(pod.metadata.uid, writer);
    await mkdir(logDirectory(dir, pod.metadata.namespace, pod.metadata.uid), { recursive: true });
    await Promise.all(logs.map(({ file, log }) => appendFile(file, render(log.start))));
    await poll(writer);
    await publish(api, writer);
  };

  const poll = async ({ pod, logs }: Writer): Promise<void> => {
    for (const { file, image, log } of logs) {
      if (log.cycle.length === 0 || !writers.has(pod.metadata.uid)) continue;
      const { namespace, name } = pod.metadata;
      const known = firstPolls.some(
        (first) => first.pod === name && first.namespace === namespace && first.image === image,
      );
      if (!known && succeeded(log.cycle)) firstPolls.push({ namespace, pod: name, image, at: Date.now() });
      await appendFile(file, render(log.cycle));
    }
  };

  /**
   * A log goes with its pod. Until the file of the next pod of that name is published, the simulated kubelet serves the old
   * one under it, and a poll of a StatefulSet's old agent would pass for one of its new agent. What it said is kept beside.
   */
  const end = async ({ logs }: Writer): Promise<void> => {
    await Promise.all(logs.map(({ file }) => rename(file, `${file}${ENDED}`)));
  };

  /** Work on a pod may outlive the pod, and then the cluster; neither is a reason to stop the others. */
  const track = (work: Promise<void>): void => {
    const settled = work.catch(() => undefined).finally(() => pending.delete(settled));
    pending.add(settled);
  };

  const watch = watchCollection(api, "/api/v1/pods", podSchema, ({ type, object: pod }) => {
    const { uid, namespace } = pod.metadata;
    if (type === "DELETED" || pod.metadata.deletionTimestamp !== undefined) {
      const writer = writers.get(uid);
      writers.delete(uid);
      running.delete(uid);
      if (writer !== undefined) track(end(writer));
      return;
    }
    if (options.namespaces?.includes(namespace) === false) return;
    // A Job's pod may be over before anybody has seen it run.
    if (pod.status.phase === "Pending" || running.has(uid)) return;
    running.add(uid);
    track(begin(pod));
  });
  const timer = setInterval(() => {
    for (const writer of writers.values()) track(poll(writer));
  }, options.interval ?? 15_000);
  await watch.synced;
  return {
    firstPolls: () => firstPolls,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await watch.stop();
      await Promise.all(pending);
    },
  };
}

const configMapSchema = z.object({ data: z.record(z.string(), z.string()).default({}) });
const pollingFileSchema = z.object({ sources: z.array(z.object({ meters: z.array(z.string()) })) });

/** What the container's polling file asks for, where that is a file of a ConfigMap that can be understood; else nothing. */
async function metersOf(api: Api, pod: Pod, { volumeMounts }: Container): Promise<readonly string[]> {
  const mount = volumeMounts.find(({ mountPath }) => mountPath.endsWith("/polling.yaml"));
  const name = pod.spec.volumes.find((volume) => volume.name === mount?.name)?.configMap?.name;
  if (name === undefined) return [];
  const answer = await api.request("GET", `/api/v1/namespaces/${pod.metadata.namespace}/configmaps/${name}`);
  if (answer.status !== 200) return [];
  try {
    const text = configMapSchema.parse(JSON.parse(answer.text)).data[mount?.subPath ?? "polling.yaml"] ?? "";
    return pollingFileSchema.parse(parse(text)).sources.flatMap(({ meters }) => meters);
  } catch {
    // A real agent would complain and poll nothing; who wants to see that chooses the fate by an annotation.
    return [];
  }
}

/**
 * Tells the simulated kubelet which file is whose. The object has no owner: a pod of a StatefulSet takes over the name of the one
 * before, and the garbage collector, which had seen that one go, would take the object from under its successor.
 */
async function publish(api: Api, { pod, logs }: Writer): Promise<void> {
  const { namespace, name } = pod.metadata;
  const path = `/apis/kwok.x-k8s.io/v1alpha1/namespaces/${namespace}/logs/${name}?fieldManager=pod-logs&force=true`;
  const body = {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Logs",
    metadata: { name, namespace },
    spec: { logs: logs.map(({ container, file }) => ({ containers: [container], logsFile: file, follow: true })) },
  };
  await api.request("PATCH", path, body, { contentType: "application/apply-patch+yaml" });
}

const render = (lines: readonly LogLine[]): string => {
  const now = new Date();
  return lines.map((line) => criLine(line, now)).join("");
};

const succeeded = (cycle: readonly LogLine[]): boolean => cycle.every(({ level }) => level === "INFO");
