/** A plan as data: one scene, and what goes wrong at which moments of it. Its JSON alone is enough to run it again. */
import { z } from "zod";
import { actSchema, type PlannedAct } from "./act-names.ts";

const status = z.int().min(400).max(599);
const milliseconds = z.int().positive();

const skewSeconds = z.int().optional();

/** What happens to the leader of several replicas or to its lease. */
const leaderFaults = [
  /** It stands still for so long (SIGSTOP), and goes on with what it was about to do. Its clock is ahead, the next one's behind. */
  z.strictObject({ kind: z.literal("leaderStopped"), milliseconds, skewSeconds }),
  /** Nothing of it gets through for so long; the others are served. */
  z.strictObject({ kind: z.literal("leaderPartitioned"), milliseconds }),
  /** It is asked to end (SIGTERM). */
  z.strictObject({ kind: z.literal("leaderTerminated"), skewSeconds }),
  /** For so long every request about leases is answered by this. */
  z.strictObject({ kind: z.literal("leaseAnswers"), whose: z.enum(["leader", "all"]), status, milliseconds }),
  /** Somebody deletes the lease. */
  z.strictObject({ kind: z.literal("leaseDeleted") }),
  /** Somebody writes another holder into it, who is nobody. */
  z.strictObject({ kind: z.literal("leaseRewritten") }),
] as const;
const leaderFaultSchema = z.discriminatedUnion("kind", [...leaderFaults]);
export type LeaderFault = z.infer<typeof leaderFaultSchema>;

/** A second API server over the same etcd is behind for so long. */
const behindFaults = [
  /** What is read has been asked of it from the beginning. It hears nothing for so long, while the first one takes writes. */
  z.strictObject({ kind: z.literal("readsFallBehind"), milliseconds }),
  /** What is read is asked of it from now on. It has heard nothing since before the upgrade. */
  z.strictObject({ kind: z.literal("readsMoveBehind"), milliseconds }),
  /** Likewise everything. */
  z.strictObject({ kind: z.literal("allMovesBehind"), milliseconds }),
  /** Likewise, and the operator is killed: another one starts and speaks with it alone. */
  z.strictObject({ kind: z.literal("startedBehind"), milliseconds }),
] as const;
export type Behind = z.infer<(typeof behindFaults)[number]>["kind"];

/** What happens to the control plane, or to what lets the operator speak to it, for so long. */
const outageFaults = [
  /** The API server dies (SIGKILL) and is started again. */
  z.strictObject({ kind: z.literal("apiServerKilled"), milliseconds }),
  /** Etcd stands still (SIGSTOP): the API server answers nothing that needs it. */
  z.strictObject({ kind: z.literal("etcdStopped"), milliseconds }),
  /** Etcd dies (SIGKILL) and is started again on what it had written. */
  z.strictObject({ kind: z.literal("etcdKilled"), milliseconds }),
  /** The operator may nothing: its RoleBindings are gone, and its watches broken. */
  z.strictObject({ kind: z.literal("bindingsRemoved"), milliseconds }),
  /** Its ServiceAccount is deleted and made anew, so that its token is worth nothing; then its file holds another. */
  z.strictObject({ kind: z.literal("accountRemoved"), milliseconds }),
  /** The definition of the resource is deleted, with every resource, and applied again. */
  z.strictObject({ kind: z.literal("definitionRemoved"), milliseconds }),
  ...behindFaults,
] as const;
const outageFaultSchema = z.discriminatedUnion("kind", [...outageFaults]);
export type OutageFault = z.infer<typeof outageFaultSchema>;

/** What goes wrong. Where it says nothing else, it goes wrong once. */
export const faultSchema = z.discriminatedUnion("kind", [
  /** The operator dies as in a power cut, and another one starts at once. Nobody learns the answer to the write. */
  z.strictObject({ kind: z.literal("crash") }),
  /** The connection breaks instead of an answer: before the write was made, or after. */
  z.strictObject({ kind: z.literal("drop") }),
  /** The write is answered by this, whether or not it was made. */
  z.strictObject({ kind: z.literal("answer"), status, retryAfterSeconds: z.int().positive().optional() }),
  z.strictObject({ kind: z.literal("delay"), milliseconds }),
  /** For so long every list, get and new watch is answered by this; open watches are broken. */
  z.strictObject({
    kind: z.literal("readsAnswer"),
    status,
    milliseconds,
    retryAfterSeconds: z.int().positive().optional(),
  }),
  /** Every connection breaks. */
  z.strictObject({ kind: z.literal("disconnect") }),
  /** Every connection breaks, and nobody gets through for so long. */
  z.strictObject({ kind: z.literal("outage"), milliseconds }),
  /** Open watches break. */
  z.strictObject({ kind: z.literal("watchesCut") }),
  /** Open watches break, and what they knew has been forgotten: each is refused once with 410. */
  z.strictObject({ kind: z.literal("watchesExpired") }),
  /** Watches say nothing for so long, then everything at once; reads and writes go through. */
  z.strictObject({ kind: z.literal("watchesFrozen"), milliseconds }),
  /** From here to the end, watches tell everything so much later. */
  z.strictObject({ kind: z.literal("watchesLate"), milliseconds }),
  /** From here to the end, watches tell everything twice. */
  z.strictObject({ kind: z.literal("watchesRepeated") }),
  /** The next event of each open watch is cut off in its middle; what follows it is whole. */
  z.strictObject({ kind: z.literal("watchesGarbled") }),
  ...leaderFaults,
  ...outageFaults,
  /** Nothing goes wrong: somebody else does something, while the operator waits for the answer to its write. */
  actSchema,
]);
export type PlannedFault = z.infer<typeof faultSchema>;
/** What happens to one operator by its proxy. */
export type OperatorFault = Exclude<PlannedFault, LeaderFault | OutageFault | PlannedAct>;

