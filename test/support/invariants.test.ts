import { describe, expect, it } from "vitest";
import type { AuditedComponent, Fact, WorkloadFact } from "./audit-facts.ts";
import { type AuditScope, type Evidence, type Invariant, judge } from "./invariants.ts";
import type { PodFact } from "./pod-fact.ts";

const OLD = "registry.example/ceilometer:old";
const NEW = "registry.example/ceilometer:new";
const components = ["collector", "notification", "polling", "api"] as const;

const scope: AuditScope = {
  strategy: "Full",
  database: { image: NEW },
  components: components.map((component) => ({
    component,
    selectors: [{ component }],
    workloads: [{ kind: "Deployment", name: component }],
    oldImages: [OLD],
    newImages: [NEW],
  })),
};

/** A history in the making: each call is one event of a watch, one revision and one millisecond after the last. */
function aHistory() {
  const facts: Fact[] = [];
  let revision = 0;
  const pods = new Map<string, PodFact>();
  const workloads = new Map<string, WorkloadFact>();
  const next = () => {
    revision += 1;
    return { revision, at: revision };
  };
  const history = {
    facts,
    /** Where the next event will stand, in revisions and in milliseconds. */
    now: () => revision + 1,
    pod(component: AuditedComponent, name: string, image: string, change: Partial<PodFact> = {}, baseline = false) {
      const pod: PodFact = {
        uid: name,
        name,
        labels: { component },
        owner: "ReplicaSet",
        containers: [{ name: component, image, command: "", env: {}, mounts: [], starts: 1 }],
        volumes: [],
        node: "worker-0",
        hostNetwork: false,
        phase: "Running",
        terminating: false,
        ready: true,
        ...change,
      };
      const type = pods.has(name) ? "MODIFIED" : "ADDED";
      pods.set(name, pod);
      facts.push({ ...next(), change: type, baseline, about: "pod", pod });
      return history;
    },
    gone(name: string) {
      const pod = pods.get(name);
      if (pod === undefined) throw new Error(`no pod ${name}`);
      facts.push({ ...next(), change: "DELETED", baseline: false, about: "pod", pod });
      return history;
    },
    workload(name: string, change: Partial<WorkloadFact> = {}, baseline = false) {
      const workload: WorkloadFact = {
        uid: name,
        kind: "Deployment",
        name,
        selector: { component: name },
        containers: [{ name, image: OLD, command: "" }],
        replicas: 1,
        nodeSelector: { role: "control" },
        strategy: "{}",
        pods: { wanted: 1, ready: 1 },
        ...workloads.get(name),
        ...change,
      };
      workloads.set(name, workload);
      facts.push({ ...next(), change: baseline ? "ADDED" : "MODIFIED", baseline, about: "workload", workload });
      return history;
    },
    removed(name: string) {
      const workload = workloads.get(name);
      if (workload === undefined) throw new Error(`no workload ${name}`);
      facts.push({ ...next(), change: "DELETED", baseline: false, about: "workload", workload });
      return history;
    },
    migrated() {
      const containers = [{ name: "db", image: NEW, command: "ceilometer-upgrade --retry 10" }];
      const job = { uid: "job", name: "db", containers, complete: true };
      facts.push({ ...next(), change: "MODIFIED", baseline: false, about: "job", job });
      return history;
    },
    /** One component from the old image to the new one, as it should be. */
    upgrade(component: AuditedComponent) {
      return history
        .workload(component, { replicas: 0, pods: { wanted: 0, ready: 0 } })
        .pod(component, `${component}-old`, OLD, { terminating: true })
        .gone(`${component}-old`)
        .workload(component, {
          containers: [{ name: component, image: NEW, command: "" }],
          replicas: 1,
          pods: undefined,
        })
        .pod(component, `${component}-new`, NEW)
        .workload(component, { pods: { wanted: 1, ready: 1 } });
    },
  };
  for (const component of components)
    history.workload(component, {}, true).pod(component, `${component}-old`, OLD, {}, true);
  return history;
}

type History = ReturnType<typeof aHistory>;

const verdict = (history: History, evidence: Partial<Evidence> = {}, under: AuditScope = scope) =>
  judge(under, history.facts, { verifiedAt: undefined, ended: false, ...evidence });
const breached = (...of: Parameters<typeof verdict>): Invariant[] => verdict(...of).map(({ invariant }) => invariant);

const upgraded = (upTo: number): History => {
  const history = aHistory().migrated();
  for (const component of components.slice(0, upTo)) history.upgrade(component);
  return history;
};

it("a full upgrade in the documented order breaks nothing, in whatever order the watches told it", () => {
  const history = upgraded(4);
  expect(breached(history, { ended: true })).toEqual([]);
  history.facts.reverse();
  expect(breached(history, { ended: true })).toEqual([]);
});

describe("I1", () => {
  it("is broken by a new agent before the migration", () => {
    const [breach] = verdict(aHistory().upgrade("collector").migrated());
    expect(breach).toMatchObject({ invariant: "I1", pods: ["collector-new"] });
  });
  it("is kept when the resource skips the database", () => {
    expect(breached(aHistory().upgrade("collector"), {}, { ...scope, database: "skipped" })).toEqual([]);
  });
  it("does not take the migration's own pod for an agent", () => {
    expect(breached(aHistory().pod("notification", "job-pod", NEW, { owner: "Job" }))).toEqual([]);
  });
  it("does not take another Job of the new image for the migration", () => {
    const history = aHistory();
    const containers = [{ name: "probe", image: NEW, command: "python" }];
    const job = { uid: "probe", name: "probe", containers, complete: true };
    history.facts.push({ revision: history.now() - 0.5, at: 0, change: "ADDED", baseline: false, about: "job", job });
    expect(breached(history.upgrade("collector"))).toEqual(["I1"]);
  });
});

