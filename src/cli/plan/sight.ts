/** What a plan is made from: one look at the objects that were taken. */
import type { Observation, OperatorSettings, Workload } from "../../model/observation.ts";
import { atRest } from "../../plan/ideal-cluster.ts";
import { observed } from "../objects/still-cluster.ts";
import { type Taken, take, type Wish } from "../objects/taken.ts";
import type { Connecting } from "../surroundings.ts";

export async function lookAt(wish: Wish, around: Connecting, now: number): Promise<Observation> {
  return planned(await take(wish, around, now), wish.settings, now);
}

export function planned({ objects, name, from }: Taken, settings: OperatorSettings, now: number): Observation {
  const seen = observed(objects, name, settings, now);
  return from === "manifests" ? atRest(seen, unseenHosts) : seen;
}

/** No manifest says how many hosts there are: one of them gets the first agent, another one stands for the rest. */
const unseenHosts = ({ metadata: { name } }: Workload): readonly string[] => [
  `a-host-of-${name}`,
  `other-hosts-of-${name}`,
];
