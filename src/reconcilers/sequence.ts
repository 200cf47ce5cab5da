/**
 * The documented path of a full upgrade as a table: what follows what, by which clause, and why. Read it beside the two
 * documents: each row is one of their numbered steps, in their order.
 */
import type { Component } from "../model/component.ts";
import type { World } from "../model/observation.ts";
import { api } from "./api.ts";
import { collector } from "./collector.ts";
import { database } from "./database.ts";
import { notification } from "./notification.ts";
import { polling } from "./polling.ts";
import type { PhaseReconciler } from "./scene.ts";

export interface Step {
  readonly component: Component;
  readonly clause: string;
  /** What must have settled before (I1, I4). */
  readonly after: readonly Component[];
  readonly why: string;
  readonly reconcile: PhaseReconciler;
}

const DATABASE: Step = {
  component: "database",
  clause: "F1",
  after: [],
  why: "a new schema only adds, so that old and new agents both understand it; it is not taken offline",
  reconcile: database,
};
const COLLECTOR: Step = {
  component: "collector",
  clause: "F2",
  after: ["database"],
  why: "the new collector understands the new payload and disregards historical attributes",
  reconcile: collector,
};
const NOTIFICATION: Step = {
  component: "notification",
  clause: "F3",
  after: ["collector"],
  why: "under the same conditions as the collector",
  reconcile: notification,
};
const POLLING: Step = {
  component: "polling",
  clause: "F4",
  after: ["notification"],
  why: "down on all hosts, then one, verified to poll data again, then the others",
  reconcile: polling,
};
const API: Step = {
  component: "api",
  clause: "F5",
  after: ["database"],
  why: "it may go at any point; never two versions of it",
  reconcile: api,
};

/** The steps of a full upgrade in the order of this resource. */
export function sequence(world: World): readonly Step[] {
  const { collector: collectors, api: apis } = world.upgrade.spec.components;
  // A collector that retires still reads what the old notification agents send: it goes once the new ones are there.
  const middle =
    collectors?.retire === true
      ? [NOTIFICATION, { ...COLLECTOR, after: ["notification"] as const }]
      : [COLLECTOR, NOTIFICATION];
  return apis?.position === "First" ? [DATABASE, API, ...middle, POLLING] : [DATABASE, ...middle, POLLING, API];
}
