/** What the API server has otherwise than its watch has told: asked for where no precondition of a write would say so. */
import type { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/object.ts";
import { isLive, matches, selects } from "../../model/agent.ts";
import type { Decision } from "../../model/decision.ts";
import { type ObjectSeen, type ObjectsSeen, refText } from "../../model/outcome.ts";
import { unreadable } from "../../reconcilers/tell.ts";
import { resourceOfKind } from "./resources.ts";
import { podView } from "./views/pod.ts";
import type { UpgradeView } from "./views/upgrade.ts";

/** It is there, and was not seen when something was decided that is right only without it. A pod that has ended for good is as good as gone. */
export function isUnseen(object: KubeObject, { kind, labels, uids }: ObjectsSeen): boolean {
  const { uid = "", labels: own = {} } = object.metadata;
  if (uids.includes(uid)) return false;
  if (kind !== "Pod") return matches(labels, own);
  const pod = podView(object);
  return isLive(pod) && selects(labels, pod);
}

/**
 * "There was nothing to do" is told of a view that no write has put to the test, and people go on by it: where the watch of workloads is
 * late, they may be those of another day. Undefined where it is right, or was told before.
 */
export async function doubt(
  client: Pick<KubeClient, "list">,
  { metadata, status }: Pick<UpgradeView, "metadata" | "status">,
  { rightWith = [] }: Pick<Decision, "rightWith">,
  signal: AbortSignal,
): Promise<Decision | undefined> {
  const isTold = (status.conditions ?? []).some(
    (each) => each.type === "Succeeded" && each.status === "True" && each.observedGeneration === metadata.generation,
  );
  const other = isTold ? undefined : await otherThanSeen(client, rightWith, signal);
  return other === undefined ? undefined : unreadable([`${other}: it is not as its watch has told`]);
}

/**
 * The first of them that is not what was seen, or is no more. One list each, by name, which the roles allow and which is answered with
 * the most recent.
 */
async function otherThanSeen(
  client: Pick<KubeClient, "list">,
  those: readonly ObjectSeen[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const { ref, uid, generation } of those) {
    const { kind, namespace, name } = ref;
    const asked = { namespace, fieldSelector: `metadata.name=${name}`, signal };
    const [now] = (await client.list(resourceOfKind(kind), asked)).items;
    if (now?.metadata.uid !== uid || (now.metadata.generation ?? 0) !== generation) return refText(ref);
  }
  return undefined;
}
