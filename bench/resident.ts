/** What the operator needs while nothing happens, and after upgrades: memory, and requests to the API server. */
import { setTimeout as pause } from "node:timers/promises";
import { isLease, isRead, isWatch, isWrite, positionIn, readAudit, tally } from "./audit-log.ts";
import { askFor, isOperator } from "./drivers.ts";
import { finishLine } from "./finish-line.ts";
import { agentsPoll, type Ground, openScenes } from "./ground.ts";
import { nameOf, startOperator, type Variant } from "./operator.ts";
import type { Memory } from "./process-figures.ts";
import { oldImage, PARTS, resetScene, type Scene } from "./scene.ts";

/** Milliseconds in which a process comes to rest after a start or an upgrade. */
const REST = 3000;

export interface Resident {
  readonly variant: string;
  readonly readyAfter: number;
  /** No resource to look after yet. */
  readonly idle: Memory;
  readonly afterOne: Memory;
  readonly afterAll: Memory;
  readonly upgrades: number;
  readonly quiet: Quiet | undefined;
}

/** Requests in a stretch of idleness after the last upgrade. */
export interface Quiet {
  readonly seconds: number;
  readonly reads: Readonly<Record<string, number>>;
  readonly writes: Readonly<Record<string, number>>;
  /** Watches that were opened in it. */
  readonly watches: Readonly<Record<string, number>>;
  /** Those for the lease of the leader, none of which is in the others. */
  readonly lease: Readonly<Record<string, number>>;
  readonly perMinute: number;
}

export async function reside(
  ground: Ground,
  variant: Variant,
  options: { readonly scene: Scene; readonly upgrades: number; readonly idleSeconds: number },
): Promise<Resident> {
  const { scene, upgrades, idleSeconds } = options;
  await openScenes(ground, [scene]);
  const position = await positionIn(ground.auditLog);
  const measured = await (async () => {
    await using operator = await startOperator(ground, variant, [scene.namespace]);
    await operator.leads();
    await pause(REST);
    const idle = await operator.memory();
    const memories: Memory[] = [];
    for (let done = 0; done < upgrades; done += 1) {
      if (done > 0) await backToOld(ground, scene);
      await askFor(ground, [scene]);
      await pause(REST);
      memories.push(await operator.memory());
    }
    const from = Date.now();
    await pause(idleSeconds * 1000);
    const [afterOne = idle] = memories;
    return {
      readyAfter: operator.readyAfter,
      idle,
      afterOne,
      afterAll: memories.at(-1) ?? afterOne,
      from,
      to: Date.now(),
    };
  })();
  const { from, to, ...figures } = measured;
  const all = await readAudit(ground.auditLog, position);
  const quiet = all.filter((asked) => isOperator(asked) && asked.receivedAt >= from && asked.receivedAt <= to);
  return {
    variant: nameOf(variant),
    ...figures,
    upgrades,
    quiet:
      idleSeconds === 0
        ? undefined
        : {
            perMinute: (quiet.length / idleSeconds) * 60,
            lease: tally(quiet.filter(isLease)),
            seconds: idleSeconds,
            reads: tally(quiet.filter(isRead)),
            writes: tally(quiet.filter((asked) => isWrite(asked) && !isLease(asked))),
            watches: tally(quiet.filter(isWatch)),
          },
  };
}

/** A process that watches every namespace, and finds what is there. */
export async function memoryWhenStarted(ground: Ground, variant: Variant): Promise<Memory> {
  await using operator = await startOperator(ground, variant);
  await operator.leads();
  await pause(REST + LOOKS);
  return await operator.memory();
}

/** Milliseconds in which a leader has looked at every resource. */
const LOOKS = 7000;

async function backToOld(ground: Ground, scene: Scene): Promise<void> {
  const { run, replicas, strategy } = scene;
  await using line = await finishLine(ground.cluster, {
    run,
    image: oldImage(strategy),
    replicas,
    deployments: PARTS.length,
  });
  await resetScene(ground.cluster, scene);
  await line.crossed;
  await agentsPoll(ground, scene);
}
