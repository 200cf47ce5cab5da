/**
 * Plays what somebody writes into a resource and takes back again. Many plans use one scene, one after another, as long as each
 * leaves it as it was; whatever does not is judged, and the scene thrown away.
 */
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { specSchema } from "../../src/api/v1alpha1/schema.ts";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { endState, settledState } from "../e2e/end-state.ts";
import { auditScope, statefulset } from "../e2e/fixtures/topology.ts";
import { conditionOf, eventually, type Resource, readResource, resourcePath, tell } from "../e2e/resource.ts";
import { createObject, inScene, isStatusWrite, type Scene } from "../e2e/scene.ts";
import { mergePatch, read } from "../e2e/shared-cluster.ts";
import { onTheWay } from "../e2e/verb-cases.ts";
import type { Breach } from "../support/invariants.ts";
import { differencesOf } from "./differences.ts";
import { topologyOf } from "./inputs.ts";
import type { Input, Plan } from "./plan.ts";
import { podTemplates, specOf } from "./running.ts";
import { mutated } from "./schema-inputs.ts";
import { untruths } from "./truth.ts";

export interface InputFinding {
  readonly oracle:
    | "converged" /** It comes to rest, and says so of what was written. */
    | "log" /** Nothing that no run may have. */
    | "quiet" /** What is at rest writes nothing. */
    | "untouched" /** What is held before it begins, is paused, or is refused, writes nothing but its report. */
    | "truth" /** What is said is so. */
    | "auditor" /** No invariant was broken on the way. */
    | "recovery" /** Taken back, everything is as it was. */
    | "fresh" /** A resource that is created as it is now is told the same. */
    | "neighbour" /** Another Ceilometer is served as ever, and is as it was. */;
  readonly message: string;
}

export interface PlayedInput {
  readonly findings: readonly InputFinding[];
  readonly tried: number;
  readonly committed: number;
  /** What became of each mutation. */
  readonly outcomes: readonly Outcome[];
}
/** Not admitted; admitted and nothing of it kept; not begun, with a reason; carried out or on the way; no other state. */
export type Outcome = "refused" | "pruned" | "held" | "acted" | "rested";

export interface InputPlayer extends AsyncDisposable {
  play(plan: Plan, input: Input): Promise<PlayedInput>;
}

/** Milliseconds without a write that are taken for rest, and for waiting where the resource says that it is under way. */
const REST = 1500;
const WAITING = 6000;
const PATIENCE = 180_000;
/** Reports come once a second at most, while something moves. */
const reportsAllowed = (milliseconds: number): number => 6 + Math.ceil(milliseconds / 1000);
/** The longest upgrade of these has 30 writes; some are tried again while watches are late. */
const EFFECTS_ALLOWED = 120;

const NAME = "ceilometer";
const objectSchema = z.looseObject({ spec: z.unknown() });

interface Stage {
  readonly key: string;
  readonly scene: Scene;
  readonly input: Pick<Input, "state">;
  /** The spec as it is stored, to which everything is taken back, and how everything was. */
  readonly spec: unknown;
  readonly state: unknown;
  readonly neighbour: unknown;
  /** Complaints that a plan has been told of already. */
  told: number;
  close(): Promise<void>;
}

export function startInputPlayer(cluster: ClusterAccess): InputPlayer {
  const idle: Stage[] = [];
  const keyOf = ({ scene }: Plan, { state }: Input): string => `${scene}/${state}`;
  const borrow = async (plan: Plan, input: Input): Promise<Stage> => {
    const at = idle.findIndex(({ key }) => key === keyOf(plan, input));
    const [found] = at < 0 ? [] : idle.splice(at, 1);
    if (found !== undefined) return found;
    // Plans of one kind follow each other, so what waits for another kind waits for nothing.
    await Promise.all(idle.splice(0).map((stage) => stage.close()));
    return openStage(cluster, plan, input);
  };
  return {
    async play(plan, input) {
      const stage = await borrow(plan, input);
      const played = await new InputRun(stage, input).play();
      const isAsItWas = played.findings.length === 0 && !played.spent;
      if (isAsItWas) idle.push(stage);
      else await stage.close();
      return played;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(idle.splice(0).map((stage) => stage.close()));
    },
  };
}

