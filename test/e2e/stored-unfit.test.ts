/**
 * Resources that were stored before the definition had a schema, or under another one, and that fit nothing: the operator starts
 * on them, tells each what is wrong with it where that can be told, lets one go that is deleted, and upgrades the good one beside them.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { startCluster } from "../../tools/control-plane/cluster.ts";
import { startPodLogs } from "../../tools/control-plane/pod-logs.ts";
import { modern } from "./fixtures/topology.ts";
import { eventually, resourcePath } from "./resource.ts";
import { inScene, type Scene } from "./scene.ts";
import { read } from "./shared-cluster.ts";
import { GOING, storeUnfit, UNFIT } from "./unfit-resources.ts";

const answer = z.looseObject({ status: z.unknown() });

/** What the resource says, or where it cannot, what the log says of it. */
async function saidOf(scene: Scene, name: string): Promise<string> {
  const found = answer.parse(await read(scene.cluster, resourcePath(scene.namespace, name)));
  const logged = scene.logged().filter((line) => JSON.stringify(line).includes(`${scene.namespace}/${name}`));
  return JSON.stringify({ status: found.status, logged });
}

test("what was stored under no schema is told so, and stops neither the operator nor a good resource", async () => {
  await using cluster = await startCluster();
  await using _logs = await startPodLogs(cluster);
  await inScene({ topology: modern(), cluster, stored: storeUnfit }, async (scene) => {
    await scene.apply();
    await scene.succeed({ timeout: 200_000 });
    // A second operator lists what the first one has reported on, and serves the good one as well.
    await scene.crash();
    await scene.edit({ abort: true });
    await scene.until({ type: "Succeeded", status: "True" });
    for (const name of Object.keys(UNFIT)) {
      const isTold = async (): Promise<boolean> => /InvalidSpec|ReleaseUnknown/.test(await saidOf(scene, name));
      await eventually(isTold, async () => `${name} is told nothing: ${await saidOf(scene, name)}`, 30_000);
    }
    const isTold = async (): Promise<boolean> => /RequestInvalid/.test(await saidOf(scene, "status-unfit"));
    await eventually(isTold, () => saidOf(scene, "status-unfit"), 30_000);
    expect(await saidOf(scene, "status-unfit")).not.toContain("the old one");
    const path = resourcePath(scene.namespace, GOING);
    await cluster.api.request("DELETE", path);
    const isGone = async (): Promise<boolean> => (await cluster.api.request("GET", path)).status === 404;
    await eventually(isGone, () => saidOf(scene, GOING), 30_000);
    const writes = scene.effects().map(({ path }) => path.split("?")[0]);
    expect(writes.filter((path) => Object.keys(UNFIT).some((name) => path?.endsWith(`/${name}`)))).toEqual([]);
  });
}, 400_000);
