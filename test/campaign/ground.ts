/** The undisturbed run of each scene, made when it is first asked for. */
import { isDeepStrictEqual } from "node:util";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { differencesOf } from "./differences.ts";
import { type Reference, undisturbed } from "./play.ts";
import type { SceneName } from "./scenes.ts";

export interface Undisturbed {
  /** Milliseconds for which it is watched after its end; default: as long as what is disturbed. */
  readonly rest?: number;
  /** It is run so often, and has to come out the same: what differs by itself is no difference that a fault has made. Default 1. */
  readonly times?: number;
}

export function references(
  cluster: ClusterAccess,
  { rest, times = 1 }: Undisturbed = {},
): (scene: SceneName) => Promise<Reference> {
  const made = new Map<SceneName, Promise<Reference>>();
  const make = async (scene: SceneName): Promise<Reference> => {
    const first = await undisturbed(scene, cluster, rest);
    for (let time = 1; time < times; time += 1) mustEqual(scene, first, await undisturbed(scene, cluster));
    return first;
  };
  return (scene) => {
    const reference = made.get(scene) ?? make(scene);
    made.set(scene, reference);
    return reference;
  };
}

function mustEqual(scene: SceneName, first: Reference, again: Reference): void {
  if (isDeepStrictEqual(first, again)) return;
  const wrong = differencesOf(
    { state: first.state, made: Object.fromEntries(first.made) },
    { state: again.state, made: Object.fromEntries(again.made) },
  );
  throw new Error(`the undisturbed ${scene} comes out otherwise another time: ${wrong.join("; ")}`);
}
