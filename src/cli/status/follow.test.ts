import { expect, test } from "vitest";
import { aDeployment, anUpgrade, NEW_IMAGE, NOW, podsOf } from "../../../test/support/builders.ts";
import type { Status } from "../../api/v1alpha1/schema.ts";
import { UnreadError } from "../failures.ts";
import { createScreen } from "../terminal/screen.ts";
import { createJudge, createSilence, createTeller, createUnread } from "./follow.ts";
import type { Sight } from "./sight.ts";

test("held is an end only when it stays so: what is in the way may go away by itself", () => {
  const hasEnded = createJudge(20_000);
  expect(hasEnded("Held", 0)).toBe(false);
  expect(hasEnded("Held", 19_000)).toBe(false);
  expect(hasEnded("UnderWay", 19_500)).toBe(false);
  expect(hasEnded("Held", 20_000)).toBe(false);
  expect(hasEnded("Held", 40_000)).toBe(true);
});

test("what cannot be read for a while is no end, and what cannot be read for longer is not told as a failed upgrade", () => {
  const isUnread = createUnread(20_000);
  expect(isUnread("pods cannot be read: 500", 0)).toBe(true);
  expect(isUnread("pods cannot be read: 500", 19_000)).toBe(true);
  expect(isUnread(undefined, 19_500)).toBe(false);
  expect(isUnread("pods cannot be read: 503", 20_000)).toBe(true);
  expect(() => isUnread("pods cannot be read: 503", 40_000)).toThrow(UnreadError);
});

test("a watch that breaks and is quiet afterwards can be had; one that fails again without a word cannot", () => {
  let contact = 1;
  const silent = createSilence(() => contact);
  silent.failed("pods", "503");
  expect(silent.why()).toBeUndefined();
  silent.failed("pods", "503");
  expect(silent.why()).toBe("pods cannot be read: 503");
  contact = 2;
  expect(silent.why()).toBeUndefined();
  silent.failed("pods", "504");
  expect(silent.why()).toBeUndefined();
});

test("aborted and rolled back are an end unless somebody has just asked for more, which the report does not show yet", () => {
  const hasEnded = createJudge(20_000);
  expect(hasEnded("Aborted", 0)).toBe(false);
  expect(hasEnded("UnderWay", 1000)).toBe(false);
  expect(hasEnded("RolledBack", 2000)).toBe(false);
  expect(hasEnded("RolledBack", 5000)).toBe(true);
  expect(createJudge(0)("Aborted", 0)).toBe(true);
});

test("a success is no end right after something was asked for, until the report has had time to follow", () => {
  const hasEnded = createJudge(20_000);
  expect(hasEnded("Unseen", 0)).toBe(false);
  expect(hasEnded("Succeeded", 200)).toBe(false);
  expect(hasEnded("UnderWay", 1000)).toBe(false);
  expect(hasEnded("Succeeded", 60_000)).toBe(true);
  const nothingToDo = createJudge(20_000);
  nothingToDo("Unseen", 0);
  nothingToDo("Succeeded", 200);
  expect(nothingToDo("Succeeded", 3200)).toBe(true);
});

test.each(["Succeeded", "Planned"] as const)("%s is an end", (state) => {
  expect(createJudge(20_000)(state, 0)).toBe(true);
});

test.each(["Paused", "AwaitingApproval", "UnderWay", "Waiting", "Unseen"] as const)("%s is none", (state) => {
  expect(createJudge(0)(state, 0)).toBe(false);
});

const sight = (state: "Pending" | "Running", pods: Sight["pods"], now = NOW): Sight => {
  const status: Status = { steps: [{ name: "notification", state, message: "it goes on" }] };
  const workloads = [aDeployment({ name: "notification" })];
  return { upgrade: { ...anUpgrade(), invalid: undefined, status }, workloads, pods, jobs: [], now };
};

test("where nothing can be redrawn each change is a line, and time alone is none", () => {
  const written: string[] = [];
  const tell = createTeller(createScreen({ write: (text) => written.push(text) }, {}));
  const old = podsOf(aDeployment({ name: "notification", replicas: 1 }));
  tell(sight("Pending", old));
  expect(written.splice(0).map((line) => line.slice(10))).toEqual([
    "upgrade: Unseen: the operator has not said anything of this generation yet\n",
    "database: Pending\n",
    "notification: Pending\n",
    "Deployment/notification: old, newton, 1/1 ready\n",
    "notification-0: ready, newton, on host-0\n",
  ]);
  tell(sight("Pending", old, NOW + 60_000));
  expect(written).toEqual([]);
  const fresh = podsOf(aDeployment({ name: "notification", replicas: 1, image: NEW_IMAGE }), {
    name: "notification-b",
  });
  tell(sight("Running", fresh));
  expect(written.map((line) => line.slice(10))).toEqual([
    "notification: Running, it goes on\n",
    "Deployment/notification: new, ocata, 1/1 ready\n",
    "notification-b: ready, ocata, on host-0\n",
    "notification-0: gone\n",
  ]);
});

test("on a terminal the picture is redrawn in place", () => {
  const written: string[] = [];
  const output = { isTTY: true, columns: 100, rows: 40, write: (text: string) => written.push(text) };
  const tell = createTeller(createScreen(output, { NO_COLOR: "1" }));
  tell(sight("Pending", []));
  tell(sight("Running", []));
  expect(written).toHaveLength(2);
  expect(written[1]).toMatch(/\[\d+A\r.*\[0J/);
  expect(written[1]).toContain("notification");
});
