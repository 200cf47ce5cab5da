import { expect, it } from "vitest";
import { behaviourOf, type Poll } from "./agent-behaviour.ts";
import { openArchive } from "./audit-files.ts";
import { releaseOf } from "./audited-release.ts";
import { type AgentOptions, aPod, type Role } from "./partial-history.ts";
import type { PodFact } from "./pod-fact.ts";

const BACKEND = "etcd3+http://etcd:2379";
const COORDINATED = `[coordination]\nbackend_url = ${BACKEND}\n`;
const polling = (...meters: readonly string[]): string =>
  JSON.stringify({ sources: [{ name: "all", interval: 60, meters }] });
const pipeline = (sources: unknown, publishers: readonly string[] = ["gnocchi://"]): string =>
  JSON.stringify({ sources, sinks: [{ name: "s", publishers }] });

interface Files {
  readonly conf?: string;
  readonly polling?: string;
  readonly pipeline?: string;
}

/** What an agent does that starts with these files. */
function behaviour(role: Role, options: AgentOptions, files: Files, change: (pod: PodFact) => PodFact = (pod) => pod) {
  const archive = openArchive();
  const entries = { "ceilometer.conf": files.conf, "polling.yaml": files.polling, "pipeline.yaml": files.pipeline };
  const data = Object.fromEntries(
    Object.entries(entries).flatMap(([key, text]) => (text === undefined ? [] : [[key, text]])),
  );
  archive.hear("ADDED", { uid: "etc", kind: "ConfigMap", name: "etc", data });
  const pod = change(aPod(role, role, options));
  const [container] = pod.containers;
  const release = releaseOf(container?.image ?? "");
  if (container === undefined || release === undefined) throw new Error("no agent");
  return behaviourOf({ pod, container, files: archive.filesOf(pod, container), release });
}

function polls(...of: Parameters<typeof behaviour>): readonly Poll[] {
  const found = behaviour(...of);
  return found?.kind === "polling" ? found.polls : [];
}
const groups = (...of: Parameters<typeof behaviour>): readonly (string | undefined)[] => [
  ...new Set(polls(...of).map(({ group }) => group)),
];
function notification(release: string, files: Files) {
  const found = behaviour("notification", { release }, files);
  if (found?.kind !== "notification") throw new Error("no notification agent");
  return found;
}

const command = (text: string) => (pod: PodFact) => ({
  ...pod,
  containers: pod.containers.map((one) => ({ ...one, command: text })),
});

it.each([
  ["central", "2025.1", "", {}, `${BACKEND} central-global`],
  ["central", "2025.1", "[polling]\npartitioning_group_prefix = new\n", {}, `${BACKEND} central-new-global`],
  [
    "central",
    "2025.1",
    "[polling]\npartitioning_group_prefix = new\n",
    { OS_POLLING__PARTITIONING_GROUP_PREFIX: "x" },
    `${BACKEND} central-x-global`,
  ],
  ["central", "rocky", "", { OS_POLLING__PARTITIONING_GROUP_PREFIX: "x" }, `${BACKEND} central-global`],
  ["compute", "pike", "", {}, `${BACKEND} compute-worker-0`],
  ["compute", "ocata", "", {}, undefined],
  [
    "compute",
    "ocata",
    "[compute]\ninstance_discovery_method = workload_partitioning\n",
    {},
    `${BACKEND} compute-worker-0`,
  ],
  ["compute", "newton", "[compute]\nworkload_partitioning = True\n", {}, `${BACKEND} compute-worker-0`],
  ["ipmi", "2025.1", "", {}, `${BACKEND} ipmi-global`],
  ["ipmi", "2025.2", "", {}, `${BACKEND} ipmi-LocalNode-worker-0`],
] as const)("an agent of %s, %s, has the group that Ceilometer gives it (%j %j)", (role, release, conf, env, group) => {
  const files = { conf: COORDINATED + conf, polling: polling("*"), pipeline: polling("*") };
  expect(groups(role, { release, env }, files)).toEqual([group]);
});

