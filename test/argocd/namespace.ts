/** What is in the namespace of a scene, apart from what Git says. */
import { z } from "zod";
import type { Scene } from "../e2e/scene.ts";

const listSchema = z.object({
  items: z.array(z.object({ kind: z.string(), metadata: z.object({ name: z.string(), uid: z.string() }) })),
});

async function list(scene: Scene, ...query: readonly string[]): Promise<readonly string[]> {
  const { items } = listSchema.parse(JSON.parse(await scene.kubectl("get", ...query, "-o", "json")));
  return items.map(({ kind, metadata: { name, uid } }) => `${kind}/${name} ${uid}`).toSorted();
}

/** Each with its uid, so that a new one under an old name is another one. */
export const podsOf = (scene: Scene): Promise<readonly string[]> => list(scene, "pods");

/** What the operator has created and is still there, with uids. */
export const made = (scene: Scene): Promise<readonly string[]> =>
  list(scene, "cm,job,deploy,ds,sts", "-l", "app.kubernetes.io/managed-by=ceilometer-upgrade-operator");
