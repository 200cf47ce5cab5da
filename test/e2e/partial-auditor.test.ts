/** The auditor of partial upgrades on real workloads: content with the documented sequence, and not with any way around it. */
import { expect, it } from "vitest";
import { z } from "zod";
import type { AuditScope, Invariant } from "../support/invariants.ts";
import { startAuditor } from "./auditor.ts";
import { auditScope, type KubeObject, modern, type Topology, workloadsOf } from "./fixtures/topology.ts";
import { sharedCluster } from "./shared-cluster.ts";
import { freshAgents, type Stage } from "./stage.ts";

const imageOf = (release: string): string => `quay.io/example/ceilometer:${release}`;
const MAIN = "deploy/ceilometer-central";
const NOTIFICATION = "deploy/ceilometer-notification";

type Files = Readonly<Record<string, string>>;
const secretSchema = z.looseObject({ stringData: z.record(z.string(), z.string()) });

function filesOf({ objects }: Topology): Files {
  const secret = objects.find(({ kind, metadata }) => kind === "Secret" && metadata.name === "ceilometer-etc");
  return secretSchema.parse(secret).stringData;
}

const secretOf = (name: string, stringData: Files) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name },
  stringData,
});

/** The agents of an example, at a release, to be upgraded partially; with files that are changed. */
function agents(from: string, to: string, change: (files: Files) => Files = (files) => files): Topology {
  const start: Topology = modern()
    .without("Secret/ceilometer-etc")
    .with(secretOf("ceilometer-etc", change(filesOf(modern()))))
    .wish((spec) => {
      spec.strategy = "Partial";
      spec.from = { release: from };
      spec.target = { release: to, image: imageOf(to) };
      spec.components.database = { action: "Skip" };
    });
  return workloadsOf(start).reduce(
    (topology, { metadata: { name } }) =>
      topology.workload(name, (workload) => {
        for (const container of workload.spec.template.spec.containers) container.image = imageOf(from);
      }),
    start,
  );
}

const polling = (...meters: readonly string[]): string =>
  JSON.stringify({ sources: [{ name: "all_pollsters", interval: 300, meters }] });
const withoutCoordination = (files: Files): Files => ({
  ...files,
  "ceilometer.conf": (files["ceilometer.conf"] ?? "").replace(/backend_url = .*/, ""),
});
const partitioned = (files: Files): Files => ({
  ...files,
  "ceilometer.conf": (files["ceilometer.conf"] ?? "").replace(
    "[notification]",
    "[notification]\nworkload_partitioning = true",
  ),
});

/** Containers of a workload with another image, and its volume with another Secret. */
const changed = (name: string, image: string, secretName = "ceilometer-etc") => ({
  containers: [{ name, image }],
  volumes: [{ name: "ceilometer-etc", secret: { secretName } }],
});
const toCentral = (image: string, secret?: string) => changed("ceilometer-central", image, secret);
const toNotification = (image: string, secret?: string) => changed("ceilometer-notification", image, secret);

/** The central agents once more, as pods that nothing of the original selects, in a group of their own. */
function groupBeside(topology: Topology, image: string, secret: string): KubeObject {
  const central = workloadsOf(topology).find(({ metadata }) => metadata.name === "ceilometer-central");
  if (central === undefined) throw new Error("no central agents");
  const copy = structuredClone(central);
  copy.metadata.name = "ceilometer-isolated";
  copy.spec.selector.matchLabels = { application: "isolated", component: "isolated" };
  copy.spec.template.metadata.labels = { application: "isolated", component: "isolated" };
  const { spec } = copy.spec.template;
  const env = [{ name: "OS_POLLING__PARTITIONING_GROUP_PREFIX", value: "isolated" }];
  spec.containers = spec.containers.map((container) => ({ ...container, image, env }));
  spec["volumes"] = [
    { name: "ceilometer-etc", secret: { secretName: secret } },
    { name: "etc-snippets", emptyDir: {} },
  ];
  return copy;
}

interface Play {
  readonly stage: Stage;
  readonly topology: Topology;
  readonly files: Files;
}

/** Which invariants an upgrade broke, and what was said of it. */
async function broken(
  topology: Topology,
  upgrade: (play: Play) => Promise<unknown>,
  more: Partial<AuditScope> = {},
): Promise<{ readonly invariants: readonly Invariant[]; readonly messages: readonly string[] }> {
  const cluster = await sharedCluster();
  const stage = await freshAgents(cluster, topology);
  const scope = { ...auditScope(topology), ...more };
  await using auditor = await startAuditor({ ...scope, api: cluster.api, namespace: stage.namespace });
  await upgrade({ stage, topology, files: filesOf(topology) });
  const breaches = await auditor.finish();
  expect(auditor.gaps()).toBe(0);
  return {
    invariants: [...new Set(breaches.map(({ invariant }) => invariant))].toSorted(),
    messages: breaches.map(({ message }) => message),
  };
}

