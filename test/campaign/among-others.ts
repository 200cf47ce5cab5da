/** How an upgrade ends with other hands in it: by itself, or held by a reason that says what to do; that is done, and then it ends. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { endState } from "../e2e/end-state.ts";
import { auditScope, workloadsOf } from "../e2e/fixtures/topology.ts";
import { conditionOf, isSo, type Resource, tell } from "../e2e/resource.ts";
import { collectionOf, type Scene } from "../e2e/scene.ts";
import { read } from "../e2e/shared-cluster.ts";
import type { AuditScope } from "../support/invariants.ts";
import type { PlannedAct } from "./act-names.ts";
import { isSeen, type Performed, perform } from "./acts.ts";
import { type Disturbance, happen } from "./disturb.ts";
import { momentsOf } from "./moments.ts";
import { isOfLeader, isOutage, type Plan } from "./plan.ts";
import { sceneOf } from "./scenes.ts";
import { theirsOf } from "./theirs.ts";

export const actsOf = ({ steps }: Plan): readonly PlannedAct[] =>
  steps.flatMap(({ fault }) => (fault.kind === "act" ? [fault] : []));

export interface Others extends Disturbance {
  /** What they have done so far. */
  readonly performed: readonly Performed[];
  /** Somebody is in the middle of it. */
  isBusy(): boolean;
}

/** Lets others act at the moments of the plan, and go wrong what else it says. */
export function disturbAmongOthers(scene: Scene, plan: Plan): Others {
  const moments = momentsOf(plan);
  const pending: Promise<void>[] = [];
  const performed: Performed[] = [];
  const failures: string[] = [];
  let busy = 0;
  const attempt = async (what: () => Promise<void>): Promise<void> => {
    busy += 1;
    await what().catch((error: unknown) => failures.push(String(error)));
    busy -= 1;
  };
  const act = (planned: PlannedAct): Promise<void> =>
    attempt(async () => {
      const before = scene.effects().length;
      const done = await perform(scene, planned);
      performed.push(done);
      const { back } = done;
      if (back === undefined) return;
      const comeBack = async (): Promise<void> => {
        await isSeen(scene, before);
        await back();
      };
      pending.push(attempt(comeBack));
    });
  scene.proxy.setHook(async (n, phase, request) => {
    const due = moments.due(String(n), phase, request);
    if (due === undefined) return undefined;
    const { fault } = due;
    if (isOfLeader(fault) || isOutage(fault)) throw new Error(`${fault.kind} is no fault of one operator`);
    if (fault.kind !== "act") return happen(scene, fault, pending);
    await act(fault);
    return undefined;
  });
  return {
    left: moments.left,
    performed,
    isBusy: () => busy > 0,
    async over() {
      await Promise.all(pending);
    },
    judged: () => failures,
  };
}

/** Milliseconds in which nothing is written and nothing else is said: it has come to rest, or is held. */
const STILL = 3000;
const LOOK = 250;
const PATIENCE = 120_000;

type Stand =
  | { readonly kind: "ended" }
  | { readonly kind: "held"; readonly reason: string; readonly message: string }
  | { readonly kind: "lost"; readonly message: string };

export type Complain = (oracle: "end" | "held" | "truthful", message: string) => void;

/** The state in the end. */
export async function endAmongOthers(scene: Scene, disturbance: Others, complain: Complain): Promise<unknown> {
  const held = new Set<Performed>();
  const watch = await watchClaims(scene);
  try {
    for (let stand = await comeToRest(scene, disturbance); stand.kind !== "ended"; ) {
      const next = await putRight(scene, stand, disturbance, { held, complain });
      held.add(next);
      stand = await comeToRest(scene, disturbance);
    }
    for (const lie of watch.lies()) complain("truthful", lie);
  } finally {
    await watch.stop();
    for (const { stop } of disturbance.performed) await stop?.();
  }
  for (const each of disturbance.performed)
    if (theirsOf(each.planned).isHeld === true && !held.has(each))
      complain("held", `${each.planned.act} went on without end, or was never met`);
  return endState(scene);
}

/**
 * Does what the remedy asks for, and answers which act is undone by it.
 * @throws where nothing is left to be undone.
 */
async function putRight(
  scene: Scene,
  stand: Exclude<Stand, { kind: "ended" }>,
  { performed }: Others,
  { held, complain }: { readonly held: ReadonlySet<Performed>; readonly complain: Complain },
): Promise<Performed> {
  const left = performed.filter((each) => each.undo !== undefined && !held.has(each));
  const isExplained = ({ planned }: Performed): boolean =>
    stand.kind === "held" && theirsOf(planned).held?.test(stand.reason) === true;
  const cause = left.find(isExplained);
  if (stand.kind === "lost") complain("end", stand.message);
  else if (cause === undefined) complain("held", `by ${stand.reason}, which no act explains: ${stand.message}`);
  else for (const lack of lacksOf(await scene.resource(), stand.reason, cause.planned)) complain("held", lack);
  const next = cause ?? left[0];
  if (next?.undo === undefined) throw new Error(`it stays as it is: ${stand.message}\n${tell(await scene.resource())}`);
  await next.undo();
  return next;
}

/** Until it has ended, or is held, or says nothing for so long that nobody would wait any more. */
async function comeToRest(scene: Scene, disturbance: Others): Promise<Stand> {
  const begun = performance.now();
  let said = "";
  let since = performance.now();
  for (;;) {
    const resource = await scene.resource();
    const now = `${scene.effects().length} ${JSON.stringify(resource?.status.conditions ?? [])}`;
    if (now !== said) since = performance.now();
    said = now;
    const isOver = disturbance.left.size === 0 && !disturbance.isBusy();
    const isStill = performance.now() - since > STILL;
    const stand = standOf(resource);
    if (isStill && stand !== undefined && (isOver || stand.kind === "held")) return stand;
    if (performance.now() - begun > PATIENCE)
      return { kind: "lost", message: `neither ended nor held in ${PATIENCE / 1000} s\n${tell(resource)}` };
    await pause(LOOK);
  }
}

