/** Observe, decide, act, report. The whole controller; everything else is what these four words mean. */
import type { Status } from "../../api/v1alpha1/schema.ts";
import type { KubeClient } from "../../kube/client.ts";
import { failureOf, type KubeFailure } from "../../kube/errors.ts";
import type { Decision } from "../../model/decision.ts";
import type { Observation } from "../../model/observation.ts";
import type { Effect } from "../../model/outcome.ts";
import type { Plan } from "../../model/plan.ts";
import type { UpgradeReport, Written } from "../../observability/upgrade-report.ts";
import { deciding } from "../../plan/decide-or-plan.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type Controller, createController, type Next, type ReconcileResult } from "../../runtime/controller.ts";
import type { Log } from "../../runtime/logger.ts";
import type { WorkQueue } from "../../runtime/queue.ts";
import { type Acted, act, unlessUndone, type Version } from "./act.ts";
import { type Caches, everyCache } from "./caches.ts";
import { inTurns } from "./in-turns.ts";
import { endingAttempt, farewell, isHeld, isLast } from "./leave.ts";
import { nextLook } from "./next-look.ts";
import { type ObservePorts, observe } from "./observe.ts";
import { releaseOrphan } from "./orphaned-record.ts";
import type { Probes } from "./probes.ts";
import { readAhead } from "./read-ahead.ts";
import { failing, refusal, stuck } from "./refusal.ts";
import type { Reporter } from "./report.ts";
import { inVain, isStuck, type Nothing, type Vain } from "./stale-backoff.ts";
import { standInSpec } from "./stand-in-spec.ts";
import { draftStatus } from "./status.ts";
import { doubt } from "./unseen.ts";
import type { UpgradeView } from "./views/upgrade.ts";

export interface ControllerPorts {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly observing: ObservePorts;
  readonly probes: Probes;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly log: Log;
  readonly queue?: WorkQueue;
  /** Whether this process leads, by the clock. Default: it does. */
  readonly mayWrite?: () => boolean;
  readonly onWrite?: (effect: Effect, acted: Acted, written: Written) => void;
  /** The resource is no more. */
  readonly onGone?: (key: string) => void;
  /** What a look without a write came to, whether it is stored now, later or not at all. */
  readonly onReport?: (report: UpgradeReport) => void;
  /** The API server has this report now, in the place of the one before. */
  readonly onStored?: (previous: Status, report: UpgradeReport) => void;
  readonly onReconcile?: (name: string, result: ReconcileResult, seconds: number) => void;
}

const WORKERS = 12;
const TIMEOUT_MS = 60_000;
/** How long a record waits that could not be let go. */
const ORPHAN_AGAIN_MS = 5000;

export function createUpgradeController(ports: ControllerPorts): Controller {
  const { clock, log, queue, onReconcile } = ports;
  const memory: Memory = { vain: new Map(), plans: new Map() };
  return createController({
    name: "ceilometerupgrade",
    workers: WORKERS,
    timeoutMs: TIMEOUT_MS,
    clock,
    log,
    reconcile: (key, signal) => reconcile(ports, memory, key, signal),
    passing,
    ...(queue === undefined ? {} : { queue }),
    ...(onReconcile === undefined ? {} : { onReconcile }),
  });
}

/** A report could not be stored because the API server was away, or its answer was: the next look stores it. */
function passing(error: unknown): KubeFailure | undefined {
  const failure = failureOf(error);
  const passes = failure?.kind === "throttled" || failure?.kind === "unavailable" || failure?.kind === "lost";
  return passes ? failure : undefined;
}

/** What is lost with the process, and costs nothing but time and words. */
interface Memory {
  /** Writes in a row that came to nothing, by key. */
  readonly vain: Map<string, Vain>;
  /** The last plan that was made, by key, until a report has it. */
  readonly plans: Map<string, Plan>;
}

async function reconcile(ports: ControllerPorts, memory: Memory, key: string, signal: AbortSignal): Promise<Next> {
  const orphan = releaseOrphan(ports.caches, ports.observing.leaving === true, key);
  if (orphan === undefined) return lookAndAct(ports, memory, key, signal);
  if (await isReleased(ports, orphan, signal)) return { kind: "recheck", afterMs: 0 };
  // A record that cannot be let go keeps nobody of its name waiting.
  const next = await lookAndAct(ports, memory, key, signal);
  return {
    kind: "recheck",
    afterMs: next.kind === "recheck" ? Math.min(next.afterMs, ORPHAN_AGAIN_MS) : ORPHAN_AGAIN_MS,
  };
}

