/** What the auditor takes from the API server's answers: just enough to judge, and nothing the operator could have told it. */
import { z } from "zod";

export type AuditedComponent = "collector" | "notification" | "polling" | "api";
type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

export interface ContainerImage {
  readonly name: string;
  readonly image: string;
  /** Command and arguments, joined by blanks. */
  readonly command: string;
}

export interface PodFact {
  readonly uid: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: string | undefined;
  readonly containers: readonly ContainerImage[];
  readonly phase: string;
  readonly terminating: boolean;
  readonly ready: boolean;
}

export interface WorkloadFact {
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
  readonly containers: readonly ContainerImage[];
  /** Undefined for a DaemonSet. */
  readonly replicas: number | undefined;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** The update strategy, as canonical JSON. */
  readonly strategy: string;
  /** How many pods its controller wants, and how many of them are ready; undefined until the controller has seen this generation. */
  readonly pods: { readonly wanted: number; readonly ready: number } | undefined;
}

export interface JobFact {
  readonly uid: string;
  readonly name: string;
  readonly containers: readonly ContainerImage[];
  readonly complete: boolean;
}

export interface ObjectFact {
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
}

export type Fact = {
  /** Order of all facts: the revision of the one store behind the API server. */
  readonly revision: number;
  /** Milliseconds since the epoch, when the auditor learned of it. */
  readonly at: number;
  readonly change: ChangeType;
  /** It was there before the audit began. */
  readonly baseline: boolean;
} & (
  | { readonly about: "pod"; readonly pod: PodFact }
  | { readonly about: "workload"; readonly workload: WorkloadFact }
  | { readonly about: "job"; readonly job: JobFact }
  | { readonly about: "object"; readonly object: ObjectFact }
);

const strings = z.record(z.string(), z.string()).default({});
const container = z
  .object({
    name: z.string(),
    image: z.string(),
    command: z.array(z.string()).default([]),
    args: z.array(z.string()).default([]),
  })
  .transform(({ name, image, command, args }) => ({ name, image, command: [...command, ...args].join(" ") }));
const template = z.object({
  spec: z.object({ containers: z.array(container), nodeSelector: strings }),
});
const condition = z.object({ type: z.string(), status: z.string() });

export const podFact = z
  .object({
    metadata: z.object({
      uid: z.string(),
      name: z.string(),
      labels: strings,
      deletionTimestamp: z.string().optional(),
      ownerReferences: z.array(z.object({ kind: z.string(), controller: z.boolean().default(false) })).default([]),
    }),
    spec: z.object({ containers: z.array(container) }),
    status: z
      .object({ phase: z.string().default("Pending"), conditions: z.array(condition).default([]) })
      .default({ phase: "Pending", conditions: [] }),
  })
  .transform(
    ({ metadata, spec, status }): PodFact => ({
      uid: metadata.uid,
      name: metadata.name,
      labels: metadata.labels,
      owner: metadata.ownerReferences.find(({ controller }) => controller)?.kind,
      containers: spec.containers,
      phase: status.phase,
      terminating: metadata.deletionTimestamp !== undefined,
      ready: isTrue(status.conditions, "Ready"),
    }),
  );

const count = z.int().default(0);
export const workloadFact = (kind: string): z.ZodType<WorkloadFact> =>
  z
    .object({
      metadata: z.object({ uid: z.string(), name: z.string(), generation: z.int() }),
      spec: z.object({
        replicas: z.int().optional(),
        strategy: z.unknown().optional(),
        updateStrategy: z.unknown().optional(),
        template,
      }),
      status: z
        .object({
          observedGeneration: count,
          readyReplicas: count,
          desiredNumberScheduled: count,
          numberReady: count,
        })
        .default({ observedGeneration: 0, readyReplicas: 0, desiredNumberScheduled: 0, numberReady: 0 }),
    })
    .transform(({ metadata, spec, status }) => ({
      uid: metadata.uid,
      kind,
      name: metadata.name,
      containers: spec.template.spec.containers,
      replicas: spec.replicas,
      nodeSelector: spec.template.spec.nodeSelector,
      strategy: canonical(spec.strategy ?? spec.updateStrategy),
      pods:
        status.observedGeneration < metadata.generation
          ? undefined
          : spec.replicas === undefined
            ? { wanted: status.desiredNumberScheduled, ready: status.numberReady }
            : { wanted: spec.replicas, ready: status.readyReplicas },
    }));

export const jobFact = z
  .object({
    metadata: z.object({ uid: z.string(), name: z.string() }),
    spec: z.object({ template }),
    status: z.object({ conditions: z.array(condition).default([]) }).default({ conditions: [] }),
  })
  .transform(
    ({ metadata, spec, status }): JobFact => ({
      ...metadata,
      containers: spec.template.spec.containers,
      complete: isTrue(status.conditions, "Complete"),
    }),
  );

export const objectFact = (kind: string): z.ZodType<ObjectFact> =>
  z
    .object({ metadata: z.object({ uid: z.string(), name: z.string() }) })
    .transform(({ metadata }) => ({ ...metadata, kind }));

function isTrue(conditions: readonly z.infer<typeof condition>[], type: string): boolean {
  return conditions.some((one) => one.type === type && one.status === "True");
}

/** Equal values give equal texts, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)))
        : part,
    ) ?? ""
  );
}
