import { expect, test } from "vitest";
import {
  aConfigObject,
  aContainer,
  aDaemonSet,
  aDeployment,
  aJob,
  anObservation,
  anUpgrade,
  aPod,
  NEW_IMAGE,
  OLD_IMAGE,
  podsOf,
  SPEC,
  type WorldWords,
} from "../../test/support/builders.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import type { Workload } from "../model/observation.ts";
import { planOf } from "./plan.ts";

const notification = aDeployment({ name: "notification", replicas: 2 });
const compute = aDaemonSet({ name: "compute", component: "polling", replicas: 3 });
const upgrade = (more: Partial<SpecInput["components"]> = {}, spec: Partial<SpecInput> = {}) =>
  anUpgrade({ ...spec, components: { ...SPEC.components, ...more } });
const polling: SpecInput["components"]["polling"] = {
  targets: [{ kind: "DaemonSet", name: "compute" }],
  verification: { podLog: {}, timeoutSeconds: 600 },
};
const running = (words: WorldWords & { readonly workloads: readonly Workload[] }) =>
  anObservation({ pods: words.workloads.flatMap((each) => podsOf(each)), ...words });
const actions = (plan: ReturnType<typeof planOf>) => plan.steps.map(({ action, object }) => `${action} ${object}`);

test("a plan has every write, with what it changes, how, why and for how long", () => {
  const plan = planOf(running({ upgrade: upgrade(), workloads: [notification] }));
  expect(plan).toMatchObject({
    end: "Complete",
    from: "newton",
    findings: [],
  });
  expect(plan.hash).toMatch(/^[0-9a-f]{16}$/);
  expect(plan.steps).toEqual([
    {
      component: "notification",
      object: "Deployment/notification",
      action: "TakingDown",
      from: "2 replicas",
      to: "0 replicas",
      strategy: "without overlap",
      gates: ["DatabaseFirst", "WorkloadFits", "SingleWriter"],
      why: "F3: shut down every old notification agent pod of Deployment/notification",
      downtime: "until step 2: one stop and one start of its pods",
    },
    {
      component: "notification",
      object: "Deployment/notification",
      action: "Starting",
      from: `${OLD_IMAGE}, 0 replicas`,
      to: `${NEW_IMAGE}, 2 replicas`,
      strategy: "without overlap",
      gates: ["DatabaseFirst", "HostReachable", "WorkloadFits", "SingleWriter"],
      why: "F3: start the new notification agent pods of Deployment/notification",
    },
  ]);
});

test("the same is seen, the same is planned", () => {
  const seen = running({ upgrade: upgrade({ polling }), workloads: [notification, compute] });
  expect(planOf(seen)).toEqual(planOf(seen));
});

test("neither mode nor pause changes the plan or its hash; another image does", () => {
  const planned = (spec: Partial<SpecInput>) =>
    planOf(running({ upgrade: upgrade({}, spec), workloads: [notification] }));
  const plan = planned({});
  expect(planned({ mode: "Plan", paused: true })).toEqual(plan);
  expect(planned({ target: { release: "ocata", image: `${NEW_IMAGE}-r2` } }).hash).not.toBe(plan.hash);
});

test("the verification's time is in the plan, as the most that it may take", () => {
  const plan = planOf(running({ upgrade: upgrade({ polling }), workloads: [notification, compute] }));
  const down = plan.steps.find(({ object, action }) => object === "DaemonSet/compute" && action === "TakingDown");
  expect(down?.downtime).toContain("all of its pods run again with step 5, 10 min at most to verify");
  expect(plan.steps.at(-1)).toMatchObject({ action: "StartingRest", from: "host host-0", to: "every host" });
});

test("what a check refuses has no steps, and every finding", () => {
  const workloads = [aDeployment({ name: "notification", paused: true })];
  const plan = planOf(running({ upgrade: upgrade(), workloads }));
  expect([plan.steps, plan.end, plan.hash]).toEqual([[], "Held", undefined]);
  expect(plan.findings.map(({ reason }) => reason)).toEqual(["WorkloadPaused"]);
});

test("an answer that was given counts before the first write", () => {
  const blind = { at: 0, verdict: "fail", reason: "the operator lacks a right" } as const;
  const plan = planOf(
    running({ upgrade: upgrade(), workloads: [notification], probes: { "rights/openstack": blind } }),
  );
  expect([plan.end, plan.findings.map(({ reason }) => reason)]).toEqual(["Held", ["Forbidden"]]);
});