async function openStage(cluster: ClusterAccess, plan: Plan, input: Input): Promise<Stage> {
  const { promise: opened, resolve, reject } = Promise.withResolvers<Stage>();
  const { promise: closing, resolve: end } = Promise.withResolvers<void>();
  const topology = topologyOf(plan.scene, input.state);
  const resting = statefulset().wish((spec) => {
    spec.paused = true;
  });
  const done = inScene({ topology, neighbour: resting, cluster }, async (scene) => {
    const neighbour = neighbourOf(scene);
    await createObject(cluster, neighbour.namespace, {
      apiVersion: "ceilometer.openstack.org/v1alpha1",
      kind: "CeilometerUpgrade",
      metadata: { name: NAME },
      spec: resting.spec,
    });
    await scene.apply();
    if (input.state === "finished") await settledState(scene);
    else await scene.until({ type: "Paused", status: "True" });
    const isPaused = async (): Promise<boolean> => {
      const condition = conditionOf(await readResource(cluster, neighbour.namespace, NAME), "Paused");
      return condition?.status === "True";
    };
    await eventually(isPaused, () => `the neighbour in ${neighbour.namespace} never says that it is paused`, PATIENCE);
    await quiet(scene, REST);
    const stage: Stage = {
      key: `${plan.scene}/${input.state}`,
      scene,
      input,
      spec: await specOf(scene),
      state: masked(await endState(scene), input),
      neighbour: await endState(neighbour),
      told: 0,
      close: async () => {
        end();
        await done.catch((error: unknown) => {
          // What a plan has been told of need not stop the others.
          if (stage.told === 0) throw error;
        });
      },
    };
    resolve(stage);
    await closing;
  });
  done.catch(reject);
  return opened;
}

function neighbourOf({ cluster, neighbour }: Scene): Pick<Scene, "cluster" | "namespace"> {
  if (neighbour === undefined) throw new Error("a scene without a neighbour");
  return { cluster, namespace: neighbour };
}

const SAME_BY_OTHER_WORDS: ReadonlySet<string> = new Set(["Ready", "Reconciling", "Stalled", "Succeeded", "Paused"]);
const stateSchema = z.looseObject({
  workloads: z.array(z.looseObject({ annotations: z.record(z.string(), z.string()) })),
  jobs: z.array(z.unknown()),
  configMaps: z.array(z.looseObject({ configMap: z.string() })),
  status: z.looseObject({
    conditions: z.array(z.tuple([z.string(), z.string(), z.string(), z.string()])),
    steps: z.array(z.looseObject({ name: z.string(), state: z.string() })),
  }),
});

/**
 * What nothing can take back: of one that has not begun nothing at all. Where an upgrade was carried out and then another one, the
 * workloads were written more often, and each attempt has left its record, its Jobs and its line in the history. And a wish that
 * comes back is told that all is there already where the other attempt has left it so: that is ready as well, by other words.
 */
function masked(state: unknown, { state: when }: Pick<Input, "state">): unknown {
  if (when === "before") return state;
  const { workloads, configMaps, status } = stateSchema.parse(state);
  const own = ([key]: readonly [string, string]): boolean => !/kubernetes\.io\/|^deprecated\.daemonset/.test(key);
  return {
    workloads: workloads.map(({ generation: _, annotations, ...workload }) => ({
      ...workload,
      annotations: Object.fromEntries(Object.entries(annotations).filter(own)),
    })),
    configMaps: configMaps.filter(({ configMap }) => !configMap.includes("-attempt-")),
    status: {
      ...status,
      history: [],
      conditions: status.conditions
        .filter(([type]) => SAME_BY_OTHER_WORDS.has(type))
        .map(([type, value]) => [type, value]),
      steps: status.steps.map(({ name }) => name),
    },
  };
}

/** Waits until nothing has been written for so long. */
async function quiet({ proxy }: Scene, milliseconds: number): Promise<void> {
  let count = -1;
  while (count !== proxy.writes.length) {
    count = proxy.writes.length;
    await pause(milliseconds);
  }
}

const observes = (resource: Resource | undefined): boolean =>
  resource !== undefined &&
  resource.status.conditions.length > 0 &&
  resource.status.conditions.every(({ observedGeneration }) => observedGeneration === resource.metadata.generation);

const isTrue = (resource: Resource, type: string): boolean => conditionOf(resource, type)?.status === "True";

interface Written {
  /** Nothing of it was kept, so that the stored spec is as it was. */
  readonly isSame: boolean;
  readonly goesBack: boolean;
  /** How many writes the operator had made, and what the auditor had found, each as JSON. */
  readonly from: number;
  readonly broken: ReadonlySet<string>;
}