async function lookAndAct(
  ports: ControllerPorts,
  { vain, plans }: Memory,
  key: string,
  signal: AbortSignal,
): Promise<Next> {
  const [namespace = "", name = ""] = key.split("/");
  const known = ports.caches.upgrades.get(namespace, name);
  if (known === undefined) return forget(ports, { vain, plans }, key);
  const { leaving = false } = ports.observing;
  if (leaving && !isHeld(known)) return { kind: "awaitChange" };
  const { view, seen } = await look(ports, known);
  if (seen === undefined) return reportInvalid(ports, view, signal);

  const decided = withPlan(plans, key, await decideOrSay(ports, view, seen, plans.get(key)?.hash, signal));
  const decision = leaving ? endingAttempt(seen, decided) : decided;
  ports.probes.want(key, decision.probes);
  if (decision.effect === undefined) return tellOrDoubt(ports, vain, key, { view, seen, decision }, signal);
  if (leaving && isLast(decision.effect)) await report(ports, view, seen, farewell(decision), signal);

  const began = ports.clock.now();
  const before = heldBefore(ports.caches, decision.effect);
  const acted = unlessUndone(await act(ports.client, decision.effect, signal, ports.mayWrite), before);
  ports.onWrite?.(decision.effect, acted, { metadata: view.metadata, decision, began, ended: ports.clock.now() });
  return follow(ports, vain, key, { view, seen, decision, effect: decision.effect, acted }, signal);
}

/** The resource is no more: nothing is kept of it. */
function forget(ports: ControllerPorts, { vain, plans }: Memory, key: string): Next {
  ports.probes.want(key, []);
  ports.observing.named.look(key, []);
  vain.delete(key);
  plans.delete(key);
  ports.reporter.forget(key);
  ports.onGone?.(key);
  return { kind: "awaitChange" };
}

/** Of no resource that is there, so that the log alone tells of it. */
async function isReleased(
  { client, caches, log, mayWrite }: ControllerPorts,
  effect: Effect,
  signal: AbortSignal,
): Promise<boolean> {
  const before = heldBefore(caches, effect);
  const acted = unlessUndone(await act(client, effect, signal, mayWrite), before);
  if (acted.kind === "done") {
    takeIn(caches, acted);
    log.info({ write: effect.kind, ...effect.why }, "wrote");
    return true;
  }
  if (acted.kind !== "stale" || acted.isUndone === true)
    log.warn({ ...effect.why, acted }, "a record of a resource that is gone cannot be let go");
  return false;
}

/** What had to be read took its time: another look, at the resource as it is by then, says what is so now. */
async function look({ caches, observing, clock }: ControllerPorts, known: UpgradeView): Promise<Look> {
  const seen = observe(observing, known, clock.now());
  if (seen === undefined || !(await readAhead(seen))) return { view: known, seen };
  const { namespace, name } = known.metadata;
  const view = caches.upgrades.get(namespace, name) ?? known;
  return { view, seen: observe(observing, view, clock.now()) };
}

interface Look {
  readonly view: UpgradeView;
  /** Undefined where the resource does not fit the schema, and does not go. */
  readonly seen: Observation | undefined;
}

/** A plan is made when an attempt begins, and reported with the looks that follow. */
function withPlan(plans: Map<string, Plan>, key: string, decision: Decision): Decision {
  if (decision.plan !== undefined) {
    plans.set(key, decision.plan);
    return decision;
  }
  const plan = plans.get(key);
  return plan?.hash !== undefined && plan.hash === decision.record?.plan ? { ...decision, plan } : decision;
}

/** A mistake in deciding is told where people look for it, and tried again: what is looked at may change. */
async function decideOrSay(
  ports: ControllerPorts,
  view: UpgradeView,
  seen: Observation,
  knownPlan: string | undefined,
  signal: AbortSignal,
): Promise<Decision> {
  try {
    return await inTurns(deciding(seen, knownPlan), ports.clock);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const message = `the operator made a mistake and does nothing: ${what}; report it with the operator's log`;
    const headline = { reason: "InternalError", message };
    await report(ports, view, seen, { phase: "Held", headline, steps: [], findings: [], probes: [] }, signal);
    throw error;
  }
}

interface Done {
  readonly view: UpgradeView;
  readonly seen: Observation;
  readonly decision: Decision;
  readonly effect: Effect;
  readonly acted: Acted;
}

async function follow(
  ports: ControllerPorts,
  vain: Map<string, Vain>,
  key: string,
  { view, seen, decision, effect, acted }: Done,
  signal: AbortSignal,
): Promise<Next> {
  const again = (what: Nothing): ReturnType<typeof inVain> => inVain(vain, key, what, ports.clock.monotonic());
  switch (acted.kind) {
    case "done":
      vain.delete(key);
      takeIn(ports.caches, acted);
      ports.reporter.did(seen.upgrade.metadata, effect);
      // The next look is due now; it sees the write, and reports.
      return { kind: "recheck", afterMs: 0 };
    case "stale": {
      const tried = again("stale");
      const isTold = isStuck(effect, tried, acted.isUndone);
      if (isTold) await report(ports, view, seen, stuck(decision, effect, acted), signal);
      ports.log.debug({ key, why: acted.why, effect: effect.why.reason }, "decided on something older; looking again");
      return { kind: "recheck", afterMs: tried.waitMs };
    }
    case "refused": {
      const refused = refusal(decision, effect, acted.failure.message);
      await report(ports, view, seen, refused, signal);
      return { kind: "recheck", afterMs: again("refused").waitMs };
    }
    case "unknown": {
      const tried = again("unknown");
      ports.log.warn({ key, failure: acted.failure, effect: effect.why.reason }, "the outcome of a write is not known");
      if (tried.isFailing) await report(ports, view, seen, failing(decision, effect, acted.failure), signal);
      return { kind: "recheck", afterMs: Math.max(tried.waitMs, acted.failure.retryAfterMs ?? 0) };
    }
  }
}

