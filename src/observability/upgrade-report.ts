/** What a look at a resource comes to, as those are told who measure it or tell others. */
import type { Spec, Status } from "../api/v1alpha1/schema.ts";
import type { Decision } from "../model/decision.ts";
import type { Meta } from "../model/meta.ts";
import type { Observation } from "../model/observation.ts";
import type { Millis } from "../model/time.ts";

export interface UpgradeReport {
  readonly metadata: Meta;
  /** Undefined where what is stored does not fit the schema. */
  readonly spec: Spec | undefined;
  /** As it is about to be written, or stands there already. */
  readonly status: Status;
  readonly decision: Decision;
  readonly workloads: Observation["workloads"];
  readonly now: Millis;
}

/** A write and when it was made, by the clock on the wall. */
export interface Written {
  readonly metadata: Meta;
  readonly decision: Decision;
  readonly began: Millis;
  readonly ended: Millis;
}