/** 2025.2 adds four pollsters to those that `volume.*` takes, and nothing else that the example polls. */
const NEW = imageOf("2025.2");
const example = (): Topology => agents("2025.1", "2025.2");
const FRESH = ["volume.provider.pool.capacity.*"];
const SHARED = ["volume.size", "volume.snapshot.size", "volume.backup.size", "image.size"];
const scopeIn = ({ stage, files }: Play, name: string, ...meters: readonly string[]): Promise<void> =>
  stage.place(secretOf(name, { ...files, "polling.yaml": polling(...meters) }));

/** The sequence up to where the isolated group is no longer needed. */
async function untilNarrow(play: Play): Promise<void> {
  const { stage, topology } = play;
  await scopeIn(play, "etc-fresh", ...FRESH);
  await scopeIn(play, "etc-shared", ...SHARED);
  await stage.place(groupBeside(topology, NEW, "etc-fresh"));
  await stage.rolledOut("deploy/ceilometer-isolated");
  await stage.template(MAIN, toCentral(NEW, "etc-shared"));
  await stage.rolledOut(MAIN);
}

it.concurrent("finds nothing wrong with the documented sequence", async () => {
  const found = await broken(example(), async (play) => {
    const { stage } = play;
    await stage.template(NOTIFICATION, toNotification(NEW));
    await stage.rolledOut(NOTIFICATION);
    await untilNarrow(play);
    await stage.takeDown("deploy/ceilometer-isolated", "isolated");
    await stage.takeDown(MAIN, "central");
    await stage.template(MAIN, toCentral(NEW));
    await stage.kubectl("scale", MAIN, "--replicas=1");
    await stage.rolledOut(MAIN);
    for (const host of ["compute", "ipmi"]) {
      await stage.template(`ds/ceilometer-${host}`, changed(`ceilometer-${host}`, NEW));
      await stage.rolledOut(`ds/ceilometer-${host}`);
    }
    await stage.kubectl("delete", "deploy/ceilometer-isolated");
  });
  expect(found).toEqual({ invariants: [], messages: [] });
});

it.concurrent("I5: sees that all agents of a workload are taken down, unless that is allowed", async () => {
  const upgrade = async ({ stage }: Play): Promise<void> => {
    await stage.takeDown(NOTIFICATION, "notification");
    await stage.template(NOTIFICATION, toNotification(NEW));
    await stage.kubectl("scale", NOTIFICATION, "--replicas=2");
    await stage.rolledOut(NOTIFICATION);
  };
  const windows = [{ workload: "Deployment/ceilometer-notification", count: 1, why: "to see that it counts" }];
  const [caught, allowed] = await Promise.all([broken(example(), upgrade), broken(example(), upgrade, { windows })]);
  expect(caught.invariants).toEqual(["I5"]);
  expect(allowed.messages).toEqual([]);
});

it.concurrent("I6: sees two pipelines in one group, but none where the same one comes from another object", async () => {
  const topology = agents("ocata", "pike", partitioned);
  const roll = (change: (files: Files) => Files) =>
    broken(topology, async ({ stage, files }) => {
      await stage.place(secretOf("etc-next", change(files)));
      await stage.template(NOTIFICATION, toNotification(imageOf("pike"), "etc-next"));
      await stage.rolledOut(NOTIFICATION);
    });
  const [other, same] = await Promise.all([
    roll((files) => ({ ...files, "pipeline.yaml": (files["pipeline.yaml"] ?? "").replaceAll("meter_sink", "sink") })),
    roll((files) => ({ ...files, "pipeline.yaml": `# the same\n${files["pipeline.yaml"]}` })),
  ]);
  expect(other.messages).toEqual(["agents of the group ceilometer.notification have loaded different pipelines"]);
  expect(same.messages).toEqual([]);
});

it.concurrent("I6: sees what a container reads when it is started again", async () => {
  const found = await broken(agents("ocata", "pike", partitioned), async ({ stage, files }) => {
    const edited = (files["pipeline.yaml"] ?? "").replaceAll("meter_sink", "sink");
    await stage.kubectl(
      "patch",
      "secret/ceilometer-etc",
      "-p",
      JSON.stringify({ stringData: { "pipeline.yaml": edited } }),
    );
    const [pod = ""] = (await stage.kubectl("get", "pods", "-l", "component=notification", "-o", "name")).split("\n");
    const now = { running: { startedAt: new Date(0).toISOString() } };
    const again = { name: "ceilometer-notification", image: "", imageID: "", ready: true, restartCount: 1, state: now };
    const status = { containerStatuses: [again] };
    await stage.kubectl("patch", pod, "--subresource=status", "-p", JSON.stringify({ status }));
  });
  expect(found.messages).toEqual(["agents of the group ceilometer.notification have loaded different pipelines"]);
});

