/** The database on a way back: kept, and not before a migration that runs has ended. */
import { expect, test } from "vitest";
import { aJob, anUpgrade, aRecord, aWorld } from "../../test/support/builders.ts";
import { LABEL } from "../api/v1alpha1/names.ts";
import { databaseKept } from "./database.ts";

const upgrade = anUpgrade();
const owner = { kind: "CeilometerUpgrade", name: upgrade.metadata.name, uid: upgrade.metadata.uid };
const left = { collector: [], notification: [], polling: [], api: [] };

function kept(state: "running" | "succeeded", purpose: string) {
  const job = aJob("db", { state, metadata: { owner, labels: { [LABEL.purpose]: purpose } } });
  const world = aWorld({ upgrade, jobs: [job] });
  return databaseKept({ world, record: aRecord(), agents: left, left, target: { name: "newton", major: 7 } });
}

test.each([
  ["running", "migration", "wait", "WaitingForJob"],
  ["succeeded", "migration", "settled", "DatabaseKept"],
  ["running", "gate", "settled", "DatabaseKept"],
] as const)("a %s Job of the %s: %s", (state, purpose, kind, reason) => {
  expect(kept(state, purpose)).toMatchObject({ kind, note: { reason } });
});