const kindsOf = (faults: readonly { readonly shape: { readonly kind: z.ZodLiteral<string> } }[]): ReadonlySet<string> =>
  new Set(faults.map(({ shape }) => shape.kind.value));
const [ofLeaders, ofOutages, ofBehind] = [kindsOf(leaderFaults), kindsOf(outageFaults), kindsOf(behindFaults)];
export const isOfLeader = (fault: PlannedFault): fault is LeaderFault => ofLeaders.has(fault.kind);
export const isBehind = (fault: PlannedFault): boolean => ofBehind.has(fault.kind);
export const isOutage = (fault: PlannedFault): fault is OutageFault => ofOutages.has(fault.kind);

export const SCENES = [
  "classic",
  "modern",
  "statefulset",
  "beside",
  "isolate",
  "reload",
  "drain",
  "back",
  "paused",
  "another",
  "anew",
  "broken",
  "fixed",
] as const;
export const CAMPAIGNS = ["C1", "C2", "C3", "C4", "C5", "C5-real", "C6", "C7", "C7-real", "C8", "C11"] as const;

const stepSchema = z.strictObject({
  /**
   * Which write, from 1: `effect` counts all but those of status, `status` those alone. `resource` is that of the person who
   * creates it: before, and after the upgrade has ended.
   */
  write: z.strictObject({ of: z.enum(["effect", "status", "resource"]), n: z.int().positive() }),
  /** Before it is made; before the operator learns the answer; when it has learned it. */
  phase: z.enum(["before", "after-commit", "after-response"]),
  fault: faultSchema,
});
export type Step = z.infer<typeof stepSchema>;

/** What somebody writes into `spec` and takes back again, in place of what goes wrong. */
const inputSchema = z.strictObject({
  /** When: of a paused resource that has not begun, or of one that has ended. */
  state: z.enum(["before", "finished"]),
  name: z.string().min(1),
  /** One after another; JSON Pointers below `spec`, and without a value the place is removed. */
  /** It cannot be carried out as it is written, and somebody has to be told so before anything begins. */
  impossible: z.literal(true).optional(),
  mutations: z.array(z.strictObject({ path: z.string(), value: z.unknown().optional() })).min(1),
});
export type Input = z.infer<typeof inputSchema>;

export const planSchema = z.strictObject({
  campaign: z.enum(CAMPAIGNS),
  scene: z.enum(SCENES),
  steps: z.array(stepSchema),
  input: inputSchema.optional(),
});
export type Plan = z.infer<typeof planSchema>;

function nameOf(fault: PlannedFault): string {
  const { kind, ...figures } = fault;
  return [kind, ...Object.values<string | number | undefined>(figures).filter((figure) => figure !== undefined)].join(
    "-",
  );
}

const WHEN: Readonly<Record<Step["phase"], string>> = {
  before: "before",
  "after-commit": "after",
  "after-response": "answered",
};

/** One name for one plan, the same everywhere. */
export function idOf({ campaign, scene, steps, input }: Plan): string {
  if (input !== undefined) return [campaign, scene, input.state, input.name].join("/");
  const told = steps.map(({ write, phase, fault }) => {
    return `${nameOf(fault)}@${WHEN[phase]}-${write.of}-${write.n}`;
  });
  return [campaign, scene, ...told].join("/");
}

/** How long what goes wrong lasts, in milliseconds: so much later than else an upgrade may end. */
export const durationOf = ({ steps }: Plan): number =>
  steps.reduce((sum, { fault }) => sum + ("milliseconds" in fault ? fault.milliseconds : 0), 0);

/** Plans that differ only in the number of the write belong together. */
export const stratumOf = ({ campaign, scene, steps, input }: Plan): string =>
  input !== undefined
    ? [campaign, scene, input.state, input.mutations.length > 1 ? "chain" : "one"].join("/")
    : [campaign, ...steps.map(({ write, phase, fault }) => `${nameOf(fault)} ${phase} ${write.of}`)].join("/");
