/**
 * Watches pods and workloads through the API and judges them by the invariants. It shares no code with the operator and never
 * looks at the operator's resource, so it cannot be talked into anything.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import type { Api } from "../../tools/control-plane/api.ts";
import { logDirectory } from "../../tools/control-plane/pod-logs.ts";
import { watchCollection } from "../../tools/control-plane/watch.ts";
import { type Fact, filesFact, jobFact, objectFact, workloadFact } from "../support/audit-facts.ts";
import { type AuditScope, type Breach, judge } from "../support/invariants.ts";
import { judgePartial } from "../support/partial-invariants.ts";
import { podFact } from "../support/pod-fact.ts";

export interface AuditorOptions extends AuditScope {
  readonly api: Api;
  readonly namespace: string;
  /**
   * When polling by the new release was first proven, in milliseconds since the epoch. Default: the auditor reads the logs of
   * new polling pods that are ready, and takes the time of the first line that `successLine` matches.
   */
  readonly verifiedAt?: () => number | undefined;
  /** Default: any line that says that a pollster was polled. */
  readonly successLine?: RegExp;
  /** Where the simulated kubelets keep their logs: what a pod said is found there when it is gone. Default: only the API is asked. */
  readonly logs?: string;
}

export interface Auditor extends AsyncDisposable {
  /** The verdict on what has been seen so far; provisional, since one watch may be ahead of another. */
  breaches(): readonly Breach[];
  /** Waits until everything that has happened has been seen, then judges; also that all was given back, unless told otherwise. */
  finish(options?: { readonly ended?: boolean }): Promise<readonly Breach[]>;
  readonly facts: readonly Fact[];
  /** How often changes may have been missed, because the server had forgotten where a watch was. */
  gaps(): number;
}

type Telling = Fact extends infer One
  ? One extends Fact
    ? Omit<One, "revision" | "at" | "change" | "baseline">
    : never
  : never;

export async function startAuditor(options: AuditorOptions): Promise<Auditor> {
  const { api, namespace } = options;
  const facts: Fact[] = [];
  let isBaseline = true;

  const follow = <T>(collection: string, schema: z.ZodType<T>, tell: (seen: T) => Telling) => {
    const [group = "", resource = ""] = collection.split(":");
    return watchCollection(api, `${group}/namespaces/${namespace}/${resource}`, schema, (change) => {
      const { revision, at, type } = change;
      facts.push({ revision, at, change: type, baseline: isBaseline, ...tell(change.object) });
    });
  };
  const workloads = { Deployment: "deployments", DaemonSet: "daemonsets", StatefulSet: "statefulsets" };
  const keepsakes = {
    ConfigMap: "configmaps",
    Secret: "secrets",
    Service: "services",
    ServiceAccount: "serviceaccounts",
  };
  const watches = [
    follow("/api/v1:pods", podFact, (pod) => ({ about: "pod", pod })),
    follow("/apis/batch/v1:jobs", jobFact, (job) => ({ about: "job", job })),
    follow("/apis/batch/v1:cronjobs", objectFact("CronJob"), (object) => ({ about: "object", object })),
    follow("/apis/batch/v1:jobs", objectFact("Job"), (object) => ({ about: "object", object })),
    ...Object.entries(workloads).map(([kind, resource]) =>
      follow(`/apis/apps/v1:${resource}`, workloadFact(kind), (workload) => ({ about: "workload", workload })),
    ),
    ...Object.entries(keepsakes).map(([kind, resource]) =>
      follow(`/api/v1:${resource}`, objectFact(kind), (object) => ({ about: "object", object })),
    ),
    ...(options.strategy === "Full" ? [] : (["ConfigMap", "Secret"] as const)).map((kind) =>
      follow(`/api/v1:${keepsakes[kind]}`, filesFact(kind), (files) => ({ about: "files", files })),
    ),
  ];
  await Promise.all(watches.map(({ synced }) => synced));
  isBaseline = false;

  const proof = options.verifiedAt === undefined ? readLogs(options, facts) : undefined;
  const verifiedAt = options.verifiedAt ?? ((): number | undefined => proof?.at());
  const verdict = (ended: boolean): readonly Breach[] => {
    const breaches = judge(options, facts, { verifiedAt: verifiedAt(), ended });
    if (options.strategy === "Full") return breaches;
    return [...breaches, ...judgePartial(options, facts, { ended })].toSorted((left, right) => left.at - right.at);
  };
  return {
    facts,
    breaches: () => verdict(false),
    gaps: () => watches.reduce((sum, watch) => sum + watch.gaps(), 0),
    async finish({ ended = true } = {}) {
      await Promise.all(watches.map((watch) => watch.caughtUp()));
      await proof?.look();
      return verdict(ended);
    },
    async [Symbol.asyncDispose]() {
      await proof?.stop();
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

/** Looks into the logs of new polling pods until one of them proves that data is polled. */
function readLogs(options: AuditorOptions, facts: readonly Fact[]) {
  const { namespace, successLine = /(?:Finished polling|Polling) pollster/ } = options;
  const polling = options.components.find(({ component }) => component === "polling");
  const life = new AbortController();
  let at: number | undefined;

  const candidates = (): ReadonlyMap<string, string> => {
    const names = new Map<string, string>();
    for (const fact of facts) {
      if (fact.about !== "pod" || !fact.pod.ready || fact.baseline || polling === undefined) continue;
      const { uid, name, containers } = fact.pod;
      if (containers.some(({ image }) => polling.newImages.includes(image))) names.set(uid, name);
    }
    return names;
  };
  const look = async (): Promise<void> => {
    for (const [uid, name] of candidates()) {
      const text =
        options.logs === undefined
          ? await asked(options.api, namespace, name)
          : await kept(options.logs, namespace, uid);
      const line = text.split("\n").find((each) => successLine.test(each));
      if (line !== undefined) at = Math.min(at ?? Number.POSITIVE_INFINITY, Date.parse(line.split(" ")[0] ?? ""));
    }
  };
  const running = (async () => {
    while (!life.signal.aborted) {
      if (at === undefined) await look();
      await pause(50, undefined, { signal: life.signal }).catch(() => undefined);
    }
  })();
  return {
    at: () => at,
    look,
    async stop(): Promise<void> {
      life.abort();
      await running;
    },
  };
}

async function asked(api: Api, namespace: string, pod: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?timestamps=true`;
  const answer = await api.request("GET", path).catch(() => undefined);
  return answer?.status === 200 ? answer.text : "";
}

/** By its uid, so that it is this pod's log and no other's, and however late it is read. */
async function kept(logs: string, namespace: string, uid: string): Promise<string> {
  const directory = logDirectory(logs, namespace, uid);
  const names = await readdir(directory).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), "utf8").catch(() => "")));
  return texts.join("\n");
}
