import { describe, expect, it } from "vitest";
import { createStoryteller } from "./story.ts";
import { eventSchema, jobSchema, podSchema } from "./views.ts";

const pod = (extra: { kind?: string; owner?: string; ready?: boolean; deleted?: boolean } = {}) =>
  podSchema.parse({
    metadata: {
      uid: "u1",
      name: "p",
      labels: { "pod-template-hash": "5d4f" },
      ownerReferences: [
        { kind: extra.kind ?? "ReplicaSet", name: extra.owner ?? "ceilometer-api-5d4f", controller: true },
      ],
      ...(extra.deleted === true ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: { containers: [{ image: "c:1" }] },
    status: { conditions: [{ type: "Ready", status: extra.ready === true ? "True" : "False" }] },
  });

describe("what is remembered of pods", () => {
  it("is when each thing was first seen", () => {
    const teller = createStoryteller();
    teller.pod({ type: "ADDED", object: pod(), at: 10 });
    teller.pod({ type: "MODIFIED", object: pod({ ready: true }), at: 20 });
    teller.pod({ type: "MODIFIED", object: pod({ ready: true }), at: 25 });
    teller.pod({ type: "MODIFIED", object: pod({ deleted: true }), at: 30 });
    teller.pod({ type: "DELETED", object: pod({ deleted: true }), at: 40 });
    expect(teller.story().pods).toEqual([
      {
        name: "p",
        object: "Deployment/ceilometer-api",
        images: ["c:1"],
        files: [],
        isIsolated: false,
        seenAt: 10,
        readyAt: 20,
        stoppingAt: 30,
        goneAt: 40,
      },
    ]);
  });

  it("counts a pod that vanishes without a word as stopped when it was gone", () => {
    const teller = createStoryteller();
    teller.pod({ type: "ADDED", object: pod(), at: 10 });
    teller.pod({ type: "DELETED", object: pod(), at: 40 });
    expect(teller.story().pods[0]).toMatchObject({ stoppingAt: 40, goneAt: 40 });
  });

  it("names the workload behind them", () => {
    const teller = createStoryteller();
    teller.pod({ type: "ADDED", object: pod({ kind: "DaemonSet", owner: "ceilometer-compute" }), at: 1 });
    expect(teller.story().pods[0]?.object).toBe("DaemonSet/ceilometer-compute");
  });
});

describe("what is remembered of Jobs and Events", () => {
  it("has the time at which a Job ended", () => {
    const teller = createStoryteller();
    const job = (conditions: readonly unknown[]) =>
      jobSchema.parse({
        metadata: { uid: "j", name: "db" },
        spec: { template: { spec: { containers: [{ image: "c:2" }] } } },
        status: { conditions },
      });
    teller.job({ type: "ADDED", object: job([]), at: 5 });
    expect(teller.story().jobs[0]?.state).toBe("running");
    teller.job({ type: "MODIFIED", object: job([{ type: "Failed", status: "True" }]), at: 9 });
    expect(teller.story().jobs).toEqual([{ object: "Job/db", image: "c:2", seenAt: 5, endedAt: 9, state: "failed" }]);
  });

  it("takes the Events of the resource alone, in the order in which they were said", () => {
    const teller = createStoryteller();
    const event = (uid: string, kind: string, eventTime: string | null) => ({
      type: "ADDED" as const,
      object: eventSchema.parse({ metadata: { uid }, regarding: { kind, name: "x" }, eventTime, reason: uid }),
      at: 7,
    });
    teller.event(event("later", "CeilometerUpgrade", "1970-01-01T00:00:01.000000Z"));
    teller.event(event("first", "CeilometerUpgrade", null));
    teller.event(event("other", "Pod", null));
    expect(teller.story().events.map(({ reason, at }) => [reason, at])).toEqual([
      ["first", 7],
      ["later", 1000],
    ]);
  });
});