it.concurrent("I6: sees an overlap of releases that must be drained between", async () => {
  const roll = (from: string, to: string) =>
    broken(agents(from, to, partitioned), async ({ stage }) => {
      await stage.template(NOTIFICATION, toNotification(imageOf(to)));
      await stage.rolledOut(NOTIFICATION);
    });
  const [drained, free] = await Promise.all([roll("rocky", "stein"), roll("stein", "train")]);
  expect(drained.invariants).toEqual(["I6"]);
  expect(free.messages).toEqual([]);
});

it.concurrent("I7 (a): sees agents that poll the same, without coordination and in two groups", async () => {
  const beside = (topology: Topology) =>
    broken(topology, async ({ stage }) => {
      await stage.place(groupBeside(topology, imageOf("2025.1"), "ceilometer-etc"));
      await stage.rolledOut("deploy/ceilometer-isolated");
    });
  const surge = broken(
    agents("2025.1", "2025.2", withoutCoordination).workload("ceilometer-central", ({ spec }) => {
      spec.strategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
    }),
    async ({ stage }) => {
      await stage.template(MAIN, toCentral(NEW));
      await stage.rolledOut(MAIN);
    },
  );
  const [groups, alone, old] = await Promise.all([
    beside(example()),
    beside(agents("2025.1", "2025.2", withoutCoordination)),
    surge,
  ]);
  for (const { invariants, messages } of [groups, alone, old]) {
    expect(invariants).toEqual(["I7"]);
    expect(messages[0]).toMatch(/^\(a\) polled more than once, central on the cloud: /);
  }
});

it.concurrent("I7 (a): sees a surge in a ring that Pike's agents never read again", async () => {
  const found = await broken(agents("pike", "queens"), async ({ stage }) => {
    await stage.kubectl("patch", MAIN, "-p", '{"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":0}}}}');
    await stage.template(MAIN, toCentral(imageOf("queens")));
    await stage.rolledOut(MAIN);
    await stage.kubectl("patch", MAIN, "-p", '{"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":1}}}}');
  });
  expect(found.messages).toEqual([
    "(a) different agents in the group central-global, whose members do not see each other come and go",
  ]);
});

it.concurrent("I7 (b): sees pollsters that are left alone twice", async () => {
  const found = await broken(agents("train", "ussuri"), async ({ stage }) => {
    for (const _time of [1, 2]) {
      await stage.takeDown(MAIN, "central");
      await stage.template(MAIN, toCentral(imageOf("ussuri")));
      await stage.kubectl("scale", MAIN, "--replicas=1");
      await stage.rolledOut(MAIN);
    }
  });
  expect(found.messages).toHaveLength(1);
  expect(found.messages[0]).toMatch(/^\(b\) polled by nobody once more than is allowed, central on the cloud: /);
});

it.concurrent("I7 (c): sees a new pollster in the old agents' group", async () => {
  const found = await broken(
    example().workload("ceilometer-central", ({ spec }) => {
      spec.strategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
    }),
    async ({ stage }) => {
      await stage.template(MAIN, toCentral(NEW));
      await stage.rolledOut(MAIN);
    },
  );
  expect(found.messages).toEqual([
    "(c) a new pollster shares the group central-global with an agent that does not poll it",
  ]);
});

it.concurrent("I7 (c): sees agents that are widened beside the isolated group, or never", async () => {
  const early = broken(example(), async (play) => {
    await untilNarrow(play);
    await play.stage.takeDown(MAIN, "central");
    await play.stage.template(MAIN, toCentral(NEW));
    await play.stage.kubectl("scale", MAIN, "--replicas=1");
    await play.stage.rolledOut(MAIN);
  });
  const never = broken(example(), async (play) => {
    await untilNarrow(play);
    await play.stage.takeDown("deploy/ceilometer-isolated", "isolated");
  });
  const fresh = "volume.provider.pool.capacity.";
  expect((await early).messages).toEqual([expect.stringMatching(`^\\(a\\) polled more than once.*${fresh}`)]);
  expect((await never).messages).toEqual([expect.stringMatching(`^\\(b\\) polled by nobody in the end.*${fresh}`)]);
});

it.concurrent("I1: sees an isolated group that starts before the database step", async () => {
  const database = { image: NEW };
  const found = await broken(
    example(),
    async (play) => {
      await scopeIn(play, "etc-fresh", ...FRESH);
      await play.stage.place(groupBeside(play.topology, NEW, "etc-fresh"));
      await play.stage.rolledOut("deploy/ceilometer-isolated");
    },
    { database },
  );
  expect(found.messages).toEqual(["a pod of the target was created before the database step was settled"]);
});
