/** Jobs: copies of pod templates that are in the namespace already, with the least that must differ. */
import { GROUP, LABEL, OFFLINE_NODE_SELECTOR } from "../../api/v1alpha1/names.ts";
import type { Labels } from "../../model/meta.ts";
import type { Upgrade } from "../../model/observation.ts";
import type { ObjectBody } from "../../model/outcome.ts";
import type { Container, PodSpec, PodTemplate } from "../../model/pod-template.ts";

/** Lets the garbage collector take a Job when its resource goes; it never blocks that. */
export function ownerReference(upgrade: Upgrade): Readonly<Record<string, unknown>> {
  return {
    apiVersion: `${GROUP}/v1alpha1`,
    kind: "CeilometerUpgrade",
    name: upgrade.metadata.name,
    uid: upgrade.metadata.uid,
    controller: true,
    blockOwnerDeletion: false,
  };
}

const COMPONENT = "app.kubernetes.io/component";

/**
 * Labels of everything the operator creates. Never those of the template's workload: its Service, autoscaler and disruption
 * budget would count the pod as their own.
 */
export function ownLabels(upgrade: Upgrade, component: string, purpose: string): Labels {
  return {
    "app.kubernetes.io/name": "ceilometer",
    [COMPONENT]: component,
    "app.kubernetes.io/part-of": "ceilometer-upgrade",
    "app.kubernetes.io/managed-by": "ceilometer-upgrade-operator",
    [LABEL.upgrade]: upgrade.metadata.uid,
    [LABEL.component]: component,
    [LABEL.purpose]: purpose,
  };
}

/**
 * A Service may ask for nothing but the usual name and component: the pod of a Job, which listens nowhere and counts as ready, would be
 * sent what is meant for that component, and an API answer only now and then. The operator's own label says what it is for.
 */
function podLabels(upgrade: Upgrade, component: string, purpose: string): Labels {
  const { [COMPONENT]: _, ...labels } = ownLabels(upgrade, component, purpose);
  return labels;
}

/** GitOps tools neither prune what the operator creates nor show it as a difference. */
const OPT_OUT: Labels = {
  "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
  "argocd.argoproj.io/sync-options": "Prune=false",
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
};

export interface JobInput {
  readonly upgrade: Upgrade;
  readonly name: string;
  readonly component: string;
  readonly purpose: string;
  readonly spec: PodSpec;
  readonly deadlineSeconds: number;
  readonly beside?: Beside | undefined;
}

/** What of a pod is not in its spec: sidecars and secrets may hang on it. */
export type Beside = Pick<PodTemplate, "labels" | "annotations">;

/** A mesh that gives sidecars to pods goes by a label, or by an annotation. No Service goes by such a one. */
const isOfInjection = ([key]: readonly [string, string]): boolean => key.includes("inject");
const isRefusal = ([, value]: readonly [string, string]): boolean => value === "false" || value === "disabled";
const only = (of: Labels, ...which: readonly ((entry: readonly [string, string]) => boolean)[]): Labels =>
  Object.fromEntries(Object.entries(of).filter((entry) => which.every((is) => is(entry))));

/** Of a Job or CronJob that is run as it is. Its other labels stay behind: Services and disruption budgets may go by them. */
export const besideTemplate = ({ labels, annotations }: PodTemplate): Beside => ({
  labels: only(labels, isOfInjection),
  annotations,
});

/** Of an agent's pod that is to run one command: it has no sidecars, and where agents refuse to be given some, it does. */
export const besideAgent = ({ labels, annotations }: PodTemplate): Beside => ({
  labels: only(labels, isOfInjection, isRefusal),
  annotations: only(annotations, isOfInjection, isRefusal),
});

/** One try, no time to live (a failed Job is kept to be read), always with a deadline. */
export function job(input: JobInput): ObjectBody {
  const { upgrade, component, purpose, beside } = input;
  const labels = { ...beside?.labels, ...podLabels(upgrade, component, purpose) };
  const annotations = beside?.annotations ?? {};
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      namespace: upgrade.metadata.namespace,
      name: input.name,
      labels: ownLabels(upgrade, component, purpose),
      annotations: OPT_OUT,
      ownerReferences: [ownerReference(upgrade)],
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: input.deadlineSeconds,
      template: {
        metadata: { labels, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
        spec: { ...input.spec, restartPolicy: "Never" },
      },
    },
  };
}

export const gitOpsOptOut = OPT_OUT;

/** What an agent's container has and a migration must not: it serves nothing and is probed by nobody. */
const AGENT_ONLY = ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] as const;

/** The pod of an agent turned into a pod that runs one command and ends: no sidecars and no init containers. */
export function commandPod(
  template: PodTemplate,
  container: Container,
  image: string,
  command: readonly string[],
): PodSpec {
  const stripped: Record<string, unknown> = { ...container, image, command: configured(container, command) };
  for (const field of [...AGENT_ONLY, "args"]) delete stripped[field];
  const { initContainers: _init, nodeSelector, ...rest } = template.spec;
  // A DaemonSet that is down asks for a host that does not exist; its copy must not.
  const { [OFFLINE_NODE_SELECTOR]: _offline, ...hosts } = nodeSelector ?? {};
  return { ...rest, nodeSelector: hosts, containers: [{ ...stripped, name: container.name, image }] };
}

/** The agent's own --config-file and --config-dir, so that the migration reads the configuration that the agent reads. */
function configured(container: Container, command: readonly string[]): readonly string[] {
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  const kept: string[] = [];
  words.forEach((word, index) => {
    if (/^--config-(file|dir)=/.test(word)) kept.push(word);
    const value = words[index + 1];
    if (/^--config-(file|dir)$/.test(word) && value !== undefined) kept.push(word, value);
  });
  return [...command, ...kept];
}

/** A Job's or CronJob's pod as it is, with the target's image in the container that runs Ceilometer where asked. */
export function templatePod(template: PodTemplate, image: string | undefined, containerName?: string): PodSpec {
  if (image === undefined) return template.spec;
  const { containers } = template.spec;
  const chosen = containerName ?? containers[0]?.name;
  return {
    ...template.spec,
    containers: containers.map((container) => (container.name === chosen ? { ...container, image } : container)),
  };
}
