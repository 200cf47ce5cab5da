/** What the auditor takes from a pod: whose it is, what its containers run and mount, and how far it has come. */
import { z } from "zod";

export interface ContainerImage {
  readonly name: string;
  readonly image: string;
  /** Command and arguments, joined by blanks. */
  readonly command: string;
}

export interface Mount {
  readonly volume: string;
  readonly path: string;
  readonly subPath?: string | undefined;
}

export interface ContainerFact extends ContainerImage {
  /** Only variables whose value stands in the pod itself. */
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** How often it has been started. An agent reads its files whenever that rises, and at no other time. */
  readonly starts: number;
}

export interface VolumeSource {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
  /** Undefined: every key, under its own name. */
  readonly items?: readonly { readonly key: string; readonly path: string }[] | undefined;
}

export interface Volume {
  readonly name: string;
  /** None for a volume that holds no object's content. */
  readonly sources: readonly VolumeSource[];
}

export interface PodFact {
  readonly uid: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: string | undefined;
  readonly containers: readonly ContainerFact[];
  readonly volumes: readonly Volume[];
  readonly node: string | undefined;
  readonly hostNetwork: boolean;
  readonly phase: string;
  readonly terminating: boolean;
  readonly ready: boolean;
}

export const containerImage = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
});
export const commandLine = ({ command, args }: z.infer<typeof containerImage>): string =>
  [...command, ...args].join(" ");

export const strings = z.record(z.string(), z.string()).default({});
export const condition = z.object({ type: z.string(), status: z.string() });
export function isTrue(conditions: readonly z.infer<typeof condition>[], type: string): boolean {
  return conditions.some((one) => one.type === type && one.status === "True");
}

const container = containerImage.extend({
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  volumeMounts: z
    .array(z.object({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() }))
    .default([]),
});
const items = z.array(z.object({ key: z.string(), path: z.string() })).optional();
const fromConfigMap = z.object({ name: z.string().default(""), items });
const projection = z.object({ configMap: fromConfigMap.optional(), secret: fromConfigMap.optional() });
const volume = z
  .object({
    name: z.string(),
    configMap: fromConfigMap.optional(),
    secret: z.object({ secretName: z.string().default(""), items }).optional(),
    projected: z.object({ sources: z.array(projection).default([]) }).optional(),
  })
  .transform(({ name, configMap, secret, projected }): Volume => {
    const own = { configMap, secret: secret && { name: secret.secretName, items: secret.items } };
    return { name, sources: [own, ...(projected?.sources ?? [])].flatMap(sourcesOf) };
  });

function sourcesOf({ configMap, secret }: z.infer<typeof projection>): readonly VolumeSource[] {
  return [
    ...(configMap === undefined ? [] : [{ kind: "ConfigMap" as const, ...configMap }]),
    ...(secret === undefined ? [] : [{ kind: "Secret" as const, ...secret }]),
  ];
}

const state = z.object({ running: z.unknown().optional(), terminated: z.unknown().optional() }).default({});
const containerStatus = z
  .object({ name: z.string(), restartCount: z.int().default(0), state, lastState: state })
  .transform(({ name, restartCount, state, lastState }) => {
    const hasStarted = [state.running, state.terminated, lastState.terminated].some((one) => one !== undefined);
    return { name, starts: restartCount + (hasStarted ? 1 : 0) };
  });

export const podFact = z
  .object({
    metadata: z.object({
      uid: z.string(),
      name: z.string(),
      labels: strings,
      deletionTimestamp: z.string().optional(),
      ownerReferences: z.array(z.object({ kind: z.string(), controller: z.boolean().default(false) })).default([]),
    }),
    spec: z.object({
      nodeName: z.string().optional(),
      hostNetwork: z.boolean().default(false),
      containers: z.array(container),
      volumes: z.array(volume).default([]),
    }),
    status: z
      .object({
        phase: z.string().default("Pending"),
        conditions: z.array(condition).default([]),
        containerStatuses: z.array(containerStatus).default([]),
      })
      .default({ phase: "Pending", conditions: [], containerStatuses: [] }),
  })
  .transform(
    ({ metadata, spec, status }): PodFact => ({
      uid: metadata.uid,
      name: metadata.name,
      labels: metadata.labels,
      owner: metadata.ownerReferences.find(({ controller }) => controller)?.kind,
      containers: spec.containers.map((one) => ({
        name: one.name,
        image: one.image,
        command: commandLine(one),
        env: Object.fromEntries(one.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
        mounts: one.volumeMounts.map(({ name, mountPath, subPath }) => ({ volume: name, path: mountPath, subPath })),
        starts: status.containerStatuses.find(({ name }) => name === one.name)?.starts ?? 0,
      })),
      volumes: spec.volumes,
      node: spec.nodeName,
      hostNetwork: spec.hostNetwork,
      phase: status.phase,
      terminating: metadata.deletionTimestamp !== undefined,
      ready: isTrue(status.conditions, "Ready"),
    }),
  );

/** Its object is gone, or nothing of it will ever run again. */
export function isOver(change: "ADDED" | "MODIFIED" | "DELETED", { phase }: PodFact): boolean {
  return change === "DELETED" || phase === "Failed" || phase === "Succeeded";
}
