import { describe, expect, it } from "vitest";
import type { AuditedComponent } from "./audit-facts.ts";
import { mayBeUnavailable } from "./capacity-floor.ts";
import type { AuditScope } from "./invariants.ts";
import { type AgentOptions, aPartialHistory, imageOf, type PartialHistory, type Role } from "./partial-history.ts";
import { judgePartial } from "./partial-invariants.ts";

const BACKEND = "[coordination]\nbackend_url = etcd3+http://etcd:2379\n";
const polling = (...meters: readonly string[]): string =>
  JSON.stringify({ sources: [{ name: "all", interval: 60, meters }] });
const pipeline = (sink: string): string =>
  JSON.stringify({
    sources: [{ name: "meters", meters: ["*"], sinks: [sink] }],
    sinks: [{ name: sink, publishers: ["gnocchi://"] }],
  });

/** An upgrade of everything that these roles are, from one release to another. */
function scopeOf(from: string, to: string, roles: readonly Role[], more: Partial<AuditScope> = {}): AuditScope {
  const under = (component: AuditedComponent, own: readonly Role[]) => ({
    component,
    selectors: own.map((role) => ({ component: role })),
    workloads: own.map((name) => ({ kind: name === "compute" || name === "ipmi" ? "DaemonSet" : "Deployment", name })),
    oldImages: [imageOf(from)],
    newImages: [imageOf(to)],
  });
  const pollers = roles.filter((role) => role !== "notification");
  return {
    strategy: "Partial",
    database: "skipped",
    components: [
      ...(roles.includes("notification") ? [under("notification", ["notification"])] : []),
      ...(pollers.length > 0 ? [under("polling", pollers)] : []),
    ],
    ...more,
  };
}

const verdict = (scope: AuditScope, history: PartialHistory, ended = true): readonly string[] =>
  judgePartial(scope, history.facts, { ended }).map(({ invariant, message }) => `${invariant} ${message}`);

describe("I5", () => {
  const scope = scopeOf("2025.1", "2025.2", ["notification"]);
  const old = { release: "2025.1" };
  const fresh = { release: "2025.2" };
  const two = () =>
    aPartialHistory()
      .workload("Deployment", "notification", 2, { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } })
      .agent("notification", "a", old)
      .agent("notification", "b", old)
      .begin();

  it("is kept by a roll that stays above the floor, in whatever order the watches told it", () => {
    const history = two().stop("a").gone("a").agent("notification", "c", fresh).stop("b").gone("b");
    history.agent("notification", "d", fresh);
    expect(verdict(scope, history)).toEqual([]);
    history.facts.reverse();
    expect(verdict(scope, history)).toEqual([]);
  });
  it("is broken when more is taken away, even by a pod that still terminates, and told once", () => {
    const history = two().stop("a").stop("b").gone("a").gone("b").agent("notification", "c", fresh);
    expect(verdict(scope, history)).toEqual([
      "I5 Deployment/notification has 0 agents available of at least 1; no window is allowed",
    ]);
  });
  it("is broken by an agent that is there but not ready", () => {
    const history = two()
      .stop("a")
      .gone("a")
      .agent("notification", "c", { ...fresh, ready: false })
      .stop("b");
    expect(verdict(scope, history, false)).toHaveLength(1);
  });
  it("counts the windows that the scope allows", () => {
    const down = (history: PartialHistory) =>
      history.change("a", { ready: false }).change("b", { ready: false }).change("a", { ready: true });
    const windows = [
      { workload: "Deployment/notification", count: 1, why: "I6: the old agents load the new pipeline" },
    ];
    expect(verdict({ ...scope, windows }, down(two()))).toEqual([]);
    expect(verdict({ ...scope, windows }, down(down(two())))).toEqual([
      "I5 Deployment/notification has 0 agents available of at least 1; 1 such windows are allowed",
    ]);
    expect(verdict({ ...scope, windows }, two().stop("a").stop("b"))).toEqual([
      "I5 Deployment/notification is left with 0 agents of at least 1",
    ]);
  });
  it("expects no more than there was, or than the resource asks for", () => {
    const ill = aPartialHistory()
      .workload("Deployment", "notification", 2, { rollingUpdate: { maxUnavailable: 1 } })
      .agent("notification", "a", { ...old, ready: false })
      .begin();
    expect(verdict(scope, ill.stop("a"))).toEqual([]);
    const fewer = { ...scope, components: scope.components.map((one) => ({ ...one, replicas: 1 })) };
    expect(verdict(fewer, two().stop("a").stop("b"))).toEqual([]);
  });
  it.each([
    ["Deployment", 4, { rollingUpdate: { maxUnavailable: "30%", maxSurge: 1 } }, 1],
    ["Deployment", 1, { rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } }, 0],
    ["Deployment", 1, { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } }, 1],
    ["Deployment", 2, { rollingUpdate: { maxUnavailable: 3, maxSurge: 0 } }, 2],
    ["Deployment", 3, { type: "Recreate" }, 3],
    ["DaemonSet", 4, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "30%" } }, 2],
    ["DaemonSet", 4, { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }, 0],
    ["DaemonSet", 4, { type: "OnDelete" }, 1],
    ["StatefulSet", 3, { type: "RollingUpdate", rollingUpdate: { partition: 0 } }, 1],
  ])("reckons as the controllers do: %s of %i, %j", (kind, wanted, strategy, expected) => {
    expect(mayBeUnavailable(kind, wanted, JSON.stringify(strategy))).toBe(expected);
  });
});