test("what is there already needs no steps", () => {
  const there = aDeployment({ name: "notification", image: NEW_IMAGE });
  expect(planOf(running({ upgrade: upgrade(), workloads: [there] }))).toMatchObject({ end: "Nothing", steps: [] });
});

test("a rollout of somebody else that is under way is taken to end well", () => {
  const workload = aDeployment({ name: "notification", status: { available: 0, updated: 1 } });
  const pods = [aPod(workload, { ready: false })];
  expect(actions(planOf(running({ upgrade: upgrade(), workloads: [workload], pods })))).toEqual([
    "TakingDown Deployment/notification",
    "Starting Deployment/notification",
  ]);
});

test("a Deployment that replaces itself is one write and one downtime", () => {
  const workload = aDeployment({ name: "notification", strategy: "Recreate" });
  const plan = planOf(running({ upgrade: upgrade(), workloads: [workload] }));
  expect(plan.steps).toMatchObject([
    { action: "Starting", strategy: "without overlap", downtime: "one stop and one start of its pods" },
  ]);
  expect(plan.steps).toHaveLength(1);
});

test("an isolated group starts beside the old agents, and the plan does not say otherwise", () => {
  const mount = (key: string) => ({ name: "etc", mountPath: `/etc/ceilometer/${key}`, subPath: key });
  const container = aContainer({
    image: "registry.example/ceilometer:2025.1",
    command: ["ceilometer-polling", "--polling-namespaces", "central"],
    volumeMounts: [mount("ceilometer.conf"), mount("polling.yaml")],
  });
  const central = aDeployment({
    name: "central",
    component: "polling",
    containers: [container],
    volumes: [{ name: "etc", configMap: { name: "etc" } }],
  });
  const files = aConfigObject("ConfigMap", "etc", {
    "ceilometer.conf": "[coordination]\nbackend_url = etcd3+http://etcd:2379\n",
    "polling.yaml": 'sources: [{name: all, interval: 300, meters: ["volume.*"]}]\n',
  });
  const spec = anUpgrade({
    strategy: "Partial",
    target: { release: "2025.2", image: "registry.example/ceilometer:2025.2" },
    components: {
      database: { action: "Skip" },
      polling: { targets: [{ kind: "Deployment", name: "central" }], verification: { podLog: {} } },
    },
  });
  const { steps } = planOf(running({ upgrade: spec, workloads: [central], files: [files] }));
  expect(steps.map(({ action, strategy, gates }) => [action, strategy, gates?.includes("DatabaseFirst")])).toEqual([
    ["Isolating", undefined, true],
    ["Rolling", "old beside new", true],
    ["RetiringIsolated", "without overlap", true],
    ["TakingDown", "without overlap", true],
    ["Widening", "without overlap", true],
    ["RemovingIsolated", undefined, false],
    ["RemovingIsolated", undefined, undefined],
    ["RemovingIsolated", undefined, undefined],
  ]);
});

test("a plan ends where somebody has to do something first", () => {
  const seen = running({
    upgrade: upgrade({ database: { jobFrom: { kind: "Deployment", name: "notification" } } }),
    workloads: [notification],
  });
  const [job] = planOf(seen).steps;
  expect(job).toMatchObject({
    component: "database",
    action: "MigratingDatabase",
    to: `${NEW_IMAGE}: ceilometer-upgrade`,
  });
  const taken = aJob((job?.object ?? "").replace("Job/", ""), { state: "failed" });
  const plan = planOf({ ...seen, jobs: { seen: "present", value: [taken] } });
  expect([plan.end, plan.headline.reason, actions(plan)]).toEqual(["Held", "NameTaken", []]);
});

test("nothing is planned from what could not be read", () => {
  const plan = planOf({ ...anObservation(), workloads: { seen: "unreadable", why: "forbidden" } });
  expect([plan.end, plan.headline.reason, plan.steps]).toEqual(["Waiting", "Unreadable", []]);
});

test("an attempt that goes on from another one's writes gives their ownership up once, and its plan ends", () => {
  const manager = { manager: "ceilometer-upgrade-operator", operation: "Update", ofSpec: true };
  const { metadata } = notification;
  const ours = { ...notification, metadata: { ...metadata, managers: [manager] } };
  expect(planOf(running({ upgrade: upgrade({}), workloads: [ours] })).end).toBe("Complete");
});
