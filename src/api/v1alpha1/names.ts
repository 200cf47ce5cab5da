/** The names that the world sees. Renaming one orphans what is written under it, so they are constants and API. */
export const GROUP = "ceilometer.openstack.org";
export const VERSION = "v1alpha1";
export const KIND = "CeilometerUpgrade";
export const PLURAL = "ceilometerupgrades";
export const SHORT_NAME = "cmu";
export const API_VERSION = `${GROUP}/${VERSION}`;

/** The field manager of every write. Renaming it would orphan the fields of every managed object. */
export const FIELD_MANAGER = "ceilometer-upgrade-operator";

/** Held while a workload's replicas, node selector or strategy are borrowed (I9). */
export const FINALIZER = `${GROUP}/give-back`;

export const ANNOTATION = {
  /** On a workload: the release it runs, where its image tag does not say. Written by people. */
  release: `${GROUP}/release`,
  /** On a Job or CronJob: it may be used as a template. Written by people. */
  allowJobFrom: `${GROUP}/allow-job-from`,
  /** On a workload: which resource and which attempt work on it. */
  claim: `${GROUP}/claim`,
  /** On a workload: what was borrowed from it, to be given back by value. */
  borrowed: `${GROUP}/borrowed`,
  /** On a workload: which write of the sequence it last had, and when (its step's clock). */
  phase: `${GROUP}/phase`,
  /** On a workload: the hash of the plan that last brought it to its target. */
  completedPlan: `${GROUP}/completed-plan`,
  /** On an attempt record: the intervals in which clocks stood still. */
  clock: `${GROUP}/clock`,
  /** On an attempt record: when it was taken up again, which is its beginning then. */
  resumedAt: `${GROUP}/resumed-at`,
  /** On an attempt record: how it ended. */
  ended: `${GROUP}/ended`,
  /** On an attempt record: what was asked by annotation while it was under way. */
  verbs: `${GROUP}/verbs`,
  /** On an attempt record: since when each extra gate has been asked. */
  gates: `${GROUP}/gates`,
} as const;

/**
 * Verbs by annotation on the resource, for emergencies: each has a twin in its spec. The operator takes them over into the
 * attempt record and removes them; a pause stays until it is resumed.
 */
export const VERB = {
  /** `true`: as spec.paused. Stays until it is removed, or resumed. */
  pause: `${GROUP}/pause`,
  /** `true`: removes the pause; goes on although spec.paused is true, until that is set to false. */
  resume: `${GROUP}/resume`,
  /** `<component>@<plan hash>`, several separated by commas: as spec.approved. */
  approve: `${GROUP}/approve`,
  /** `true`: as spec.abort, until a retry is asked for. */
  abort: `${GROUP}/abort`,
  /** `true`: as spec.rollback. */
  rollback: `${GROUP}/rollback`,
  /** `true`: as one more in spec.retryAttempt. */
  retry: `${GROUP}/retry`,
  /** A JSON array in the form of spec.acceptedRisks. */
  acceptRisk: `${GROUP}/accept-risk`,
  /** A JSON array in the form of spec.skipGates. */
  skipGate: `${GROUP}/skip-gate`,
} as const;

export const LABEL = {
  /** On everything the operator creates: the uid of the resource it was created for. */
  upgrade: `${GROUP}/upgrade`,
  component: `${GROUP}/component`,
  purpose: `${GROUP}/purpose`,
} as const;

/** No node carries this key: a DaemonSet that asks for it runs nowhere. */
export const OFFLINE_NODE_SELECTOR = `${GROUP}/offline`;
/** Pins a DaemonSet to one host. */
export const HOSTNAME_NODE_SELECTOR = "kubernetes.io/hostname";