describe("I6", () => {
  const conf = `${BACKEND}[notification]\nworkload_partitioning = True\n`;
  const filesWith = (text: string) => ({
    "ceilometer.conf": conf,
    "pipeline.yaml": text,
    "event_pipeline.yaml": pipeline("events"),
  });
  const began = (release: string) =>
    aPartialHistory()
      .files("etc", filesWith(pipeline("old")))
      .files("next", filesWith(pipeline("new")))
      .agent("notification", "a", { release })
      .agent("notification", "b", { release })
      .begin();
  const scope = scopeOf("ocata", "pike", ["notification"]);
  const broken = "I6 agents of the group ceilometer.notification have loaded different pipelines";

  it("is kept by new agents that load the same pipeline, whatever the object is called", () => {
    const same = JSON.stringify({ ...JSON.parse(pipeline("old")), comment: "of no account" });
    const history = began("ocata").files("same", filesWith(same));
    expect(verdict(scope, history.agent("notification", "c", { release: "pike", files: "same" }))).toEqual([]);
  });
  it("is broken by an agent that has loaded another one, from its start and until the last one is gone", () => {
    const history = began("ocata").agent("notification", "c", { release: "pike", files: "next", starts: 0 });
    expect(verdict(scope, history)).toEqual([]);
    history.stop("a").stop("b").restart("c");
    expect(verdict(scope, history)).toEqual([broken]);
  });
  it("is kept when the old ones are gone before", () => {
    const history = began("ocata").stop("a").gone("a").change("b", { phase: "Failed" });
    expect(verdict(scope, history.agent("notification", "c", { release: "ocata", files: "next" }))).toEqual([]);
  });
  it("is broken by a container that reads an edited file again, and not by the edit", () => {
    const history = began("ocata").files("etc", filesWith(pipeline("new")));
    expect(verdict(scope, history)).toEqual([]);
    expect(verdict(scope, history.restart("a"))).toEqual([broken]);
  });
  it("says nothing of agents that are not partitioned", () => {
    const history = began("stein").agent("notification", "c", { release: "train", files: "next" });
    expect(verdict(scopeOf("stein", "train", ["notification"]), history)).toEqual([]);
  });
  it.each([
    ["pike", "queens"],
    ["rocky", "stein"],
  ])("is broken by partitioned agents of %s beside those of %s, be the pipelines the same", (from, to) => {
    const found = verdict(scopeOf(from, to, ["notification"]), began(from).agent("notification", "c", { release: to }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^I6 partitioned agents beside agents that do not read their queues/);
  });
  it("lets other pairs overlap", () => {
    const history = began("queens").agent("notification", "c", { release: "rocky" });
    expect(verdict(scopeOf("queens", "rocky", ["notification"]), history)).toEqual([]);
  });
});

/** 2025.1 to 2025.2 in the central namespace: alarm.evaluation_result is new, switch.ports has gone. */
describe("I7, central", () => {
  const OLD = { release: "2025.1" };
  const NEW = { release: "2025.2" };
  const shared = ["image.size", "volume.size"];
  const added = "alarm.evaluation_result";
  const scope = scopeOf("2025.1", "2025.2", ["central"]);
  const began = (conf: string, ...meters: readonly string[]) =>
    aPartialHistory()
      .files("etc", { "ceilometer.conf": conf, "polling.yaml": polling(...shared, ...meters) })
      .files("added", {
        "ceilometer.conf": `${conf}[polling]\npartitioning_group_prefix = new\n`,
        "polling.yaml": polling(added),
      })
      .files("narrow", { "ceilometer.conf": conf, "polling.yaml": polling(...shared) })
      .agent("central", "a", OLD)
      .begin();
  const isolated: AgentOptions = { ...NEW, files: "added", labels: { component: "isolated" } };
  const narrow: AgentOptions = { ...NEW, files: "narrow" };

  it("is kept by a coordinated roll without new pollsters", () => {
    expect(verdict(scope, began(BACKEND).agent("central", "b", NEW).stop("a").gone("a"))).toEqual([]);
  });

  const byTheBook = () =>
    began(BACKEND, added)
      .agent("central", "isolated", isolated)
      .agent("central", "b", narrow)
      .stop("a")
      .gone("a")
      .stop("isolated")
      .gone("isolated")
      .stop("b")
      .gone("b")
      .agent("central", "c", NEW);

  /** Without coordination an old agent is gone before a new one starts. */
  const withoutOverlap = () =>
    began("", added)
      .agent("central", "isolated", isolated)
      .stop("a")
      .gone("a")
      .agent("central", "b", narrow)
      .stop("isolated")
      .gone("isolated")
      .stop("b")
      .gone("b")
      .agent("central", "c", NEW);

  it("is kept by the documented sequence, coordinated or not", () => {
    expect(verdict(scope, byTheBook())).toEqual([]);
    expect(verdict(scope, withoutOverlap())).toEqual([]);
  });

  it("(a) is broken by agents of two groups, by uncoordinated agents, and by one that still terminates", () => {
    const twice = "I7 (a) polled more than once, central on the cloud: image.size, volume.size";
    const other = { ...NEW, env: { OS_POLLING__PARTITIONING_GROUP_PREFIX: "other" } };
    expect(verdict(scope, began(BACKEND).agent("central", "b", other))).toEqual([twice]);
    expect(verdict(scope, began(BACKEND).stop("a").agent("central", "b", other))).toEqual([twice]);
    expect(verdict(scope, began("").agent("central", "b", NEW))).toEqual([twice]);
    expect(verdict(scope, began("").stop("a").agent("central", "b", NEW))).toEqual([twice]);
    expect(verdict(scope, began("").stop("a").gone("a").agent("central", "b", NEW))).toEqual([]);
  });
  it("(a) allows as many uncoordinated agents as there were", () => {
    const two = (): PartialHistory => {
      const history = aPartialHistory().files("etc", { "polling.yaml": polling(...shared) });
      return history.agent("central", "a", OLD).agent("central", "b", OLD).begin();
    };
    expect(verdict(scope, two().stop("a").gone("a").agent("central", "c", NEW))).toEqual([]);
    expect(verdict(scope, two().agent("central", "c", NEW))).toHaveLength(1);
  });
  it("(a) is broken by a surge in a ring that is never read again", () => {
    const roll = (from: string, to: string) => {
      const history = aPartialHistory()
        .files("etc", { "ceilometer.conf": BACKEND, "polling.yaml": polling("image.size") })
        .agent("central", "a", { release: from })
        .agent("central", "b", { release: from })
        .begin();
      return verdict(scopeOf(from, to, ["central"]), history.stop("a").agent("central", "c", { release: to }));
    };
    const stale = [
      "I7 (a) different agents in the group central-global, whose members do not see each other come and go",
    ];
    expect(roll("pike", "queens")).toEqual(stale);
    expect(roll("11.0.0", "11.1.0")).toEqual(stale);
    expect(roll("11.1.0", "stein")).toEqual([]);
    expect(roll("newton", "ocata")).toEqual([]);
  });

  it("(b) is broken by a second gap, unless an isolated group has to be made room for", () => {
    const gap = (history: PartialHistory, was: string, is: string) =>
      history.stop(was).gone(was).agent("central", is, NEW);
    expect(verdict(scope, gap(began(BACKEND), "a", "b"))).toEqual([]);
    const twice = gap(gap(began(BACKEND), "a", "b"), "b", "c");
    expect(verdict(scope, twice)).toEqual([
      "I7 (b) polled by nobody once more than is allowed, central on the cloud: image.size, volume.size",
    ]);
    expect(verdict({ ...scope, gaps: { central: 2 } }, twice)).toEqual([]);
    expect(verdict(scope, gap(withoutOverlap(), "c", "d"))).toEqual([
      `I7 (b) polled by nobody once more than is allowed, central on the cloud: image.size, volume.size, ${added}`,
    ]);
  });
  it("(b) is broken by a pollster that nobody polls in the end", () => {
    const history = began(BACKEND)
      .stop("a")
      .gone("a")
      .agent("central", "b", { ...NEW, ready: false });
    expect(verdict(scope, history, false)).toEqual([]);
    expect(verdict(scope, history)).toEqual([
      "I7 (b) polled by nobody in the end, central on the cloud: image.size, volume.size",
    ]);
  });

  it("(c) is broken by a new pollster in the group of an old agent, though it terminates", () => {
    const shares = "I7 (c) a new pollster shares the group central-global with an agent that does not poll it";
    expect(verdict(scope, began(BACKEND, added).agent("central", "b", NEW))).toEqual([shares]);
    expect(verdict(scope, began(BACKEND, added).stop("a").agent("central", "b", NEW))).toEqual([shares]);
    const samePrefix = { ...isolated, env: { OS_POLLING__PARTITIONING_GROUP_PREFIX: "" } };
    expect(verdict(scope, began(BACKEND, added).agent("central", "b", samePrefix), false)).toEqual([shares]);
  });
  it("(c) is broken by widening one agent after another", () => {
    const history = began(BACKEND, added)
      .stop("a")
      .gone("a")
      .agent("central", "b", narrow)
      .agent("central", "c", narrow);
    expect(verdict(scope, history.agent("central", "d", NEW))).toEqual([
      "I7 (c) a new pollster shares the group central-global with an agent that does not poll it",
    ]);
  });
  it("(c) is broken by a new pollster that stops twice, or is never begun", () => {
    const again = byTheBook().change("c", { ready: false }).change("c", { ready: true });
    expect(verdict({ ...scope, gaps: { central: 9 } }, again)).toEqual([
      `I7 (b) polled by nobody once more than is allowed, central on the cloud: ${added}`,
    ]);
    const forgotten = began(BACKEND, added).stop("a").gone("a").agent("central", "b", narrow);
    expect(verdict(scope, forgotten)).toEqual([`I7 (b) polled by nobody in the end, central on the cloud: ${added}`]);
  });
  it("(c) takes what is new from the target's own polling file", () => {
    const target = { ...scope, pollingFile: { kind: "ConfigMap", name: "etc-2", key: "polling.yaml" } };
    const history = (): PartialHistory =>
      aPartialHistory()
        .files("etc", { "ceilometer.conf": BACKEND, "polling.yaml": polling("image.size") })
        .files("etc-2", { "ceilometer.conf": BACKEND, "polling.yaml": polling("volume.size") })
        .agent("central", "a", OLD)
        .begin();
    const early = history().agent("central", "b", { ...NEW, files: "etc-2" });
    expect(verdict(target, early, false)).toHaveLength(1);
    const late = history()
      .stop("a")
      .gone("a")
      .agent("central", "b", { ...NEW, files: "etc-2" });
    expect(verdict(target, late)).toEqual([]);
  });

  it("(d) asks nothing of pollsters that the target does not have", () => {
    const history = began(BACKEND, "switch.ports").stop("a").gone("a").agent("central", "b", NEW);
    expect(verdict(scope, history.stop("b").gone("b").agent("central", "c", NEW))).toEqual([
      "I7 (b) polled by nobody once more than is allowed, central on the cloud: image.size, volume.size",
    ]);
  });
});

describe("I7, on hosts", () => {
  const scope = scopeOf("2024.2", "2025.1", ["compute"]);
  const began = () =>
    aPartialHistory()
      .files("etc", { "ceilometer.conf": BACKEND, "polling.yaml": polling("cpu", "power.state") })
      .agent("compute", "a", { release: "2024.2" })
      .agent("compute", "b", { release: "2024.2", node: "worker-1" })
      .begin();
  const fresh = { release: "2025.1" };

  it("is kept by replacing the agent of one host after the other, new pollsters or not", () => {
    const history = began().stop("a").gone("a").agent("compute", "c", fresh);
    expect(
      verdict(
        scope,
        history
          .stop("b")
          .gone("b")
          .agent("compute", "d", { ...fresh, node: "worker-1" }),
      ),
    ).toEqual([]);
  });
  it("(c) is broken by a surge on a host, whose group the old agent is in", () => {
    expect(verdict(scope, began().agent("compute", "c", fresh), false)).toEqual([
      "I7 (c) a new pollster shares the group compute-worker-0 with an agent that does not poll it",
    ]);
  });
  it("(a) is broken by agents of one host that do not know of each other", () => {
    const apart = { ...fresh, hostNetwork: false, labels: {} };
    expect(verdict(scope, began().stop("a").agent("compute", "c", apart), false)).toEqual([
      "I7 (a) polled more than once, compute on worker-0: cpu",
    ]);
  });
  it("(b) counts the gaps of each host by itself", () => {
    const gap = (history: PartialHistory, was: string, is: string, node: string) =>
      history
        .stop(was)
        .gone(was)
        .agent("compute", is, { ...fresh, node });
    const once = gap(gap(began(), "a", "c", "worker-0"), "b", "d", "worker-1");
    expect(verdict(scope, once)).toEqual([]);
    expect(verdict(scope, gap(once, "d", "e", "worker-1"))).toEqual([
      "I7 (b) polled by nobody once more than is allowed, compute on worker-1: cpu",
    ]);
  });
  it("(c) is broken across hosts where the group is the whole cloud's", () => {
    const history = aPartialHistory()
      .files("etc", { "ceilometer.conf": BACKEND, "polling.yaml": polling("hardware.ipmi.*") })
      .agent("ipmi", "a", { release: "2023.2" })
      .agent("ipmi", "b", { release: "2023.2", node: "worker-1" })
      .begin()
      .stop("a")
      .gone("a")
      .agent("ipmi", "c", { release: "2024.1" });
    expect(verdict(scopeOf("2023.2", "2024.1", ["ipmi"]), history, false)).toEqual([
      "I7 (c) a new pollster shares the group ipmi-global with an agent that does not poll it",
    ]);
  });
});

it("I1 holds for agents that no workload of before selects", () => {
  const scope = { ...scopeOf("2025.1", "2025.2", ["central"]), database: { image: imageOf("2025.2") } };
  const containers = [{ name: "db", image: imageOf("2025.2"), command: "ceilometer-upgrade" }];
  const stranger: AgentOptions = { release: "2025.2", labels: { component: "isolated" }, starts: 0, ready: false };
  const history = aPartialHistory().begin();
  expect(verdict(scope, history.agent("central", "x", stranger))).toEqual([
    "I1 a pod of the target was created before the database step was settled",
  ]);
  const migrated = aPartialHistory().begin();
  const job = { uid: "job", name: "job", containers, complete: true };
  migrated.facts.push({ revision: 1, at: 1, baseline: false, change: "MODIFIED", about: "job", job });
  expect(verdict(scope, migrated.agent("central", "x", stranger))).toEqual([]);
});

it("refuses to judge an agent whose release nobody can say", () => {
  const history = aPartialHistory().begin().agent("central", "x", { release: "latest" });
  const scope = scopeOf("2025.1", "2025.2", ["central"]);
  expect(() => verdict(scope, history)).toThrow("nobody can say what release registry.example/ceilometer:latest");
  expect(verdict({ ...scope, releases: { [imageOf("latest")]: "2025.2" } }, history)).toEqual([]);
});

it.each(["compute", "ipmi"] as const)(
  "judges a thousand hosts without looking at all of them each time (%s)",
  (role) => {
    const hosts = Array.from({ length: 1000 }, (_, index) => index);
    const history = aPartialHistory().files("etc", { "ceilometer.conf": BACKEND, "polling.yaml": polling("*") });
    for (const host of hosts) history.agent(role, `old-${host}`, { release: "2024.1", node: `worker-${host}` });
    history.begin();
    for (const host of hosts)
      history
        .stop(`old-${host}`)
        .gone(`old-${host}`)
        .agent(role, `new-${host}`, { release: "2024.2", node: `worker-${host}` });
    expect(verdict(scopeOf("2024.1", "2024.2", [role]), history)).toEqual([]);
  },
);
