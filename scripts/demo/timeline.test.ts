import { describe, expect, it } from "vitest";
import { renderLine } from "../../src/cli/terminal/text.ts";
import { NEW_IMAGE, OLD_IMAGE, storyWith, upgradeWith } from "./sample-story.ts";
import type { PodRecord } from "./story.ts";
import { eventLines, timelineLines, timelineOf } from "./timeline.ts";

const collector = "Deployment/ceilometer-collector";
const compute = "DaemonSet/ceilometer-compute";
const old = (object: string, stoppingAt: number, goneAt: number): PodRecord => ({
  name: "old",
  object,
  images: ["sidecar:1", OLD_IMAGE],
  files: ["etc"],
  isIsolated: false,
  seenAt: 100,
  readyAt: 200,
  stoppingAt,
  goneAt,
});
const fresh = (object: string, seenAt: number, readyAt: number): PodRecord => ({
  name: "new",
  object,
  images: [NEW_IMAGE],
  files: ["etc"],
  isIsolated: false,
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
        none: 0,
        why: "F1: the database first, while the agents keep running",
      },
      {
        component: "collector",
        object: collector,
        old: "newton x2",
        fresh: "ocata x2",
        down: { from: 2000, to: 3500 },
        up: { from: 4000, to: 6000 },
        none: 2900,
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
    const { readyAt: _none, ...waiting } = fresh(collector, 4000, 5000);
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

describe("the timeline of old beside new", () => {
  const upgrade = { ...upgradeWith(), spec: { ...upgradeWith().spec, strategy: "Partial" as const } };
  const group = "Deployment/ceilometer-compute-new";
  const said = (at: number, note: string) => ({ at, type: "Normal", reason: "Rolling", note });

  it("has a line for each time that other agents came, with the files where the image stays", () => {
    const files = ["etc", "ceilometer-pipeline-1"];
    const reloaded = { ...old(collector, 6000, 6500), files, seenAt: 4000, readyAt: 4500 };
    const rolled = { ...fresh(collector, 5900, 6000), files };
    const story = storyWith({
      upgrade,
      pods: [old(collector, 2000, 3000), reloaded, rolled],
      events: [
        said(1900, `shut down every old pod of ${collector} (P3)`),
        said(3900, `start the agents on the new pipelines of ${collector} (P3)`),
        said(5950, `bring new pods up beside the old ones of ${collector} (P3)`),
      ],
    });
    const [first, second] = timelineOf(story, 1000);
    expect(first).toMatchObject({
      old: "newton x1",
      fresh: "newton x1 with ceilometer-pipeline-1",
      down: { from: 2000, to: 3000 },
      up: { from: 4000, to: 4500 },
      none: 2500,
      why: "P3: start the agents on the new pipelines",
    });
    expect(second).toMatchObject({
      old: "newton x1",
      fresh: "ocata x1",
      none: 0,
      why: "P3: bring new pods up beside the old ones",
    });
  });

  it("has a line for a group that comes and goes, and tells how long there was nobody", () => {
    const isolated = { ...fresh(group, 2000, 2500), isIsolated: true, stoppingAt: 8000, goneAt: 8100 };
    const story = storyWith({ upgrade, pods: [isolated] });
    const lines = timelineLines(timelineOf(story, 1000), 1000, "Partial").map((line) =>
      renderLine(line, { width: 200, colours: false }),
    );
    expect(lines).toEqual([
      "COMPONENT  OBJECT                             OLD -> NEW             OLD WENT (s)  NEW CAME (s)  NONE (s)  WHY",
      "polling    Deployment/ceilometer-compute-new  ocata x1, for a while  +7.0 .. +7.1  +1.0 .. +1.5  -         P4: new pollsters in a group of their own until no old agent is left",
    ]);
  });

  it("says where nothing new comes", () => {
    const story = storyWith({ upgrade, pods: [old(collector, 2000, 3000)] });
    const rendered = timelineLines(timelineOf(story, 1000), 1000, "Partial").map((line) =>
      renderLine(line, { width: 200, colours: false }),
    );
    expect(rendered[1]).toContain("newton x1 -> none");
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
