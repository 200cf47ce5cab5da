import { describe, expect, it } from "vitest";
import { NEW_IMAGE, OLD_IMAGE, storyWith, upgradeWith } from "./sample-story.ts";
import type { PodRecord } from "./story.ts";
import { renderLine } from "./text.ts";
import { eventLines, timelineLines, timelineOf } from "./timeline.ts";

const collector = "Deployment/ceilometer-collector";
const compute = "DaemonSet/ceilometer-compute";
const old = (object: string, stoppingAt: number, goneAt: number): PodRecord => ({
  name: "old",
  object,
  images: ["sidecar:1", OLD_IMAGE],
  seenAt: 100,
  readyAt: 200,
  stoppingAt,
  goneAt,
});
const fresh = (object: string, seenAt: number, readyAt: number): PodRecord => ({
  name: "new",
  object,
  images: [NEW_IMAGE],
  seenAt,
  readyAt,
});
const event = (note: string) => ({ at: 5000, type: "Normal", reason: "TakingDown", note });

describe("the timeline", () => {
  it("has a line for each workload, in the order in which they were touched", () => {
    const story = storyWith({
      pods: [
        old(compute, 9000, 9500),
        fresh(compute, 9600, 9900),
        old(collector, 2000, 3000),
        old(collector, 2100, 3500),
        fresh(collector, 4000, 5000),
        fresh(collector, 4000, 6000),
      ],
      jobs: [{ object: "Job/db", image: NEW_IMAGE, seenAt: 1500, endedAt: 1900, state: "complete" }],
      events: [event(`shut down ${collector} (F2)`), event(`take down ${compute} on all hosts (F4)`)],
    });
    expect(timelineOf(story, 1000)).toEqual([
      {
        component: "database",
        object: "Job/db",
        old: "",
        fresh: "ocata",
        down: undefined,
        up: { from: 1500, to: 1900 },
        why: "F1: the database first, while the agents keep running",
      },
      {
        component: "collector",
        object: collector,
        old: "newton x2",
        fresh: "ocata x2",
        down: { from: 2000, to: 3500 },
        up: { from: 4000, to: 6000 },
        why: "F2: every old collector gone before the first new one",
      },
      expect.objectContaining({ component: "polling", object: compute, old: "newton x1" }),
    ]);
  });

  it("does not count a new pod that was replaced, as the first polling agent of a DaemonSet may be", () => {
    const pinned = { ...fresh(compute, 4000, 4500), stoppingAt: 5000, goneAt: 5100 };
    const story = storyWith({ pods: [old(compute, 2000, 3000), pinned, fresh(compute, 5200, 5600)] });
    expect(timelineOf(story, 1000).find(({ object }) => object === compute)).toMatchObject({
      fresh: "ocata x1",
      up: { from: 4000, to: 5600 },
    });
  });

  it("leaves open what has not ended", () => {
    const waiting: PodRecord = { name: "new", object: collector, images: [NEW_IMAGE], seenAt: 4000 };
    const [entry] = timelineOf(storyWith({ pods: [waiting] }), 1000);
    expect(entry?.up).toEqual({ from: 4000, to: undefined });
  });

  it("says why a database was skipped", () => {
    const upgrade = upgradeWith({ steps: [{ name: "database", state: "Skipped", message: "no storage" }] });
    const pods = [old(collector, 2000, 3000), fresh(collector, 4000, 5000)];
    expect(timelineOf(storyWith({ upgrade, pods }), 1000)[0]?.why).toBe("F1: no storage");
  });

  it("is a table", () => {
    const story = storyWith({
      pods: [old(collector, 2000, 3500), fresh(collector, 4000, 6000)],
      events: [event(`shut down ${collector} (F2)`)],
    });
    const lines = timelineLines(timelineOf(story, 1000), 1000).map((line) =>
      renderLine(line, { width: 200, colours: false }),
    );
    expect(lines.slice(0, 2)).toEqual([
      "COMPONENT  OBJECT                           OLD -> NEW             DOWN (s)      UP (s)        WHY",
      "collector  Deployment/ceilometer-collector  newton x1 -> ocata x1  +1.0 .. +2.5  +3.0 .. +5.0  F2: every old collector gone before the first new one",
    ]);
  });
});

describe("what the operator said", () => {
  it("has its time in front and keeps to one line", () => {
    const [line] = eventLines([{ at: 3500, type: "Warning", reason: "Held", note: "first\nsecond" }], 1000);
    expect(renderLine(line ?? [], { width: 200, colours: false })).toBe(
      "   +2.5 s  Held                  first second",
    );
  });
});
