/** Histories of agents by hand: files, workloads and pods, one event a millisecond, for tests of the judge. */
import type { Fact, FilesFact, WorkloadFact } from "./audit-facts.ts";
import type { ContainerFact, PodFact } from "./pod-fact.ts";

export type Role = "notification" | "central" | "compute" | "ipmi";

export interface AgentOptions {
  readonly release: string;
  /** ConfigMap with ceilometer.conf and the files of polling and pipelines. Default: "etc". */
  readonly files?: string;
  readonly node?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly starts?: number;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly terminating?: boolean;
}

export const imageOf = (release: string): string => `registry.example/ceilometer:${release}`;

export function aPod(role: Role, name: string, options: AgentOptions): PodFact {
  const { release, files = "etc", env = {}, labels = {}, starts = 1, ...rest } = options;
  const program =
    role === "notification" ? "ceilometer-agent-notification" : `ceilometer-polling --polling-namespaces ${role}`;
  const container: ContainerFact = {
    name: `ceilometer-${role}`,
    image: imageOf(release),
    command: `${program} --config-file /etc/ceilometer/ceilometer.conf`,
    env,
    mounts: ["ceilometer.conf", "polling.yaml", "pipeline.yaml", "event_pipeline.yaml"].map((file) => ({
      volume: "etc",
      path: `/etc/ceilometer/${file}`,
      subPath: file,
    })),
    starts,
  };
  return {
    uid: name,
    name,
    labels: { component: role, ...labels },
    owner: "ReplicaSet",
    containers: [container],
    volumes: [{ name: "etc", sources: [{ kind: "ConfigMap", name: files }] }],
    node: "worker-0",
    hostNetwork: true,
    phase: "Running",
    terminating: false,
    ready: true,
    ...rest,
  };
}

export function aPartialHistory() {
  const facts: Fact[] = [];
  const pods = new Map<string, PodFact>();
  let baseline = true;
  const next = () => ({ revision: facts.length + 1, at: facts.length + 1, baseline });
  const tell = (change: "ADDED" | "MODIFIED" | "DELETED", pod: PodFact): void => {
    facts.push({ ...next(), change, about: "pod", pod });
  };
  const history = {
    facts,
    files(name: string, data: Readonly<Record<string, string>>) {
      const files: FilesFact = { uid: name, kind: "ConfigMap", name, data };
      facts.push({ ...next(), change: "MODIFIED", about: "files", files });
      return history;
    },
    workload(kind: string, name: Role, wanted: number, strategy: unknown = { type: "RollingUpdate" }) {
      const workload: WorkloadFact = {
        uid: name,
        kind,
        name,
        selector: { component: name },
        containers: [],
        replicas: kind === "DaemonSet" ? undefined : wanted,
        nodeSelector: {},
        strategy: JSON.stringify(strategy),
        pods: { wanted, ready: wanted },
      };
      facts.push({ ...next(), change: "MODIFIED", about: "workload", workload });
      return history;
    },
    /** A pod appears, ready unless it is said otherwise, or becomes another. */
    agent(role: Role, name: string, options: AgentOptions) {
      const pod = aPod(role, name, options);
      tell(pods.has(name) ? "MODIFIED" : "ADDED", pod);
      pods.set(name, pod);
      return history;
    },
    change(name: string, change: Partial<PodFact>) {
      const pod = { ...podOf(name), ...change };
      pods.set(name, pod);
      tell("MODIFIED", pod);
      return history;
    },
    /** Its containers have been started once more. */
    restart(name: string) {
      const { containers } = podOf(name);
      return history.change(name, { containers: containers.map((one) => ({ ...one, starts: one.starts + 1 })) });
    },
    stop(name: string) {
      return history.change(name, { terminating: true });
    },
    gone(name: string) {
      tell("DELETED", podOf(name));
      pods.delete(name);
      return history;
    },
    /** What was told so far was there before the upgrade. */
    begin() {
      baseline = false;
      return history;
    },
  };
  const podOf = (name: string): PodFact => {
    const pod = pods.get(name);
    if (pod === undefined) throw new Error(`no pod ${name}`);
    return pod;
  };
  return history;
}

export type PartialHistory = ReturnType<typeof aPartialHistory>;
