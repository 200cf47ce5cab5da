/** What the auditor takes from the API server's answers: just enough to judge, and nothing the operator could have told it. */
import { z } from "zod";
import {
  type ContainerImage,
  commandLine,
  condition,
  containerImage,
  isTrue,
  type PodFact,
  strings,
} from "./pod-fact.ts";

export type AuditedComponent = "collector" | "notification" | "polling" | "api";
type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

export interface WorkloadFact {
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
  /** Labels of its pods. */
  readonly selector: Readonly<Record<string, string>>;
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

/** What a ConfigMap or a Secret holds. */
export interface FilesFact {
  readonly uid: string;
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
  /** Text by key; a Secret's is decoded. */
  readonly data: Readonly<Record<string, string>>;
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
  | { readonly about: "files"; readonly files: FilesFact }
);

const container = containerImage.transform((one) => ({ name: one.name, image: one.image, command: commandLine(one) }));
const template = z.object({
  spec: z.object({ containers: z.array(container), nodeSelector: strings }),
});
const count = z.int().default(0);
export const workloadFact = (kind: string): z.ZodType<WorkloadFact> =>
  z
    .object({
      metadata: z.object({ uid: z.string(), name: z.string(), generation: z.int() }),
      spec: z.object({
        replicas: z.int().optional(),
        strategy: z.unknown().optional(),
        updateStrategy: z.unknown().optional(),
        selector: z.object({ matchLabels: strings }),
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
      selector: spec.selector.matchLabels,
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

export const filesFact = (kind: FilesFact["kind"]): z.ZodType<FilesFact> =>
  z
    .object({ metadata: z.object({ uid: z.string(), name: z.string() }), data: strings })
    .transform(({ metadata, data }) => ({ ...metadata, kind, data: kind === "Secret" ? decoded(data) : data }));

function decoded(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
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