it("has no group without a backend that can hold one", () => {
  expect(groups("central", { release: "2025.1" }, { polling: polling("*") })).toEqual([undefined]);
  const conf = "[coordination]\nbackend_url = mysql://x\n";
  expect(groups("central", { release: "2025.1" }, { conf, polling: polling("*") })).toEqual([undefined]);
});

it("joins both namespaces into the name of the group", () => {
  const both = command(
    "ceilometer-polling --polling-namespaces compute central --config-file /etc/ceilometer/ceilometer.conf",
  );
  const files = { conf: `${COORDINATED}[polling]\npartitioning_group_prefix = new\n`, polling: polling("*") };
  expect(groups("central", { release: "2025.1", node: "h2" }, files, both)).toEqual([
    `${BACKEND} central-compute-new-h2`,
    `${BACKEND} central-compute-new-global`,
  ]);
});

it("leaves agents alone with a list of the file, and lets no prefix part a source with an expression of its own", () => {
  const source = { name: "own", interval: 60, meters: ["volume.size"] };
  const conf = `${COORDINATED}[polling]\npartitioning_group_prefix = new\n`;
  const listed = JSON.stringify({ sources: [{ ...source, resources: ["a"] }] });
  expect(polls("central", { release: "2025.2" }, { conf, polling: listed })).toEqual([
    { namespace: "central", pollster: "volume.size", resource: 'central on the list ["a"]', group: undefined },
  ]);
  expect(groups("central", { release: "2025.2", env: { PYTHONHASHSEED: "0" } }, { conf, polling: listed })).toEqual([
    `${BACKEND} central-new-["a"]`,
  ]);
  const expressed = JSON.stringify({ sources: [{ ...source, group_id_coordination_expression: "'x'" }] });
  expect(groups("central", { release: "2025.2" }, { conf, polling: expressed })).toEqual([`${BACKEND} own-'x'`]);
  expect(groups("central", { release: "2025.1" }, { conf, polling: expressed })).toEqual([
    `${BACKEND} central-new-global`,
  ]);
});

it("polls what its release has and its file takes", () => {
  const names = (...of: Parameters<typeof behaviour>): readonly string[] =>
    polls(...of).map(({ pollster }) => pollster);
  expect(names("compute", { release: "2025.1" }, { polling: polling("cpu", "memory", "vcpus") })).toEqual(["cpu"]);
  expect(names("compute", { release: "2025.2" }, { polling: polling("cpu", "memory", "vcpus") })).toEqual([
    "cpu",
    "memory",
    "vcpus",
  ]);
  // Both included and excluded: the agent does not start.
  expect(names("compute", { release: "2025.2" }, { polling: polling("cpu", "!memory") })).toEqual([]);
  expect(names("compute", { release: "2025.2" }, {})).toEqual([]);
  expect(
    names("compute", { release: "newton" }, { pipeline: polling("cpu"), polling: polling("memory.usage") }),
  ).toEqual(["cpu"]);
  expect(names("compute", { release: "pike" }, { pipeline: polling("cpu") })).toEqual(["cpu"]);
  expect(names("compute", { release: "pike" }, { pipeline: polling("cpu"), polling: polling("memory.usage") })).toEqual(
    ["memory.usage"],
  );
});