/** One plan on one stage. */
class InputRun {
  readonly #stage: Stage;
  readonly #input: Input;
  readonly #findings: InputFinding[] = [];
  readonly #outcomes: Outcome[] = [];
  readonly #from: number;
  /** Something began that cannot be taken back, so that the next plan needs another scene. */
  #spent = false;

  constructor(stage: Stage, input: Input) {
    this.#stage = stage;
    this.#input = input;
    this.#from = stage.scene.proxy.writes.length;
  }

  async play(): Promise<PlayedInput & { readonly spent: boolean }> {
    try {
      await this.#playAll();
    } catch (error) {
      this.#found("converged", error instanceof Error ? error.message : String(error));
    }
    const { scene } = this.#stage;
    const complaints = scene.complaints();
    for (const line of complaints.slice(this.#stage.told, this.#stage.told + 3)) this.#found("log", line.slice(0, 600));
    this.#stage.told = complaints.length;
    const effects = scene.proxy.writes.slice(this.#from).filter((write) => !isStatusWrite(write));
    const committed = effects.filter((write) => (write.committed ?? 999) < 300).length;
    return {
      findings: this.#findings,
      tried: effects.length,
      committed,
      outcomes: this.#outcomes,
      spent: this.#spent,
    };
  }

  #found(oracle: InputFinding["oracle"], message: string): void {
    this.#findings.push({ oracle, message });
  }

  async #playAll(): Promise<void> {
    const { spec: original } = this.#stage;
    let spec = original;
    for (const mutation of this.#input.mutations) {
      const next = mutated(spec, mutation);
      // What a link before has taken away cannot be changed.
      if (next === undefined && mutation.path !== "") continue;
      const outcome = await this.#write(next);
      this.#outcomes.push(outcome);
      const isTold = outcome === "refused" || outcome === "held";
      if (this.#input.impossible === true && !isTold)
        this.#found("truth", "nobody is told that it cannot be carried out");
      if (outcome !== "refused") spec = await specOf(this.#stage.scene);
      if (this.#input.impossible === true && this.#input.state === "before" && outcome === "held") {
        await this.#wake(spec);
        spec = await specOf(this.#stage.scene);
      }
    }
    const isChain = this.#input.mutations.length > 1;
    if (isChain && this.#input.state === "before" && !this.#spent) await this.#compareWithFresh(spec);
    if (isDeepStrictEqual(spec, original)) return;
    await this.#takeBack(spec);
  }

  /** It is the impossible that holds it, not the pause: without that nothing is written either. */
  async #wake(spec: unknown): Promise<void> {
    const outcome = await this.#write({ ...z.looseObject({}).parse(spec), paused: false });
    this.#outcomes.push(outcome);
    if (outcome !== "held") this.#found("untouched", `what cannot be carried out is ${outcome} when it is not paused`);
  }

  /** Writes a whole spec, as `kubectl replace` does, and judges what comes of it. */
  async #write(spec: unknown): Promise<Outcome> {
    const { scene } = this.#stage;
    const path = resourcePath(scene.namespace, NAME);
    const before = await specOf(scene);
    const patch = [
      spec === undefined ? { op: "remove", path: "/spec" } : { op: "replace", path: "/spec", value: spec },
    ];
    const send = (query: string) =>
      scene.cluster.api.request("PATCH", `${path}${query}`, patch, { contentType: "application/json-patch+json" });
    const tried = await send("?dryRun=All");
    if (tried.status === 400 || tried.status === 422) return "refused";
    if (tried.status !== 200) throw new Error(`the API server answers ${tried.status}: ${tried.text.slice(0, 300)}`);
    const { spec: stored } = objectSchema.parse(JSON.parse(tried.text));
    const goesBack = isBackward(before, stored);
    if (this.#input.state === "finished") await this.#audit(stored, goesBack);
    const from = scene.proxy.writes.length;
    const broken = new Set(scene.auditor.breaches().map((breach) => JSON.stringify(breach)));
    const poke = this.#pokeNeighbour();
    const written = await send("");
    if (written.status !== 200) throw new Error(`admitted by a dry run, then ${written.status}: ${written.text}`);
    const outcome = await this.#judge(stored, { isSame: isDeepStrictEqual(before, stored), goesBack, from, broken });
    await poke;
    return outcome;
  }

  /** What runs now is old for the auditor, and what is written is new. */
  async #audit(spec: unknown, goesBack: boolean): Promise<void> {
    const { scene } = this.#stage;
    const parsed = specSchema.safeParse(spec);
    if (!parsed.success) return;
    const wished = scene.topology.wish((whole) => Object.assign(whole, parsed.data));
    const images = new Set((await podTemplates(scene)).flatMap((each) => each.images));
    const scope = auditScope(wished, { rollback: goesBack });
    const { image } = parsed.data.target;
    const components = scope.components.map((each) => ({
      ...each,
      oldImages: [...images].filter((old) => old !== image && !each.newImages.includes(old)),
    }));
    await scene.audit({ ...scope, rollback: goesBack, components, restarts: scope.strategy === "Partial" ? 1 : 0 });
  }

  /** Of what was so before the write nothing was broken by it: an auditor who begins after an upgrade sees all pods new at once. */
  async #verdict(goesBack: boolean, before: ReadonlySet<string>): Promise<void> {
    const all = await this.#stage.scene.verdict({ ended: false });
    const breaches = all.filter((breach) => !before.has(JSON.stringify(breach)));
    const judged: readonly Breach[] = goesBack ? onTheWay(breaches) : breaches;
    for (const breach of judged) this.#found("auditor", JSON.stringify(breach));
  }

  async #settled(from: number): Promise<Resource> {
    const { scene } = this.#stage;
    const begun = performance.now();
    let resource: Resource | undefined;
    const look = async (): Promise<boolean> => {
      resource = await scene.resource();
      return observes(resource);
    };
    await eventually(look, async () => `nobody looks at it\n${tell(await scene.resource())}`, PATIENCE);
    await quiet(scene, REST);
    for (;;) {
      resource = await scene.resource();
      if (resource === undefined) throw new Error("the resource is gone");
      if (!isTrue(resource, "Reconciling")) break;
      const count = scene.proxy.writes.length;
      await quiet(scene, WAITING);
      if (scene.proxy.writes.length === count) break;
      if (performance.now() - begun > PATIENCE) throw new Error(`it never rests\n${tell(resource)}`);
    }
    const writes = scene.proxy.writes.slice(from);
    const reports = writes.filter(isStatusWrite).length;
    const allowed = reportsAllowed(performance.now() - begun) * 2;
    if (reports > allowed) this.#found("quiet", `${reports} reports, ${allowed} are allowed`);
    const effects = writes.length - reports;
    if (effects > EFFECTS_ALLOWED) this.#found("quiet", `${effects} writes, ${EFFECTS_ALLOWED} are allowed`);
    resource = await scene.resource();
    if (resource === undefined) throw new Error("the resource is gone");
    return resource;
  }

  async #judge(spec: unknown, { isSame, goesBack, from, broken }: Written): Promise<Outcome> {
    const { scene } = this.#stage;
    const resource = await this.#settled(from);
    const effects = scene.proxy.writes.slice(from).filter((write) => !isStatusWrite(write));
    for (const untruth of untruths(resource, specSchema.safeParse(spec).data, await podTemplates(scene)))
      this.#found("truth", untruth);
    const { paused = false } = pausedSchema.parse(spec);
    const isBefore = this.#input.state === "before";
    const mayWrite = !isSame && !(isBefore && paused) && conditionOf(resource, "PreflightPassed")?.status !== "False";
    if (effects.length > 0 && !mayWrite)
      this.#found("untouched", `${effects.length} writes, the first ${effects[0]?.method} ${effects[0]?.path}`);
    const isHeld = effects.length === 0 && isTrue(resource, "Stalled");
    if (isBefore && !paused && !isHeld) this.#spent = true;
    if (effects.length > 0 || !isBefore) await this.#verdict(goesBack, broken);
    if (isSame) return "pruned";
    if (effects.length > 0) return "acted";
    return isHeld ? "held" : "rested";
  }

