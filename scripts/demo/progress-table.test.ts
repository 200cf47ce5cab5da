import { describe, expect, it } from "vitest";
import { renderLine } from "../../src/cli/terminal/text.ts";
import { changedRows, progressRows, tableLines } from "./progress-table.ts";
import { NEW_IMAGE, OLD_IMAGE, storyWith, upgradeWith } from "./sample-story.ts";
import type { PodRecord } from "./story.ts";

const object = "Deployment/ceilometer-collector";
const pod = (image: string, times: Partial<PodRecord> = {}): PodRecord => ({
  name: "p",
  object,
  images: [image],
  files: [],
  isIsolated: false,
  seenAt: 1,
  ...times,
});
const rowOf = (pods: readonly PodRecord[]) => progressRows(storyWith({ pods })).find(({ what }) => what === object);

describe("the row of a workload", () => {
  it.each([
    ["old", [pod(OLD_IMAGE, { readyAt: 2 })], "1", "0", ""],
    ["stopping", [pod(OLD_IMAGE, { stoppingAt: 3 }), pod(OLD_IMAGE, { readyAt: 2 })], "2", "0", "1 pod to stop"],
    ["down", [pod(OLD_IMAGE, { stoppingAt: 3, goneAt: 4 })], "0", "0", ""],
    ["starting", [pod(NEW_IMAGE), pod(NEW_IMAGE, { readyAt: 5 })], "0", "1/2", "1 pod to become ready"],
    ["starting", [pod(OLD_IMAGE)], "1", "0", "1 pod to become ready"],
    ["mixed", [pod(OLD_IMAGE, { readyAt: 2 }), pod(NEW_IMAGE, { readyAt: 5 })], "1", "1/1", ""],
    ["new", [pod(NEW_IMAGE, { readyAt: 5 })], "0", "1/1", ""],
  ])("is %s", (state, pods, old, fresh, waitsFor) => {
    expect(rowOf(pods)).toMatchObject({ state, old, fresh, waitsFor });
  });
});

describe("a polling group that exists for a while", () => {
  const group = "Deployment/ceilometer-central-isolated";
  const isolated = (times: Partial<PodRecord>): PodRecord =>
    pod(NEW_IMAGE, { object: group, isIsolated: true, ...times });
  const rowsOf = (one: PodRecord): readonly string[] =>
    progressRows(storyWith({ pods: [one] })).map(({ what }) => what);

  it("has a row as long as it has pods", () => {
    expect(rowsOf(isolated({ readyAt: 5 }))).toContain(group);
    expect(rowsOf(isolated({ stoppingAt: 6, goneAt: 7 }))).not.toContain(group);
  });
});

describe("the row of a component", () => {
  it("says what its step waits for, in the order of the steps", () => {
    const upgrade = upgradeWith({
      steps: [
        { name: "database", state: "Succeeded", message: "done" },
        { name: "polling", state: "Running", message: "one agent polls" },
        { name: "collector", state: "Pending" },
      ],
    });
    const rows = progressRows(storyWith({ upgrade })).filter(({ isComponent }) => isComponent);
    expect(rows.map(({ what, state, waitsFor }) => [what, state, waitsFor])).toEqual([
      ["database", "Succeeded", ""],
      ["polling", "Running", "one agent polls"],
      ["collector", "Pending", ""],
    ]);
  });
});

describe("the table", () => {
  it.each([40, 80, 200])("is never wider than %i columns", (width) => {
    const upgrade = upgradeWith({ steps: [{ name: "collector", state: "Running", message: "x".repeat(300) }] });
    const lines = tableLines(progressRows(storyWith({ upgrade })), width);
    const rendered = lines.map((line) => renderLine(line, { width, colours: false }));
    expect(rendered).toHaveLength(6);
    for (const line of rendered) expect(line.length).toBeLessThanOrEqual(width);
  });
});

describe("where nothing can be redrawn", () => {
  it("what has changed is said, and nothing else", () => {
    const before = progressRows(storyWith({ pods: [pod(OLD_IMAGE)] }));
    const now = progressRows(storyWith({ pods: [pod(OLD_IMAGE, { stoppingAt: 3 })] }));
    expect(changedRows(before, before)).toEqual([]);
    expect(changedRows(before, now)).toEqual([`  ${object}: stopping, old 1, new 0 (waits for: 1 pod to stop)`]);
  });
});