it("reads the line of a mounted script, options of snippets, and files that a later argument names", () => {
  const archive = openArchive();
  const data = {
    run: "#!/bin/bash\n# ceilometer-polling is started here\nexec ceilometer-polling --polling-namespaces ipmi \\\n --config-dir /etc/conf.d",
    "a.conf": `${COORDINATED}[polling]\npartitioning_group_prefix = first\ncfg_file = /etc/conf.d/what.yaml\n`,
    "b.conf": "[polling]\n# said later\npartitioning_group_prefix: second\n",
    "what.yaml": polling("hardware.ipmi.fan"),
  };
  archive.hear("ADDED", { uid: "all", kind: "Secret", name: "all", data });
  const pod = aPod("ipmi", "ipmi", { release: "2024.1" });
  const container = {
    name: "agent",
    image: "registry.example/ceilometer:2024.1",
    command: "/bin/run",
    env: {},
    starts: 1,
    mounts: [
      { volume: "all", path: "/etc/conf.d" },
      { volume: "all", path: "/bin/run", subPath: "run" },
    ],
  };
  const items = ["a.conf", "b.conf", "what.yaml"].map((key) => ({ key, path: key }));
  const sources = [{ kind: "Secret" as const, name: "all", items: [...items, { key: "run", path: "run" }] }];
  const files = archive.filesOf({ ...pod, volumes: [{ name: "all", sources }] }, container);
  expect(behaviourOf({ pod, container, files, release: { major: 22, minor: 0 } })).toEqual({
    kind: "polling",
    polls: [
      {
        namespace: "ipmi",
        pollster: "hardware.ipmi.fan",
        resource: "ipmi on worker-0",
        group: `${BACKEND} ipmi-second-global`,
      },
    ],
  });
});

it.each([
  ["pike", "ceilometer.notification", "to Pike"],
  ["queens", "ceilometer.notification.v2", "Queens and Rocky"],
  ["rocky", "ceilometer.notification.v2", "Queens and Rocky"],
] as const)("a partitioned notification agent of %s is in the group %s", (release, group, epoch) => {
  const conf = `${COORDINATED}[notification]\nworkload_partitioning = True\n`;
  expect(notification(release, { conf })).toMatchObject({ group: `${BACKEND} ${group}`, epoch });
});

it("a notification agent is not partitioned from Stein on, nor without a backend, nor unless it is told to be", () => {
  const conf = `${COORDINATED}[notification]\nworkload_partitioning = True\n`;
  expect(notification("stein", { conf }).group).toBeUndefined();
  expect(notification("pike", { conf: COORDINATED }).group).toBeUndefined();
  expect(notification("pike", { conf: "[notification]\nworkload_partitioning = True\n" }).group).toBeUndefined();
});

it("pipelines are equal by what they mean", () => {
  const loaded = (text: string | undefined, conf = ""): string =>
    notification("pike", text === undefined ? { conf } : { conf, pipeline: text }).pipeline;
  const plain = loaded(pipeline([{ name: "a", meters: ["x", "y"], sinks: ["s"] }], ["gnocchi", "udp://h"]));
  expect(
    loaded(pipeline([{ interval: 9, sinks: ["s"], meters: ["y", "x"], name: "a" }], ["udp://h", "gnocchi://"])),
  ).toBe(plain);
  const others = [
    loaded(pipeline([{ name: "b", meters: ["x", "y"], sinks: ["s"] }], ["gnocchi", "udp://h"])),
    loaded(pipeline([{ name: "a", meters: ["x"], sinks: ["s"] }], ["gnocchi", "udp://h"])),
    loaded(pipeline([{ name: "a", meters: ["x", "y"], sinks: ["s"] }], ["gnocchi"])),
    loaded(
      pipeline([{ name: "a", meters: ["x", "y"], sinks: ["s"] }], ["gnocchi", "udp://h"]),
      "[publisher]\ntelemetry_secret = other\n",
    ),
    loaded(
      pipeline([{ name: "a", meters: ["x", "y"], sinks: ["s"] }], ["gnocchi", "udp://h"]),
      "[notification]\npipeline_processing_queues = 4\n",
    ),
    loaded(undefined),
    loaded("sources: ["),
  ];
  expect(new Set([plain, ...others]).size).toBe(1 + others.length);
  expect(notification("ocata", {}).pipeline).not.toBe(notification("pike", {}).pipeline);
});
