/** A control plane for campaigns, with the undisturbed run of each scene, made once when it is first asked for. */
import { attachCluster, type ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { setup } from "../e2e/global-setup.ts";
import type { Provided } from "../e2e/shared-cluster.ts";
import { type Reference, undisturbed } from "./play.ts";
import type { SceneName } from "./scenes.ts";

export function references(cluster: ClusterAccess): (scene: SceneName) => Promise<Reference> {
  const made = new Map<SceneName, Promise<Reference>>();
  return (scene) => {
    const reference = made.get(scene) ?? undisturbed(scene, cluster);
    made.set(scene, reference);
    return reference;
  };
}

export interface Ground extends AsyncDisposable {
  readonly cluster: ClusterAccess;
}

export async function openGround(): Promise<Ground> {
  let provided: Provided | undefined;
  const end = await setup({
    provide(_key, value) {
      provided = value;
    },
  });
  if (provided === undefined) throw new Error("a set-up without a control plane");
  return { cluster: await attachCluster(provided.dir, provided.binaries), [Symbol.asyncDispose]: end };
}
