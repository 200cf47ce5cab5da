/**
 * Clause P0 and invariant I1: whatever else may change places, the database is first. No agent pod of the target release is
 * created before its step has succeeded, or was skipped in so many words.
 */
import type { Component } from "../model/component.ts";
import type { Outcome } from "../model/outcome.ts";

export function databaseFirst(component: Component, outcomes: ReadonlyMap<Component, Outcome>): boolean {
  return component === "database" || outcomes.get("database")?.kind === "settled";
}
