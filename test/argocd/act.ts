/** An action of a live resource: computed by Argo CD's own program, applied as Argo CD's API server applies it. */
import { z } from "zod";
import { resourcePath } from "../e2e/resource.ts";
import type { Scene } from "../e2e/scene.ts";
import { mergePatch, read } from "../e2e/shared-cluster.ts";
import type { Admin } from "./admin.ts";

const recordSchema = z.record(z.string(), z.unknown());
type Json = z.infer<typeof recordSchema>;

/** @throws Error where the action is not offered. */
export async function act(admin: Admin, scene: Scene, action: string): Promise<void> {
  const path = resourcePath(scene.namespace, "ceilometer");
  const live = recordSchema.parse(await read(scene.cluster, path));
  const { enabled } = await admin.actions(live);
  if (!enabled.includes(action)) throw new Error(`${action} is not offered, but: ${enabled.join(", ")}`);
  await mergePatch(scene.cluster, path, patchBetween(live, await admin.act(live, action)));
}

/** The merge patch (RFC 7386) from one to the other. */
function patchBetween(before: Json, after: Json): Json {
  const gone = Object.keys(before).filter((key) => after[key] === undefined);
  const changed = Object.entries(after).flatMap(([key, value]): [string, unknown][] => {
    const former = before[key];
    if (JSON.stringify(former) === JSON.stringify(value)) return [];
    const [left, right] = [recordSchema.safeParse(former), recordSchema.safeParse(value)];
    if (!left.success || !right.success) return [[key, value]];
    const inner = patchBetween(left.data, right.data);
    return Object.keys(inner).length === 0 ? [] : [[key, inner]];
  });
  return Object.fromEntries([...changed, ...gone.map((key) => [key, null] as const)]);
}
