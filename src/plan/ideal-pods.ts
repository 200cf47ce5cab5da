/**
 * What a perfect controller makes of a workload at once: as many ready pods as it wants, each as the template says. Its
 * strategy counts only where it leaves old pods alone (OnDelete, a paused Deployment): there a plan must not promise new ones.
 */
import { HOSTNAME_NODE_SELECTOR, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import { isLive, selects } from "../model/agent.ts";
import { canonicalJson } from "../model/digest.ts";
import type { Labels } from "../model/meta.ts";
import type { Pod, Workload } from "../model/observation.ts";
import type { Millis } from "../model/time.ts";

/** Where pods of a workload of no known host are said to run. */
const SOMEWHERE = "some-host";
/** From the range for documentation (RFC 5737): an ideal pod has an address, and nobody sends anything there. */
const ADDRESS = "192.0.2.1";

/** The hosts that a DaemonSet wants its pods on, of those that it may have. */
export function hostsWanted(workload: Workload, hosts: readonly string[]): readonly string[] {
  const selector = workload.template.spec.nodeSelector ?? {};
  if (selector[OFFLINE_NODE_SELECTOR] !== undefined) return [];
  const pin = selector[HOSTNAME_NODE_SELECTOR];
  return pin === undefined ? hosts : [pin];
}

/** Volumes of a template that come from a ConfigMap or Secret, as a pod shows them. */
function sourcesOf(workload: Workload): Labels {
  const sources = (workload.template.spec.volumes ?? []).flatMap((volume): [string, string][] => {
    if (volume.configMap !== undefined) return [[volume.name, `ConfigMap/${volume.configMap.name}`]];
    if (volume.secret !== undefined) return [[volume.name, `Secret/${volume.secret.secretName}`]];
    return [];
  });
  return Object.fromEntries(sources);
}

type Content = Pick<Pod, "containers" | "sources">;
const contentText = ({ containers, sources }: Content): string =>
  canonicalJson([containers.map(({ name, image }) => ({ name, image })), sources]);

const contentOf = (workload: Workload): Content => ({
  containers: workload.template.spec.containers.map(({ name, image }) => ({ name, image })),
  sources: sourcesOf(workload),
});

interface Place {
  readonly name: string;
  readonly node: string;
}

function places(workload: Workload, hosts: readonly string[]): readonly Place[] {
  const { kind, metadata, replicas } = workload;
  if (kind === "DaemonSet") {
    return hostsWanted(workload, hosts).map((node) => ({ name: `${metadata.name}-${node}`, node }));
  }
  return Array.from({ length: replicas ?? 0 }, (_, index) => ({
    name: `${metadata.name}-${index}`,
    node: hosts[index % Math.max(1, hosts.length)] ?? SOMEWHERE,
  }));
}

function newPod(workload: Workload, place: Place, now: Millis): Pod {
  const { kind, metadata, template } = workload;
  const { namespace, name, uid, generation, resourceVersion } = metadata;
  const { containers, sources } = contentOf(workload);
  return {
    metadata: {
      namespace,
      name: place.name,
      uid: `${uid}/${generation}/${place.name}`,
      resourceVersion,
      generation: 1,
      labels: template.labels,
      annotations: template.annotations,
      createdAt: now,
      finalizers: [],
      owner: { kind, name, uid },
      managers: [],
    },
    phase: "Running",
    nodeName: place.node,
    podIP: ADDRESS,
    containers,
    sources,
    states: containers.map((each) => ({ ...each, ready: true, restarts: 0 })),
    ready: true,
    readySince: now,
  };
}

function inGoodOrder(pod: Pod, place: Place, now: Millis): Pod {
  if (pod.ready) return pod;
  const { unschedulable: _, ...rest } = pod;
  const states = pod.states.map(({ waiting: __, ...state }) => ({ ...state, ready: true }));
  return { ...rest, phase: "Running", nodeName: pod.nodeName ?? place.node, states, ready: true, readySince: now };
}

export interface Settled {
  readonly workload: Workload;
  /** All pods of the namespace, those of this workload as they should be. */
  readonly pods: readonly Pod[];
}

/**
 * The workload and its pods once its controller has nothing more to do. A new template replaces every pod, whatever has
 * changed in it; else those that show another content than the template's.
 */
export function settle(
  workload: Workload,
  pods: readonly Pod[],
  moment: { readonly hosts: readonly string[]; readonly now: Millis; readonly isNewTemplate: boolean },
): Settled {
  const { hosts, now, isNewTemplate } = moment;
  const isOwn = (pod: Pod): boolean => isLive(pod) && selects(workload.matchLabels, pod);
  const running = pods
    .filter((pod) => isOwn(pod) && pod.metadata.deletingSince === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const content = contentText(contentOf(workload));
  const isNew = (pod: Pod): boolean => contentText(pod) === content;
  // Neither touches a pod that is there because of its template; only its host or the number of pods counts.
  const staysOld = workload.strategy === "OnDelete" || workload.paused;
  const left = running.filter((pod) => staysOld || (isNew(pod) && !isNewTemplate));
  const own = places(workload, hosts).map((place) => {
    const fits = (pod: Pod): boolean => workload.kind !== "DaemonSet" || pod.nodeName === place.node;
    const at = left.findIndex(fits);
    const [kept] = at < 0 ? [] : left.splice(at, 1);
    return kept === undefined ? newPod(workload, place, now) : inGoodOrder(kept, place, now);
  });
  const count = own.length;
  return {
    workload: {
      ...workload,
      status: {
        observedGeneration: workload.metadata.generation,
        desired: count,
        current: count,
        updated: own.filter(isNew).length,
        ready: count,
        available: count,
      },
    },
    pods: [...pods.filter((pod) => !isOwn(pod)), ...own],
  };
}