/** A write that follows from what is held is made on this version of its object, or is refused. */
function heldBefore(caches: Caches, effect: Effect): Version | undefined {
  if (effect.kind !== "patch" && effect.kind !== "annotate") return undefined;
  const { kind, namespace, name } = effect.ref;
  return everyCache(caches)
    .find(({ resource }) => resource.kind === kind)
    ?.get(namespace, name)?.metadata;
}

/** What was written or deleted is seen at once, not only when the watch brings it back. */
function takeIn(caches: Caches, { object, gone }: Extract<Acted, { kind: "done" }>): void {
  for (const cache of everyCache(caches)) {
    if (object?.kind === cache.resource.kind) cache.put(object);
    if (gone?.ref.kind === cache.resource.kind) cache.gone(gone.ref, gone.uid);
  }
}

async function tellOrDoubt(
  ports: ControllerPorts,
  vain: Map<string, Vain>,
  key: string,
  { view, seen, decision }: Pick<Done, "view" | "seen" | "decision">,
  signal: AbortSignal,
): Promise<Next> {
  const doubted = await doubt(ports.client, view, decision, signal);
  if (doubted === undefined) {
    vain.delete(key);
    return rest(ports, view, seen, decision, signal);
  }
  await report(ports, view, seen, doubted, signal);
  return { kind: "recheck", afterMs: inVain(vain, key, "stale", ports.clock.monotonic()).waitMs };
}

/** Nothing to write: report, and look again when something changes, or when time alone would change the answer. */
async function rest(
  ports: ControllerPorts,
  view: UpgradeView,
  seen: Observation,
  decision: Decision,
  signal: AbortSignal,
): Promise<Next> {
  const heldBackMs = await report(ports, view, seen, decision, signal);
  return nextLook({ recheckAt: decision.recheckAt, decidedAt: seen.now, now: ports.clock.now(), heldBackMs });
}

function report(
  ports: ControllerPorts,
  view: UpgradeView,
  seen: Observation,
  decision: Decision,
  signal: AbortSignal,
): Promise<number | undefined> {
  // A resource that may go any moment needs no report of it.
  if (decision.phase === "Deleting" && decision.effect !== undefined) return Promise.resolve(undefined);
  const records = seen.records.seen === "present" ? seen.records.value : [];
  const draft = draftStatus({ upgrade: seen.upgrade, decision, records, now: seen.now }, view.status);
  const status = view.spec === undefined ? withoutRelease(draft) : draft;
  const { metadata } = seen.upgrade;
  const told = { metadata, spec: view.spec, status, decision, workloads: seen.workloads, now: seen.now };
  return tell(ports, view.status, told, signal);
}

async function tell(
  ports: ControllerPorts,
  previous: Status,
  report: UpgradeReport,
  signal: AbortSignal,
): Promise<number | undefined> {
  ports.onReport?.(report);
  const { metadata, status, decision } = report;
  const reported = await ports.reporter.report(metadata, previous, status, decision, signal);
  if (!reported.stored) return reported.againMs;
  ports.onStored?.(previous, { ...report, status: reported.status });
  return undefined;
}

/** What stands in for the spec names none. */
const withoutRelease = (status: Status): Status => ({ ...status, release: {} });

/** A resource that does not fit the schema is told so; it stops no other. */
async function reportInvalid(ports: ControllerPorts, view: UpgradeView, signal: AbortSignal): Promise<Next> {
  const { namespace, name } = view.metadata;
  ports.probes.want(`${namespace}/${name}`, []);
  const message = `${view.invalid ?? "the spec"}; correct the field, the resource does not fit this operator's schema`;
  const decision: Decision = {
    phase: "Held",
    headline: { reason: "InvalidSpec", message },
    steps: [],
    findings: [],
    probes: [],
  };
  const upgrade = { metadata: view.metadata, spec: standInSpec([]) };
  const now = ports.clock.now();
  const status = withoutRelease(draftStatus({ upgrade, decision, records: [], now }, view.status));
  const workloads = { seen: "unreadable", why: "nothing is looked for" } as const;
  const againMs = await tell(
    ports,
    view.status,
    { metadata: view.metadata, spec: undefined, status, decision, workloads, now },
    signal,
  );
  return againMs === undefined ? { kind: "awaitChange" } : { kind: "recheck", afterMs: againMs };
}
