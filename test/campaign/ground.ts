/** The undisturbed run of each scene, made once when it is first asked for, and watched for `rest` milliseconds after its end. */
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { type Reference, undisturbed } from "./play.ts";
import type { SceneName } from "./scenes.ts";

export function references(cluster: ClusterAccess, rest?: number): (scene: SceneName) => Promise<Reference> {
  const made = new Map<SceneName, Promise<Reference>>();
  return (scene) => {
    const reference = made.get(scene) ?? undisturbed(scene, cluster, rest);
    made.set(scene, reference);
    return reference;
  };
}
