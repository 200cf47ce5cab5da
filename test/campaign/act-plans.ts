/** Plans with other hands in them: what somebody does, at which write of which scene. */
import type { ActName, PlannedAct } from "./act-names.ts";
import type { Plan } from "./plan.ts";

type Scene = Plan["scene"];
type Moments = readonly (readonly [act: ActName, on: string | undefined, writes: readonly number[]])[];
const NOTIFICATION = "ceilometer-notification";
const CENTRAL = "ceilometer-central";
const COMPUTE = "ceilometer-compute";

/** Writes of the scenes, so that each phase is met: `test/campaign/scenes.ts` holds their number against each run. */
const seen: Readonly<Partial<Record<Scene, Moments>>> = {
  /**
   * 2 record, 6 last claim, 7 migration, 8 notification down, 9 up, 10 to 12 polling down, 13 first central, 14 the rest, 15 first compute,
   * 16 the rest, 17 and 18 ipmi, 19 to 22 releases, 23 ended, 24 finalizer off.
   */
  modern: [
    ["scaled", NOTIFICATION, [6, 8, 9, 13, 24]],
    ["scaled", CENTRAL, [10, 13, 14]],
    ["imageBack", NOTIFICATION, [9, 13, 20, 24]],
    ["imageBack", CENTRAL, [13, 14, 18]],
    ["imageBack", COMPUTE, [15, 16]],
    ["undone", NOTIFICATION, [9, 14, 24]],
    ["paused", NOTIFICATION, [2, 6, 8, 9, 24]],
    ["paused", CENTRAL, [10, 13, 14]],
    ["templateLabelled", NOTIFICATION, [6, 8, 9]],
    ["templateLabelled", COMPUTE, [12, 15]],
    ["unlabelled", NOTIFICATION, [6, 9]],
    ["claimRemoved", NOTIFICATION, [6, 8, 9, 20]],
    ["claimRemoved", COMPUTE, [13]],
    ["marksWiped", NOTIFICATION, [8, 9]],
    ["marksWiped", CENTRAL, [10, 13]],
    ["marksWiped", COMPUTE, [15]],
    ["marksGarbled", NOTIFICATION, [8]],
    ["marksGarbled", CENTRAL, [13]],
    ["marksGarbled", COMPUTE, [15]],
    ["recordDeleted", undefined, [2, 6, 7, 8, 9, 13, 20]],
    ["recordForced", undefined, [2, 6, 7, 8, 9, 13, 20]],
    ["recordDisowned", undefined, [6, 8, 13]],
    ["recordUnlabelled", undefined, [6, 8]],
    ["recordGarbled", undefined, [6, 13]],
    ["endForged", undefined, [6, 8, 13]],
    ["jobDeleted", undefined, [7, 9]],
    ["jobDisowned", undefined, [7]],
    ["podsDeleted", NOTIFICATION, [7, 9]],
    ["podsDeleted", CENTRAL, [13]],
    ["podsDeleted", COMPUTE, [16]],
    ["recreated", NOTIFICATION, [6, 8, 9, 24]],
    ["recreated", CENTRAL, [13]],
    ["retargeted", undefined, [6, 7, 9, 13]],
    ["unpinned", COMPUTE, [12, 15]],
    ["healed", NOTIFICATION, [9]],
    ["healed", CENTRAL, [13]],
    ["healed", COMPUTE, [16]],
    ["healedWhole", NOTIFICATION, [8]],
    ["healedWhole", CENTRAL, [10]],
  ],
  /** 4 record, 5 claim, 6 group, 7 roll, 8 group to zero, 9 down, 10 widened, then what was made for a while goes. */
  isolate: [
    ["scaled", CENTRAL, [5, 7, 9, 10]],
    ["imageBack", CENTRAL, [7, 10]],
    ["paused", CENTRAL, [5, 6, 7, 8]],
    ["claimRemoved", CENTRAL, [6, 9]],
    ["marksWiped", CENTRAL, [9]],
    ["recordDeleted", undefined, [4, 6, 7, 9]],
    ["recordForced", undefined, [4, 6, 7, 9]],
    ["endForged", undefined, [6, 9]],
    ["groupDeleted", undefined, [6, 7]],
    ["groupStopped", undefined, [6, 7]],
    ["groupDisowned", undefined, [6, 7]],
    ["retargeted", undefined, [6, 7, 9]],
    ["recreated", CENTRAL, [5, 6, 7]],
    ["healed", CENTRAL, [7]],
  ],
  classic: [
    ["fileChanged", "ceilometer-ocata", [5, 12]],
    ["fileDeleted", "ceilometer-ocata", [5, 12]],
  ],
};

/** Pairs that cancel each other, of which the operator sees the end alone. */
const unseen: Readonly<Partial<Record<Scene, Moments>>> = {
  modern: [
    ["jobGone", undefined, [7]],
    ["podsDeleted", NOTIFICATION, [2, 6, 7, 9, 18]],
    ["podsDeleted", CENTRAL, [7, 14, 20]],
    ["podsDeleted", COMPUTE, [6, 16]],
    ["retargeted", undefined, [1, 6, 7, 8, 9, 11, 13, 16, 22]],
    ["recreated", NOTIFICATION, [2, 6, 8, 9, 14]],
    ["recreated", CENTRAL, [6, 10, 13, 14]],
  ],
  isolate: [
    ["podsDeleted", CENTRAL, [5, 6, 7, 10]],
    ["retargeted", undefined, [4, 6, 7, 9]],
    ["recreated", CENTRAL, [5, 6, 7, 9]],
  ],
  classic: [
    ["jobGone", undefined, [11]],
    ["fileChanged", "ceilometer-ocata", [1, 3, 5, 8, 12, 16, 20]],
  ],
};

type Campaign = Plan["campaign"];

function plansAt(
  campaign: Campaign,
  table: Readonly<Partial<Record<Scene, Moments>>>,
  scenes: readonly Scene[],
  how: (act: ActName) => readonly Partial<PlannedAct>[],
): readonly Plan[] {
  return scenes.flatMap((scene) =>
    (table[scene] ?? []).flatMap(([act, on, writes]) =>
      writes.flatMap((n) =>
        how(act).map((more): Plan => {
          const fault: PlannedAct = { kind: "act", act, ...(on === undefined ? {} : { on }), ...more };
          return { campaign, scene, steps: [{ write: { of: "effect", n }, phase: "after-commit", fault }] };
        }),
      ),
    ),
  );
}

/** C11: others act while the operator looks. */
export const actsSeen = (scenes: readonly Scene[]): readonly Plan[] => plansAt("C11", seen, scenes, () => [{}]);

/** C4: what cancels itself is hidden; what was made anew is told in both ways in which a watch may tell it. */
export const actsUnseen = (scenes: readonly Scene[]): readonly Plan[] =>
  plansAt("C4", unseen, scenes, (act) =>
    act === "recreated" ? [{ unseen: "last" }, { unseen: "replaced" }] : [{ unseen: "last" }],
  );