  /** The neighbour is given something to notice, and must. */
  async #pokeNeighbour(): Promise<void> {
    const neighbour = neighbourOf(this.#stage.scene);
    const path = resourcePath(neighbour.namespace, NAME);
    await mergePatch(neighbour.cluster, path, {
      spec: { progressDeadlineSeconds: 600 + Math.floor(this.#from % 1000) },
    });
    const look = async (): Promise<boolean> =>
      observes(await readResource(neighbour.cluster, neighbour.namespace, NAME));
    try {
      await eventually(look, () => "the neighbour is not looked at", 60_000);
      for (const difference of differencesOf(this.#stage.neighbour, await endState(neighbour)))
        this.#found("neighbour", difference);
    } catch (error) {
      this.#found("neighbour", error instanceof Error ? error.message : String(error));
    }
  }

  async #takeBack(last: unknown): Promise<void> {
    const { scene, spec: original, state } = this.#stage;
    const wanted = takenBack(original, last, this.#input.state);
    const outcome = await this.#write(wanted);
    if (outcome === "refused") {
      this.#found("recovery", "what was stored before is refused now");
      return;
    }
    // What has been carried out of a paused resource that had not begun is another state than that.
    if (this.#spent) return;
    const kept = keptReplicas(original, last);
    let differences: readonly string[] = [];
    const look = async (): Promise<boolean> => {
      differences = differencesOf(state, masked(await endState(scene), this.#input)).filter(
        (each) => !(kept && /\/spec\/replicas:/.test(each)),
      );
      return differences.length === 0;
    };
    await eventually(look, () => "", 60_000).catch(() => this.#found("recovery", differences.slice(0, 8).join("\n")));
    if (kept || !isDeepStrictEqual(wanted, original)) this.#spent = true;
    const count = scene.effects().length;
    await pause(REST);
    const after = scene.effects().length - count;
    if (after > 0) this.#found("quiet", `${after} writes after everything was as it had been`);
  }

  /** A resource that is created with this spec is told what this one is told. */
  async #compareWithFresh(spec: unknown): Promise<void> {
    const { scene } = this.#stage;
    const name = "fresh";
    const { cluster, namespace } = scene;
    const path = resourcePath(namespace, name);
    const object = {
      apiVersion: "ceilometer.openstack.org/v1alpha1",
      kind: "CeilometerUpgrade",
      metadata: { name },
      spec,
    };
    const { status, text } = await cluster.api.request("POST", path.slice(0, path.lastIndexOf("/")), object);
    if (status !== 201) {
      this.#found("fresh", `${status}: ${text.slice(0, 300)}`);
      return;
    }
    const said = (resource: Resource | undefined): unknown => {
      const told = resource?.status;
      const conditions = told?.conditions.map(({ observedGeneration: _, ...condition }) => condition);
      const parts = { conditions, steps: told?.steps, preflight: told?.preflight };
      const same: unknown = JSON.parse(
        JSON.stringify(parts).replaceAll(`CeilometerUpgrade/${name}`, `CeilometerUpgrade/${NAME}`),
      );
      return same;
    };
    let differences: readonly string[] = [];
    const look = async (): Promise<boolean> => {
      const fresh = await readResource(cluster, namespace, name);
      differences = differencesOf(said(await scene.resource()), said(fresh));
      return observes(fresh) && differences.length === 0;
    };
    await eventually(look, () => "", 20_000).catch(() => this.#found("fresh", differences.slice(0, 8).join("\n")));
    await cluster.api.request("DELETE", path);
    await eventually(
      async () => (await read(cluster, path)) === undefined,
      () => "the fresh one stays",
      PATIENCE,
    );
    await quiet(scene, REST);
  }
}

const pausedSchema = z.object({ paused: z.boolean().optional() });
const targetSchema = z.object({
  rollback: z.boolean().optional(),
  retryAttempt: z.int().optional(),
  target: z.object({ image: z.string(), release: z.string() }),
});

/** To the original; a rollback that has ended is final, as its field says, unless retryAttempt is raised. */
function takenBack(original: unknown, last: unknown, state: Input["state"]): unknown {
  const { rollback = false, retryAttempt = 0 } = targetSchema.parse(last);
  if (!rollback || state === "before") return original;
  return mutated(original, { path: "/retryAttempt", value: retryAttempt + 1 });
}

/** Where the wish is of the release or image of before, templates go back to it, in the order of a rollback. */
function isBackward(before: unknown, after: unknown): boolean {
  const [was, is] = [targetSchema.safeParse(before).data, targetSchema.safeParse(after).data];
  if (was === undefined || is === undefined) return false;
  return is.rollback === true || was.rollback === true || !isDeepStrictEqual(was.target, is.target);
}

/** A number of replicas that is not said any more stays what it is, as its field says. */
function keptReplicas(original: unknown, last: unknown): boolean {
  const replicas = (spec: unknown): unknown => {
    const components = specSchema.safeParse(spec).data?.components;
    return [components?.collector?.replicas, components?.notification?.replicas, components?.api?.replicas];
  };
  return !isDeepStrictEqual(replicas(original), replicas(last));
}