function standOf(resource: Resource | undefined): Stand | undefined {
  const drifted = conditionOf(resource, "Drifted");
  if (isSo(resource, { type: "Succeeded", status: "True" }) && resource?.metadata.finalizers.length === 0)
    return drifted?.status === "True" ? { kind: "held", ...drifted } : { kind: "ended" };
  const stalled = conditionOf(resource, "Stalled");
  const isCurrent = stalled?.observedGeneration === resource?.metadata.generation;
  return stalled?.status === "True" && isCurrent ? { kind: "held", ...stalled } : undefined;
}

/** What a person who is to put it right is not told. */
function lacksOf(resource: Resource | undefined, reason: string, { on }: PlannedAct): readonly string[] {
  const { steps = [], preflight = [] } = resource?.status ?? {};
  const message = conditionOf(resource, reason === "Drifted" ? "Drifted" : "Stalled")?.message ?? "";
  const names = on === undefined || message.includes(on) ? [] : [`${reason} does not name ${on}: ${message}`];
  if (reason === "Drifted") return names;
  const told = [
    ...steps.flatMap(({ blockedBy }) => (blockedBy === undefined ? [] : [blockedBy])),
    ...preflight.map(({ check, object, remedy }) => ({ reason: check, object, remedy })),
  ];
  const isWhole = told.some((each) => each.reason === reason && each.object !== "" && each.remedy !== "");
  return isWhole ? names : [...names, `${reason} without an object and a remedy: ${JSON.stringify(told)}`];
}

const templateSchema = z.object({
  spec: z.object({
    template: z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) }),
  }),
});

/** Longer than the report may be behind what it reports, in milliseconds. */
const BEHIND = 5000;

/** Looks whether it says that it has succeeded while a workload is not at the target, and says nothing of it. */
async function watchClaims(scene: Scene) {
  const life = new AbortController();
  const lies = new Set<string>();
  const { image } = scene.topology.spec.target;
  const { components } = scene.topology.spec;
  const targets = [components.collector, components.notification, components.polling, components.api].flatMap((each) =>
    each === undefined || ("retire" in each && each.retire === true) ? [] : each.targets.map(({ name }) => name ?? ""),
  );
  const workloads = workloadsOf(scene.topology).filter(({ metadata }) => targets.includes(metadata.name));
  let since: number | undefined;
  const look = async (): Promise<void> => {
    const resource = await scene.resource();
    const claims = isSo(resource, { type: "Succeeded", status: "True" });
    const off = claims && conditionOf(resource, "Drifted")?.status !== "True" ? await offTarget() : [];
    if (off.length === 0) since = undefined;
    else since ??= performance.now();
    if (since !== undefined && performance.now() - since > BEHIND)
      lies.add(`it says that it has succeeded, and not at the target are ${off.join(", ")}`);
  };
  const offTarget = async (): Promise<readonly string[]> => {
    const found = await Promise.all(
      workloads.map(async ({ kind, metadata: { name } }) => {
        const path = `${collectionOf(kind, scene.namespace)}/${name}`;
        const seen = templateSchema.safeParse(await read(scene.cluster, path));
        const isThere = seen.success && seen.data.spec.template.spec.containers.some((each) => each.image === image);
        return isThere ? [] : [name];
      }),
    );
    return found.flat();
  };
  const running = (async () => {
    while (!life.signal.aborted) {
      await look();
      await pause(LOOK, undefined, { signal: life.signal }).catch(() => undefined);
    }
  })();
  return {
    lies: () => [...lies],
    async stop(): Promise<void> {
      life.abort();
      await running;
    },
  };
}

/** How often the attempt is begun anew: there and back, or from what somebody left. */
function restartsOf(planned: PlannedAct): number {
  if (theirsOf(planned).anew !== true) return 0;
  return ["retargeted", "fileChanged"].includes(planned.act) ? 2 : 1;
}

/** What the auditor has to know of these acts beforehand: numbers that somebody else sets, images that another wish has. */
export function auditAmongOthers(plan: Plan): Partial<AuditScope> {
  const { options } = sceneOf(plan.scene);
  const acts = actsOf(plan);
  const scope = { ...auditScope(options.topology), ...options.audit };
  const scaled = acts.flatMap(({ act, on }) => (act === "scaled" && on !== undefined ? [on] : []));
  const isRetargeted = acts.some(({ act }) => act === "retargeted");
  const other = `${options.topology.spec.target.image}-r2`;
  const replicasOf = (name: string): number | undefined =>
    workloadsOf(options.topology).find(({ metadata }) => metadata.name === name)?.spec.replicas;
  const components = scope.components.map((each) => {
    const name = each.workloads.find((workload) => scaled.includes(workload.name))?.name;
    return {
      ...each,
      ...(name === undefined ? {} : { scaledTo: (replicasOf(name) ?? 1) + 1 }),
      ...(isRetargeted ? { newImages: [...each.newImages, other] } : {}),
    };
  });
  const { database } = scope;
  const images =
    database === "skipped" || !isRetargeted ? database : { ...database, image: [database.image, other].flat() };
  return { ...options.audit, components, database: images, restarts: Math.max(...acts.map(restartsOf)) };
}
