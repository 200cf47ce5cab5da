/**
 * The two documented paths as one table: what follows what, by which clause, and why. Read it beside the two documents: each row
 * is one of their numbered steps, in their order; each of its columns is one of their two paths.
 *
 * Full: every step waits for the one before it. Partial: only "the database first" is law, the order of the others is advised,
 * and it is kept.
 */
import { type Component } from "../model/component.ts";
import type { World } from "../model/observation.ts";
import { api } from "./api.ts";
import { collector } from "./collector.ts";
import { database, databaseKept } from "./database.ts";
import { notification } from "./notification.ts";
import { polling } from "./polling.ts";
import type { PhaseReconciler } from "./scene.ts";

/** What one of the two documented paths asks of a component. */
interface Asked {
  readonly clause: string;
  /** What must have settled before (I1, I4). */
  readonly after: readonly Component[];
  readonly why: string;
}

interface Row {
  readonly component: Component;
  readonly full: Asked;
  readonly partial: Asked;
  readonly reconcile: PhaseReconciler;
}

export interface Step extends Asked {
  readonly component: Component;
  readonly reconcile: PhaseReconciler;
}

const DATABASE: Row = {
  component: "database",
  full: {
    clause: "F1",
    after: [],
    why: "a new schema only adds, so that old and new agents both understand it; it is not taken offline",
  },
  partial: { clause: "P1", after: [], why: "the same as in the full upgrade; it is the one step that must be first" },
  reconcile: database,
};
const COLLECTOR: Row = {
  component: "collector",
  full: {
    clause: "F2",
    after: ["database"],
    why: "the new collector understands the new payload and disregards historical attributes",
  },
  partial: {
    clause: "P2",
    after: ["database"],
    why: "new collectors beside old ones: both disregard attributes that they do not know",
  },
  reconcile: collector,
};
const NOTIFICATION: Row = {
  component: "notification",
  full: { clause: "F3", after: ["collector"], why: "under the same conditions as the collector" },
  partial: {
    clause: "P3",
    after: ["database"],
    why: "beside old ones without workload partitioning or on the same pipeline; else the old ones are loaded with it first",
  },
  reconcile: notification,
};
const POLLING: Row = {
  component: "polling",
  full: {
    clause: "F4",
    after: ["notification"],
    why: "down on all hosts, then one, verified to poll data again, then the others",
  },
  partial: {
    clause: "P4",
    after: ["database"],
    why: "beside old ones without new pollsters; else these in a group of their own until every old agent is replaced",
  },
  reconcile: polling,
};
const API: Row = {
  component: "api",
  full: { clause: "F5", after: ["database"], why: "it may go at any point; never two versions of it" },
  partial: { clause: "P5", after: ["database"], why: "there is only ever one version of it" },
  reconcile: api,
};

/** The steps of an upgrade in the order of this resource; of a way back in the reverse order, and never the database. */
export function sequence({ upgrade: { spec } }: World, isBack = false): readonly Step[] {
  const { collector: collectors, api: apis } = spec.components;
  // A collector that retires still reads what the old notification agents send: it goes once the new ones are there.
  const retired: Row = {
    ...COLLECTOR,
    full: { ...COLLECTOR.full, after: ["notification"] },
    partial: { ...COLLECTOR.partial, after: ["database", "notification"] },
  };
  const middle = collectors?.retire === true ? [NOTIFICATION, retired] : [COLLECTOR, NOTIFICATION];
  const rows = apis?.position === "First" ? [DATABASE, API, ...middle, POLLING] : [DATABASE, ...middle, POLLING, API];
  const path = spec.strategy === "Partial" ? "partial" : "full";
  const steps = rows.map(({ component, reconcile, [path]: asked }) => ({ component, reconcile, ...asked }));
  return isBack ? [...steps.slice(1).toReversed().map(undone), databaseStays] : steps;
}

/** The documents know no way back: each step is undone under the rules that it was made by. */
const undone = (step: Step): Step => ({
  ...step,
  after: [],
  why: "back to what it was, in the reverse order, under the rules of its way there",
});

const databaseStays: Step = {
  component: "database",
  clause: "I10",
  after: [],
  why: "a new schema only adds, and is never taken back",
  reconcile: databaseKept,
};
