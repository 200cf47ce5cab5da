/** The gates of a few lines each: every way in which they pass, and every way in which they do not. */
import { expect, test } from "vitest";
import {
  aCronJob,
  aDeployment,
  aJob,
  anAgent,
  anUpgrade,
  aWorld,
  marks,
  NAMESPACE,
  NEW_IMAGE,
} from "../../test/support/builders.ts";
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import type { Outcome } from "../model/outcome.ts";
import { databaseFirst } from "./database-first.ts";
import { imageAllowed } from "./image-allowed.ts";
import { findJobTemplate } from "./job-template.ts";
import { rights } from "./rights.ts";
import { targetClaimed } from "./target-claimed.ts";

const agent = anAgent(aDeployment({ name: "notification" }));
const note = { reason: "Any", message: "" };

test("nothing but the database goes before the database has settled", () => {
  const after = (outcome?: Outcome) => databaseFirst("collector", new Map(outcome && [["database", outcome]]));
  expect(after({ kind: "settled", note })).toBe(true);
  expect(after({ kind: "settled", skipped: true, note })).toBe(true);
  expect(after({ kind: "wait", note })).toBe(false);
  expect(after()).toBe(false);
  expect(databaseFirst("database", new Map())).toBe(true);
});

test.each([
  ["the repository that runs", [], NEW_IMAGE, []],
  ["another repository", [], "elsewhere.example/ceilometer:ocata", ["ImageNotAllowed"]],
  ["a repository whose name only begins alike", [], "registry.example/ceilometer-evil:ocata", ["ImageNotAllowed"]],
  ["an allowed prefix", ["elsewhere.example/"], "elsewhere.example/ceilometer:ocata", []],
  ["a prefix that does not fit", ["elsewhere.example/"], NEW_IMAGE, ["ImageNotAllowed"]],
] as const)("%s", (_, imagesAllowed, image, found) => {
  const upgrade = anUpgrade({ target: { release: "ocata", image } });
  const wanted = { ...agent.wanted, image };
  const world = aWorld({ upgrade, operator: { imagesAllowed } });
  expect(imageAllowed([{ ...agent, wanted }], world).map((each) => each.reason)).toEqual(found);
});

test("where no target was found nothing is said about images", () => {
  expect(imageAllowed([], aWorld())).toEqual([]);
});

test("a template is used only where it allows that itself", () => {
  const allowed = { annotations: { [ANNOTATION.allowJobFrom]: "true" } };
  const world = aWorld({
    cronJobs: [aCronJob("open", allowed), aCronJob("shut")],
    jobs: [aJob("done", { metadata: allowed })],
  });
  const look = (kind: "Job" | "CronJob", name: string) => findJobTemplate(world, { kind, name }, "spec.x");
  expect(look("CronJob", "open")).toHaveProperty("spec");
  expect(look("Job", "done")).toHaveProperty("spec");
  expect(look("CronJob", "shut")).toMatchObject({ reason: "TemplateNotAllowed" });
  // Another kind of the same name is another object.
  expect(look("Job", "open")).toMatchObject({ reason: "TemplateNotFound" });
});

test("rights are asked for, and what is missing is named", () => {
  const probes = (verdict: "pass" | "fail" | "inconclusive") => ({
    [`rights/${NAMESPACE}`]: { at: 0, verdict, reason: "patch deployments" },
  });
  expect(rights(aWorld({ probes: probes("pass") }))).toEqual({ violations: [], asked: [], open: 0 });
  expect(rights(aWorld({ probes: probes("fail") }))).toMatchObject({
    open: 0,
    asked: [{ kind: "rights" }],
    violations: [{ reason: "Forbidden", message: "the operator's ServiceAccount may not: patch deployments" }],
  });
  expect(rights({ ...aWorld(), probes: new Map() })).toMatchObject({ open: 1, violations: [] });
});

test("one resource at a time works on a workload; the claim of one that is gone is void", () => {
  const claimed = (upgrade: string) =>
    anAgent(aDeployment({ name: "notification", annotations: marks({ claim: { upgrade, record: "r" } }) }));
  expect(targetClaimed([agent], aWorld())).toBeUndefined();
  expect(targetClaimed([claimed("uid-of-ceilometer")], aWorld())).toBeUndefined();
  expect(targetClaimed([claimed("uid-gone")], aWorld())).toBeUndefined();
  expect(targetClaimed([claimed("uid-2")], aWorld({ upgradeUids: ["uid-2"] }))).toMatchObject({
    reason: "TargetClaimed",
  });
});
