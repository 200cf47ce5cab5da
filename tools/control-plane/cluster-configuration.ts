import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { z } from "zod";
import type { Binaries } from "./binaries.ts";

export type Speed = "fast" | "real";

export interface ConfigurationInput {
  readonly binaries: Binaries;
  readonly ports: Ports;
  readonly speed: Speed;
  readonly auditPolicy: AuditPolicy;
}

const portNames = [
  "etcdPort",
  "etcdPeerPort",
  "kubeApiserverPort",
  "kubeControllerManagerPort",
  "kubeSchedulerPort",
  "kwokControllerPort",
] as const;
export type Ports = Readonly<Record<(typeof portNames)[number], number>>;

/** How long a kubelet usually takes, in milliseconds, by the stage whose delay is zero in the file. */
const realDelays: Readonly<Record<string, number>> = {
  "pod-starts": 2000,
  "pod-stops": 1000,
  "job-pod-succeeds": 2000,
};

const stageSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ delay: z.looseObject({ durationMilliseconds: z.number() }).optional() }),
});

/** True: the policy beside this file. A text: the path of another one. */
export type AuditPolicy = boolean | string;

const auditPolicyFile = (policy: AuditPolicy): string =>
  typeof policy === "string" ? policy : join(import.meta.dirname, "audit-policy.yaml");

/** Megabytes after which the log is begun anew: more than a thousand upgrades fill, as the default of 100 is not. */
const AUDIT_ARGUMENTS = [{ key: "audit-log-maxsize", value: "4000" }];

/** The file that kwokctl is given: addresses, programs, and the behaviour of simulated pods. */
export async function clusterConfiguration(input: ConfigurationInput): Promise<string> {
  const { binaries, ports, auditPolicy } = input;
  const cluster = {
    apiVersion: "config.kwok.x-k8s.io/v1alpha1",
    kind: "KwokctlConfiguration",
    options: {
      runtime: "binary",
      // The default is every interface, with an etcd that asks for no certificate.
      bindAddress: "127.0.0.1",
      ...ports,
      etcdBinary: binaries.etcd,
      kubeApiserverBinary: binaries["kube-apiserver"],
      kubeControllerManagerBinary: binaries["kube-controller-manager"],
      kubeSchedulerBinary: binaries["kube-scheduler"],
      kwokControllerBinary: binaries.kwok,
      kubectlBinary: binaries.kubectl,
      disableQPSLimits: true,
      enableCRDs: ["Logs", "ClusterLogs"],
      ...(auditPolicy === false ? {} : { kubeAuditPolicy: auditPolicyFile(auditPolicy) }),
    },
    componentsPatches: [
      // There is one of each, and nobody who would start it again when it has lost its lease in an outage.
      ...["kube-controller-manager", "kube-scheduler"].map((name) => ({
        name,
        extraArgs: [{ key: "leader-elect", value: "false" }],
      })),
      ...(auditPolicy === false ? [] : [{ name: "kube-apiserver", extraArgs: AUDIT_ARGUMENTS }]),
    ],
  };
  return [cluster, ...(await stages(input.speed))].map((document) => stringify(document)).join("---\n");
}

async function stages(speed: Speed): Promise<unknown[]> {
  const text = await readFile(join(import.meta.dirname, "simulated-pods.yaml"), "utf8");
  return parseAllDocuments(text).map((document) => {
    const stage = stageSchema.parse(document.toJS());
    const delay = speed === "real" ? realDelays[stage.metadata.name] : undefined;
    if (delay === undefined) return stage;
    return { ...stage, spec: { ...stage.spec, delay: { ...stage.spec.delay, durationMilliseconds: delay } } };
  });
}

/** Below the range from which systems hand out ports for outgoing connections, so that only another cluster can take one. */
const firstPort = 21_000;
const lastPort = 31_000;

/** Loopback ports that were free a moment ago. Another process may still win the race for one: the caller must retry. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held = new Map<number, AsyncDisposable>();
  try {
    for (let tries = 0; held.size < count; tries += 1) {
      if (tries > 200) throw new Error(`no ${count} free ports on the loopback interface`);
      const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort));
      const holder = held.has(port) ? undefined : await hold(port);
      if (holder !== undefined) held.set(port, holder);
    }
  } finally {
    await Promise.all([...held.values()].map((holder) => holder[Symbol.asyncDispose]()));
  }
  return [...held.keys()];
}

/** Those of one control plane. */
export async function clusterPorts(): Promise<Ports> {
  const free = await freePorts(portNames.length);
  const [etcdPort = 0, etcdPeerPort = 0, kubeApiserverPort = 0, kubeControllerManagerPort = 0, ...rest] = free;
  const [kubeSchedulerPort = 0, kwokControllerPort = 0] = rest;
  return {
    etcdPort,
    etcdPeerPort,
    kubeApiserverPort,
    kubeControllerManagerPort,
    kubeSchedulerPort,
    kwokControllerPort,
  };
}

function hold(port: number): Promise<AsyncDisposable | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
  });
}
