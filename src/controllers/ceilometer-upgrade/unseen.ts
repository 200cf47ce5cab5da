/** What is there, and was not when something was decided that is right only without it. */
import type { KubeObject } from "../../kube/object.ts";
import { isLive, matches, selects } from "../../model/agent.ts";
import type { ObjectsSeen } from "../../model/outcome.ts";
import { podView } from "./views/pod.ts";

/** A pod that has ended for good is as good as gone. */
export function isUnseen(object: KubeObject, { kind, labels, uids }: ObjectsSeen): boolean {
  const { uid = "", labels: own = {} } = object.metadata;
  if (uids.includes(uid)) return false;
  if (kind !== "Pod") return matches(labels, own);
  const pod = podView(object);
  return isLive(pod) && selects(labels, pod);
}