describe("I2", () => {
  it("is broken by a new pod while an old one still terminates", () => {
    const history = aHistory()
      .migrated()
      .pod("collector", "collector-old", OLD, { terminating: true })
      .pod("collector", "collector-new", NEW);
    expect(verdict(history)).toMatchObject([{ invariant: "I2", pods: ["collector-old", "collector-new"] }]);
  });
  it("is reported once for as long as it lasts, and again when it begins anew", () => {
    const history = aHistory()
      .migrated()
      .pod("collector", "collector-new", NEW)
      .pod("collector", "collector-new", NEW, { ready: true })
      .gone("collector-new")
      .pod("collector", "collector-new-2", NEW);
    expect(breached(history)).toEqual(["I2", "I2"]);
  });
  it("does not count an old pod that has failed or succeeded", () => {
    const history = aHistory().migrated().pod("collector", "collector-old", OLD, { phase: "Failed" });
    expect(breached(history.pod("collector", "collector-new", NEW))).toEqual([]);
  });
  it("holds for the notification agents too, and only in a full upgrade", () => {
    const history = upgraded(1).pod("notification", "notification-new", NEW);
    expect(breached(history)).toEqual(["I2"]);
    expect(breached(history, {}, { ...scope, strategy: "Partial" })).toEqual([]);
  });
});

describe("I3", () => {
  it("is broken by a new polling pod beside an old one on any host", () => {
    expect(breached(upgraded(2).pod("polling", "polling-new", NEW))).toEqual(["I3"]);
  });
  it("is broken by a second new agent before the verification, even if the first one is terminating", () => {
    const history = upgraded(3).pod("polling", "polling-new", NEW, { terminating: true });
    const second = history.now();
    history.pod("polling", "polling-new-2", NEW);
    expect(breached(history)).toEqual(["I3"]);
    expect(breached(history, { verifiedAt: second + 1 })).toEqual(["I3"]);
    expect(breached(history, { verifiedAt: second })).toEqual([]);
  });
  it("is kept by a second candidate after the first has gone", () => {
    expect(breached(upgraded(3).gone("polling-new").pod("polling", "polling-new-2", NEW))).toEqual([]);
  });
});

describe("I4", () => {
  it("is broken by a component that starts before the one in front of it has settled", () => {
    const history = aHistory().migrated().upgrade("notification");
    expect(verdict(history)).toMatchObject([{ invariant: "I4", pods: ["notification-new"] }]);
  });
  it("is broken while the one in front still lacks what was borrowed", () => {
    const history = aHistory().migrated().upgrade("collector");
    const last = history.facts.findLastIndex((fact) => fact.about === "workload");
    history.facts.splice(last, 1);
    expect(breached(history.upgrade("notification"))).toEqual(["I4"]);
  });
  it("leaves the API free to go at any point", () => {
    expect(breached(aHistory().migrated().upgrade("api"))).toEqual([]);
  });
});

describe("I8", () => {
  it.each(["Full", "Partial"] as const)("is broken by two versions of the API in a %s upgrade", (strategy) => {
    expect(breached(aHistory().migrated().pod("api", "api-new", NEW), {}, { ...scope, strategy })).toEqual(["I8"]);
  });
});

describe("I9", () => {
  it("is broken by deleting a workload", () => {
    expect(breached(aHistory().removed("collector"))).toEqual(["I9"]);
  });
  it("is broken by deleting something else that was there before, but not by deleting what came later", () => {
    const history = aHistory();
    const tell = (uid: string, change: "ADDED" | "DELETED", baseline: boolean): void => {
      const object = { uid, kind: "ConfigMap", name: uid };
      history.facts.push({
        revision: history.now() + history.facts.length,
        at: 0,
        change,
        baseline,
        about: "object",
        object,
      });
    };
    tell("theirs", "ADDED", true);
    tell("ours", "ADDED", false);
    tell("ours", "DELETED", false);
    tell("theirs", "DELETED", false);
    expect(verdict(history)).toMatchObject([{ invariant: "I9", message: "ConfigMap/theirs was deleted" }]);
  });
  it.each([
    ["replicas", { replicas: 0 }],
    ["nodeSelector", { nodeSelector: { role: "control", offline: "" } }],
    ["strategy", { strategy: '{"type":"Recreate"}' }],
  ])("is broken by keeping borrowed %s at the end", (what, change) => {
    const history = upgraded(4).workload("collector", change);
    expect(verdict(history)).toEqual([]);
    expect(verdict(history, { ended: true }).map(({ invariant, message }) => `${invariant} ${message}`)).toEqual([
      `I9 Deployment/collector: ${what} was not given back`,
    ]);
  });
  it("expects the replicas that the resource asks for", () => {
    const asked = { ...scope, components: scope.components.map((one) => ({ ...one, replicas: 3 })) };
    expect(breached(upgraded(4), { ended: true }, asked)).toContain("I9");
  });
});

describe("I10", () => {
  const back = { containers: [{ name: "collector", image: OLD, command: "" }] };
  it("is broken by a template that returns to the old image", () => {
    expect(breached(upgraded(1).workload("collector", back))).toEqual(["I10"]);
  });
  it("is kept when a rollback was asked for", () => {
    expect(breached(upgraded(1).workload("collector", back), {}, { ...scope, rollback: true })).toEqual([]);
  });
});
