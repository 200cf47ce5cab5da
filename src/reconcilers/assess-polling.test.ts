/** The partition gate, asked again when an attempt is given up half-way: its agents may poll only what old and new shared. */
import { expect, test } from "vitest";
import {
  aConfigObject,
  aContainer,
  aDeployment,
  anAgent,
  anUpgrade,
  aPartialUpgrade,
  aPod,
  aRecord,
  aRecordedTarget,
  aWorld,
  NEW_IMAGE,
  type WorldWords,
} from "../../test/support/builders.ts";
import type { Verification } from "../api/v1alpha1/schema.ts";
import type { ImagesAsked } from "../model/image-pollsters.ts";
import type { Volume, VolumeMount } from "../model/pod-template.ts";
import { parseRelease } from "../model/release.ts";
import { assessPolling, forgottenOriginals, restoredPolling } from "./assess-polling.ts";
import { readInputs } from "./inputs.ts";
import { undoneBy } from "./targets.ts";

const TARGET = { name: "2025.2", major: 25 };
const FILE = { path: "/etc/ceilometer/polling.yaml", volume: "ceilometer-upgrade-polling" };
const files = [
  aConfigObject("ConfigMap", "etc", {
    "ceilometer.conf": "[coordination]\nbackend_url = etcd3://etcd\n",
    "polling.yaml": 'sources: [{ name: all, interval: 300, meters: ["volume.*"] }]',
  }),
];
const conf = { name: "etc", mountPath: "/etc/ceilometer/ceilometer.conf", subPath: "ceilometer.conf" };
const whole = { name: "etc", mountPath: FILE.path, subPath: "polling.yaml" };

interface Extra {
  readonly mount: VolumeMount;
  readonly volume: Volume;
}

function workloadOf(name: string, release: string, narrow?: string, extra?: Extra, object = "etc") {
  const etc = { name: "etc", configMap: { name: object } };
  const mount = narrow === undefined ? whole : { ...whole, name: FILE.volume };
  const container = {
    name: "agent",
    image: `registry.example/ceilometer:${release}`,
    command: ["ceilometer-polling", "--polling-namespaces", "central"],
    volumeMounts: [conf, mount, ...(extra === undefined ? [] : [extra.mount])],
  };
  const volumes: Volume[] = narrow === undefined ? [etc] : [etc, { name: FILE.volume, configMap: { name: narrow } }];
  if (extra !== undefined) volumes.push(extra.volume);
  return aDeployment({ name, component: "polling", containers: [container], volumes });
}

interface Beside {
  /** Other workloads of its group. */
  readonly mates?: readonly ReturnType<typeof workloadOf>[];
  readonly target?: typeof TARGET;
  /** What images have said. */
  readonly images?: ImagesAsked;
}

function planned(release: string, narrow?: string, more: WorldWords = {}, extra?: Extra, beside: Beside = {}) {
  const workload = workloadOf("central", release, narrow, extra);
  const workloads = [workload, ...(beside.mates ?? [])];
  const agents = workloads.map((each) => anAgent(each, { component: "polling" }));
  const world = aWorld({ workloads, ...more, files: [...files, ...(more.files ?? [])] });
  const { plans, copies } = assessPolling(world, agents, beside.target ?? TARGET, readInputs(world), beside.images);
  const plan = plans.get(workload.metadata.uid);
  if (plan === undefined) throw new Error("nothing was planned");
  return { workload, plan, copies };
}

/** A wish that gives the agents this polling file. */
function giving(polling: string, release = "2025.2") {
  const components = {
    polling: { targets: [{ kind: "Deployment" as const, name: "central" }], verification: { podLog: {} } },
  };
  const config = { polling: { kind: "ConfigMap" as const, name: "next", key: "polling.yaml" } };
  const upgrade = aPartialUpgrade(release, components, config);
  return { upgrade, files: [aConfigObject("ConfigMap", "next", { "polling.yaml": polling })] };
}

const listing = (names: readonly string[]) =>
  anUpgrade({
    strategy: "Partial",
    components: {
      database: { action: "Skip" },
      polling: {
        targets: [{ kind: "Deployment", name: "central" }],
        verification: { podLog: {} },
        newPollsters: { source: "List", names: [...names] },
      },
    },
  });

test("agents on what an abandoned attempt shared: the same is new again, and then they get their own file", () => {
  const { workload, plan: polling, copies } = planned("2025.1");
  expect(polling.path).toBe("Isolate");
  expect(polling.added).toContain("volume.provider.pool.capacity.free");

  const narrow = polling.narrow?.object ?? "";
  const target = aRecordedTarget(workload, { component: "polling", polling });
  const derived = copies.map(({ name, key, text }) => aConfigObject("ConfigMap", name, { [key]: text }));
  const { plan } = planned("2025.2", narrow, { records: [aRecord({ targets: [target] })], files: derived });
  expect(plan).toMatchObject({ path: "Isolate", added: polling.added, kept: polling.kept, before: polling.before });
});

test("where images are asked, what both have is not new, and what only the target has is, whatever the catalogue says (I7)", () => {
  const said = (extra: readonly string[], missing: readonly string[] = []) =>
    new Map([["central", { extra, missing }]]);
  const plan = (old: ReturnType<typeof said>, coming: ReturnType<typeof said>) => {
    const images = new Map([
      ["registry.example/ceilometer:2025.1", old],
      [NEW_IMAGE, coming],
    ]);
    return planned("2025.1", undefined, {}, undefined, { images }).plan;
  };
  const { added, kept } = plan(said(["volume.ours"]), said(["volume.ours", "volume.theirs"]));
  expect(added).toContain("volume.theirs");
  expect(added).not.toContain("volume.ours");
  expect(kept).toContain("volume.ours");
  expect(plan(said([], ["volume.size"]), said([])).added).toContain("volume.size");
  expect(plan(said([], ["volume.size"]), said([], ["volume.size"])).added).not.toContain("volume.size");
});

test("what another workload of the group polls already is not new, or a group of its own would poll it a second time (I7)", () => {
  const { workload, plan: polling, copies } = planned("2025.1");
  const target = aRecordedTarget(workload, { component: "polling", polling });
  const derived = copies.map(({ name, key, text }) => aConfigObject("ConfigMap", name, { [key]: text }));
  const given = { records: [aRecord({ targets: [target] })], files: derived };
  const beside = (release: string) =>
    planned("2025.2", polling.narrow?.object ?? "", given, undefined, { mates: [workloadOf("second", release)] }).plan;
  // An attempt was given up when the second had the whole file of the target and this one had not.
  expect(beside("2025.2")).toMatchObject({ path: "Roll", added: [], before: polling.before });
  expect(beside("2025.1")).toMatchObject({ path: "Isolate", added: polling.added });
});

test("likewise what one polls that another attempt has brought to a release between", () => {
  const { workload, plan: polling, copies } = planned("2025.1");
  const records = [aRecord({ targets: [aRecordedTarget(workload, { component: "polling", polling })] })];
  const derived = copies.map(({ name, key, text }) => aConfigObject("ConfigMap", name, { [key]: text }));
  const next = (mates: NonNullable<Beside["mates"]>) => {
    const target = { name: "2026.1", major: 26 };
    return planned("2025.2", polling.narrow?.object ?? "", { records, files: derived }, undefined, { mates, target });
  };
  expect(polling.added).not.toEqual([]);
  expect(next([]).plan.added).toEqual(expect.arrayContaining([...(polling.added ?? [])]));
  for (const name of polling.added ?? []) expect(next([workloadOf("second", "2025.2")]).plan.added).not.toContain(name);
});

test("two of a group that bring other new pollsters, and some of the same, are replaced together (I7)", () => {
  const [one = ""] = planned("2025.1").plan.added ?? [];
  const few = aConfigObject("ConfigMap", "few", {
    "ceilometer.conf": "[coordination]\nbackend_url = etcd3://etcd\n",
    "polling.yaml": `sources: [{ name: all, interval: 300, meters: [volume.size, ${one}] }]`,
  });
  const beside = (object: string) => {
    const mates = [workloadOf("second", "2025.1", undefined, undefined, object)];
    return planned("2025.1", undefined, { files: [few] }, undefined, { mates }).plan;
  };
  expect(beside("etc")).toMatchObject({ path: "Isolate", overlap: true });
  const apart = beside("few");
  expect(apart).toMatchObject({ path: "Replace", overlap: false, together: true });
  expect(apart.why).toBe("Deployment/second, which shares its work, brings other new pollsters");

  // A third, which brings nothing new and would roll beside old ones, goes with them.
  const none = aConfigObject("ConfigMap", "none", {
    "ceilometer.conf": "[coordination]\nbackend_url = etcd3://etcd\n",
    "polling.yaml": "sources: [{ name: all, interval: 300, meters: [volume.size] }]",
  });
  const third = workloadOf("third", "2025.1", undefined, undefined, "none");
  const agents = [workloadOf("central", "2025.1"), workloadOf("second", "2025.1", undefined, undefined, "few"), third];
  const world = aWorld({ workloads: agents, files: [...files, few, none] });
  const polling = agents.map((each) => anAgent(each, { component: "polling" }));
  const { plans } = assessPolling(world, polling, TARGET, readInputs(world), undefined);
  expect(plans.get(third.metadata.uid)).toMatchObject({ path: "Replace", overlap: false, together: true });
});

test("what is listed as new is new, though another old one of the group may be said to poll it", () => {
  const listed = { upgrade: listing(["volume.size"]) };
  const beside = (release: string) =>
    planned("2025.1", undefined, listed, undefined, { mates: [workloadOf("second", release)] }).plan;
  expect(beside("2025.1")).toMatchObject({ path: "Isolate", added: ["volume.size"] });
  expect(beside("2025.2")).toMatchObject({ path: "Roll", added: [] });
});

test("to a release that nobody knows, what is not listed is polled on beside the isolated group (I7)", () => {
  const target = { name: "28.0.0", major: 28 };
  const { plan } = planned("2025.1", undefined, { upgrade: listing(["volume.new"]) }, undefined, { target });
  expect(plan).toMatchObject({ path: "Isolate", added: ["volume.new"] });
  expect(plan.kept).toContain("volume.size");
  // From such a release, nobody can say what would have to be polled on.
  const from = planned("28.0.0", undefined, { upgrade: listing(["volume.new"]) }, undefined, { target });
  expect(from.plan.path).toBe("Replace");
});

test("where one of a group is replaced without overlap, the others of it are replaced with it (I7)", () => {
  const directory = { name: "dynamic", mountPath: "/etc/ceilometer/pollsters.d" };
  const volume = { name: "dynamic", secret: { secretName: "unread" } };
  const given = giving('sources: [{ name: all, interval: 300, meters: ["*"] }]');
  const beside = (extra?: Extra) =>
    planned("2025.1", undefined, given, undefined, { mates: [workloadOf("second", "2025.1", undefined, extra)] });
  expect(beside().plan).toMatchObject({ path: "Isolate", overlap: true });
  const { plan, copies } = beside({ mount: directory, volume });
  expect(plan).toMatchObject({ path: "Replace", overlap: false, together: true });
  expect(plan.why).toContain("Deployment/second, which shares its work");
  expect(copies).toEqual([]);
});

test("the polling namespaces that a target says are those of its agents, whether it is given by name or by labels (I7)", () => {
  // A wrapper that is not read tells nothing of them.
  const agent = { name: "agent", image: "registry.example/ceilometer:2025.1", command: ["/start.sh"] };
  const workload = aDeployment({ name: "ipmi", component: "polling", labels: { role: "ipmi" }, containers: [agent] });
  const pollingNamespaces = ["ipmi"];
  const saying = (target: { name: string } | { selector: { matchLabels: Record<string, string> } }) => {
    const targets = [{ kind: "Deployment" as const, ...target, pollingNamespaces }];
    const components = { database: { action: "Skip" as const }, polling: { targets, verification: { podLog: {} } } };
    const world = aWorld({ upgrade: anUpgrade({ strategy: "Partial", components }), workloads: [workload] });
    const agents = [anAgent(workload, { component: "polling" })];
    return assessPolling(world, agents, TARGET, readInputs(world), undefined).plans.get(workload.metadata.uid);
  };
  expect(saying({ name: "ipmi" })?.namespaces).toEqual(pollingNamespaces);
  expect(saying({ selector: { matchLabels: { role: "ipmi" } } })?.namespaces).toEqual(pollingNamespaces);
  expect(saying({ selector: { matchLabels: { role: "other" } } })?.namespaces).not.toEqual(pollingNamespaces);
});

test("an isolated group on the host's network is not seen by an exporter, as the original's would answer for it", () => {
  const found = (hostNetwork: boolean, verification: Verification) => {
    const { template, ...rest } = workloadOf("central", "2025.1");
    const workload = { ...rest, template: { ...template, spec: { ...template.spec, hostNetwork } } };
    const targets = [{ kind: "Deployment" as const, name: "central" }];
    const newPollsters = { source: "List" as const, names: ["volume.provider.pool.capacity.total"] };
    const upgrade = anUpgrade({
      strategy: "Partial",
      components: { database: { action: "Skip" }, polling: { targets, verification, newPollsters } },
    });
    const world = aWorld({ upgrade, workloads: [workload], files });
    const agents = [anAgent(workload, { component: "polling" })];
    const { plans, findings } = assessPolling(world, agents, TARGET, readInputs(world), undefined);
    expect(plans.get(workload.metadata.uid)?.path).toBe("Isolate");
    return findings.map(({ reason, severity, object }) => ({ reason, severity, object }));
  };
  expect(found(true, { exporter: { port: 9101 } })).toEqual([
    { reason: "OverlayImpossible", severity: "Error", object: "Deployment/central" },
  ]);
  expect(found(false, { exporter: { port: 9101 } })).toEqual([]);
  expect(found(true, { podLog: {} })).toEqual([]);
});

test("on whichever path the next attempt takes, the file of before comes back", () => {
  const { workload, plan: polling, copies } = planned("2025.1");
  const target = aRecordedTarget(workload, { component: "polling", polling });
  const derived = copies.map(({ name, key, text }) => aConfigObject("ConfigMap", name, { [key]: text }));
  const records = [aRecord({ targets: [target] })];
  // Nothing is new by the list, so this attempt has no isolated group and derives no file.
  const next = planned("2025.2", polling.narrow?.object ?? "", {
    records,
    files: derived,
    upgrade: listing([]),
  });
  expect(next.plan).toMatchObject({ path: "Roll", restores: true, before: polling.before });
  const recorded = aRecordedTarget(next.workload, { component: "polling", polling: next.plan });
  expect(undoneBy("polling", recorded, [])).toEqual([{ ...FILE, before: polling.before }]);
  expect(undoneBy("polling", { ...recorded, polling: { ...next.plan, restores: undefined } }, [])).toEqual([]);
});

test("a pipeline.yaml that was derived for Newton does not stay what agents of Ocata poll by, who have no polling.yaml (I7)", () => {
  const pipelineOf = (meters: string) =>
    `sources: [{ name: all, interval: 300, meters: [${meters}], sinks: [s] }]\nsinks: [{ name: s, publishers: ["notifier://"] }]`;
  const at = { path: "/etc/ceilometer/pipeline.yaml", volume: "ceilometer-upgrade-pipeline" };
  const own = { name: "etc", mountPath: at.path, subPath: "pipeline.yaml" };
  const central = workloadOf("central", "newton");
  const [container] = central.template.spec.containers;
  if (container === undefined) throw new Error("no container");
  const narrowed = aDeployment({
    name: "central",
    component: "polling",
    containers: [{ ...container, volumeMounts: [conf, { ...own, name: at.volume }] }],
    volumes: [
      { name: "etc", configMap: { name: "old" } },
      { name: at.volume, configMap: { name: "central-shared-1" } },
    ],
  });
  const given = [
    aConfigObject("ConfigMap", "old", {
      "ceilometer.conf": "[coordination]\nbackend_url = redis://redis\n",
      "pipeline.yaml": pipelineOf('"*"'),
    }),
    aConfigObject("ConfigMap", "central-shared-1", { "pipeline.yaml": pipelineOf("image.size") }),
  ];
  const narrow = { kind: "ConfigMap", object: "central-shared-1", key: "pipeline.yaml", digest: "d" } as const;
  const path = { namespaces: ["central"], path: "Isolate", why: "new pollsters", overlap: true } as const;
  const polling = { ...path, namespaces: ["central"], file: at, before: { mount: own }, narrow };
  const records = [aRecord({ targets: [aRecordedTarget(narrowed, { component: "polling", polling })] })];
  const world = aWorld({ workloads: [narrowed], files: given, records });
  const agents = [anAgent(narrowed, { component: "polling" })];
  const ocata = { name: "ocata", major: 8 };
  const { plans } = assessPolling(world, agents, ocata, readInputs(world), undefined);
  const plan = plans.get(narrowed.metadata.uid);
  expect(plan?.added).toContain("ip.floating");
  const recorded = aRecordedTarget(narrowed, { component: "polling", ...(plan && { polling: plan }) });
  const back = { ...at, before: { mount: own } };
  expect(undoneBy("polling", recorded, [])).toContainEqual(back);
  // A full upgrade compares nothing, and brings it back, too.
  const full = restoredPolling(world, agents, ocata).get(narrowed.metadata.uid);
  const restored = aRecordedTarget(narrowed, { component: "polling", ...(full && { polling: full }) });
  expect(undoneBy("polling", restored, [])).toEqual([back]);
});

test("dynamic pollsters that cannot be read are not taken for none", () => {
  const { plan } = planned("2025.1");
  expect(plan.path).toBe("Isolate");
  const directory = { name: "dynamic", mountPath: "/etc/ceilometer/pollsters.d" };
  const volume = { name: "dynamic", secret: { secretName: "unread" } };
  const more = giving('sources: [{ name: all, interval: 300, meters: ["volume.*", dynamic.foo] }]');
  expect(planned("2025.1", undefined, more).plan.path).toBe("Isolate");
  const unread = planned("2025.1", undefined, more, { mount: directory, volume }).plan;
  expect(unread.path).toBe("Replace");
  expect(unread.why).toContain("not known which pollsters");
});

const dynamicDirectory = { name: "dynamic", mountPath: "/etc/ceilometer/pollsters.d" };
const dynamicVolume = { name: "dynamic", configMap: { name: "pollsters-d" } };
const dynamic = { mount: dynamicDirectory, volume: dynamicVolume };

test("pollsters that people define are new where only the target reads their files (I7)", () => {
  const ussuri = { name: "ussuri", major: 14 };
  const more = { files: [aConfigObject("ConfigMap", "pollsters-d", { "own.yaml": "- {name: volume.own}" })] };
  const from = (release: string) => planned(release, undefined, more, dynamic, { target: ussuri }).plan;
  expect(from("train")).toMatchObject({ path: "Isolate", added: ["volume.own"] });
  expect(from("ussuri")).toMatchObject({ path: "Roll", added: [] });

  const hidden = { mount: dynamicDirectory, volume: { name: "dynamic", secret: { secretName: "unread" } } };
  const unread = planned("train", undefined, more, hidden, { target: ussuri }).plan;
  expect(unread).toMatchObject({ path: "Replace", overlap: false });
  // Of a polling file that cannot be read nobody knows either whether it has them.
  const neither = {
    files: [aConfigObject("ConfigMap", "etc", { "ceilometer.conf": "[coordination]\nbackend_url = etcd3://etcd\n" })],
  };
  expect(planned("train", undefined, neither, hidden, { target: ussuri }).plan.path).toBe("Replace");
});

test("agents whose options have them read another file cannot be given one for a while (I7)", () => {
  const found = (option: string) => {
    const etc = aConfigObject("ConfigMap", "etc", {
      "ceilometer.conf": `[coordination]\nbackend_url = etcd3://etcd\n[polling]\n${option}\n`,
      "polling.yaml": "sources: [{ name: all, interval: 300, meters: [volume.size] }]",
      "own.yaml": 'sources: [{ name: all, interval: 300, meters: ["volume.*"] }]',
    });
    const own = {
      mount: { name: "own", mountPath: "/etc/ceilometer/own", subPath: "" },
      volume: { name: "own", configMap: { name: "etc" } },
    };
    const workload = workloadOf("central", "2025.1", undefined, own);
    const world = aWorld({ workloads: [workload], files: [etc] });
    const agents = [anAgent(workload, { component: "polling" })];
    const { plans, findings } = assessPolling(world, agents, TARGET, readInputs(world), undefined);
    return {
      path: plans.get(workload.metadata.uid)?.path,
      findings: findings.map(({ reason, message }) => [reason, message]),
    };
  };
  const message =
    "its agents read /etc/ceilometer/own/own.yaml of ConfigMap/etc in place of /etc/ceilometer/polling.yaml";
  expect(found("cfg_file = /etc/ceilometer/own/own.yaml")).toEqual({
    path: "Isolate",
    findings: [["OverlayImpossible", expect.stringContaining(message)]],
  });
  expect(found("cfg_file = own/own.yaml").findings).toHaveLength(1);
  for (const usual of ["batch_size = 50", "cfg_file = polling.yaml", "cfg_file = /etc//ceilometer/polling.yaml"])
    expect(found(usual).findings, usual).toEqual([]);
});

test("a polling file that no volume brings is another one in each image (I7)", () => {
  const command = ["ceilometer-polling", "--polling-namespaces", "central"];
  const containers = [{ name: "agent", image: "registry.example/ceilometer:2023.1", command, volumeMounts: [conf] }];
  const workload = aDeployment({
    name: "central",
    component: "polling",
    containers,
    volumes: [{ name: "etc", configMap: { name: "etc" } }],
  });
  const world = aWorld({ workloads: [workload], files });
  const agents = [anAgent(workload, { component: "polling" })];
  const { plans, findings } = assessPolling(world, agents, { name: "2023.2", major: 21 }, readInputs(world), undefined);
  expect(plans.get(workload.metadata.uid)).toMatchObject({ path: "Replace", overlap: false });
  expect(findings.map(({ severity, message }) => [severity, message])).toEqual([
    ["Warning", expect.stringContaining("no volume brings polling.yaml")],
  ]);
});

test("agents that a new file brings into another group do not run beside old ones, which poll the same (I7)", () => {
  const target = { name: "26.0.1", major: 26 };
  const given = (source: string) => giving(`sources: [{ name: all, interval: 300, ${source} }]`, "26.0.1");
  const to = (release: string, source: string) =>
    planned(release, undefined, given(source), undefined, { target }).plan;
  const meters = 'meters: ["volume.*"]';
  const own = `${meters}, group_id_coordination_expression: "'one'"`;
  expect(to("2026.1", meters)).toMatchObject({ path: "Roll" });
  const apart = to("2026.1", own);
  expect(apart).toMatchObject({ path: "Replace", overlap: false, together: true });
  expect(apart.why).toContain("the polling file divides volume.");
  // New pollsters do not change that of the others.
  expect(to("2025.1", own)).toMatchObject({ path: "Replace", overlap: false });
});

test("what lies beside the files of pollsters, and agents do not read, defines none and hides none", () => {
  const lying = (key: string) => {
    const data = { "own.yaml": "- {name: volume.own}", [key]: "- {name: volume.off, namespaces: [central, compute]" };
    return planned("2025.1", undefined, { files: [aConfigObject("ConfigMap", "pollsters-d", data)] }, dynamic).plan;
  };
  for (const key of ["README.md", "own.yaml.off", ".own.yaml"])
    expect(lying(key), key).toMatchObject({ path: "Isolate" });
  expect(lying("other.yaml").path).toBe("Replace");
});

test("what was written to since old agents started is not what they have: options and files of pollsters, too (I7)", () => {
  const pollsters = { "own.yaml": "- {name: volume.own}" };
  const options = { "ceilometer.conf": "[coordination]\nbackend_url = etcd3://etcd\n" };
  const after = (kind: Parameters<typeof aConfigObject>, seconds: number) => {
    const object = aConfigObject(...kind);
    return { ...object, changedAt: object.metadata.createdAt + seconds * 1000 };
  };
  const volumeMounts = [
    { ...conf, name: "conf" },
    { name: "polling", mountPath: FILE.path, subPath: "polling.yaml" },
    dynamicDirectory,
  ];
  const volumes = ["conf", "polling", "pollsters-d"].map((name, index) => ({
    name: index === 2 ? "dynamic" : name,
    configMap: { name },
  }));
  const command = ["ceilometer-polling", "--polling-namespaces", "central"];
  const image = "registry.example/ceilometer:2026.1";
  const containers = [{ name: "agent", image, command, volumeMounts }];
  const workload = aDeployment({ name: "central", component: "polling", containers, volumes });
  const path = (written: "conf" | "pollsters-d" | "nothing", immutable = false) => {
    const at = (name: string): number => (name === written ? 60 : 0);
    const given = [
      after(["ConfigMap", "conf", options, immutable], at("conf")),
      after(["ConfigMap", "pollsters-d", pollsters, immutable], at("pollsters-d")),
      aConfigObject("ConfigMap", "polling", {
        "polling.yaml": 'sources: [{ name: a, interval: 9, meters: ["volume.*"] }]',
      }),
    ];
    const pods = [aPod(workload)];
    const world = aWorld({ workloads: [workload], files: given, pods });
    const agents = [anAgent(workload, { component: "polling", pods })];
    const plan = assessPolling(world, agents, { name: "26.0.1", major: 26 }, readInputs(world), undefined);
    return plan.plans.get(workload.metadata.uid)?.path;
  };
  expect(path("nothing")).toBe("Roll");
  expect(path("conf")).toBe("Replace");
  expect(path("pollsters-d")).toBe("Replace");
  expect(path("conf", true)).toBe("Roll");
});

test("a derived file that nothing remembers the original of needs people, unless the resource gives a polling file", () => {
  const object = "central-shared-1";
  const volume = { name: FILE.volume, configMap: { name: object } };
  const container = {
    name: "agent",
    image: "registry.example/ceilometer:2025.2",
    volumeMounts: [{ ...whole, name: FILE.volume }],
  };
  const workload = aDeployment({ name: "central", component: "polling", containers: [container], volumes: [volume] });
  const { metadata } = aConfigObject("ConfigMap", object, {});
  const copy = {
    name: object,
    immutable: true,
    digests: new Map<string, string>(),
    metadata,
    purpose: "derived",
  } as const;
  const world = { ...aWorld({ workloads: [workload] }), copies: [copy] };
  const agent = anAgent(workload, { component: "polling" });
  const [found] = forgottenOriginals(world, [agent], TARGET);
  expect(found).toMatchObject({ object: "Deployment/central", reason: "OriginalForgotten", severity: "Error" });

  const mounts = [{ ...FILE, kind: "ConfigMap", object: "ours", key: "polling.yaml" } as const];
  const given = anAgent(workload, { component: "polling", wanted: { ...agent.wanted, mounts } });
  expect(forgottenOriginals(world, [given], TARGET)).toEqual([]);
  const { plan: polling } = planned("2025.1");
  const narrow = { kind: "ConfigMap", object, key: "polling.yaml", digest: "d" } as const;
  const target = aRecordedTarget(workload, { component: "polling", polling: { ...polling, narrow } });
  const remembered = { ...world, records: [aRecord({ targets: [target] })] };
  expect(forgottenOriginals(remembered, [agent], TARGET)).toEqual([]);
});

test("so does one that was derived for a release which reads another file, as long as the target goes by it", () => {
  const object = "central-shared-1";
  const at = {
    name: "ceilometer-upgrade-pipeline",
    mountPath: "/etc/ceilometer/pipeline.yaml",
    subPath: "pipeline.yaml",
  };
  const { metadata } = aConfigObject("ConfigMap", object, {});
  const copy = { name: object, immutable: true, digests: new Map(), metadata, purpose: "derived" } as const;
  const forgotten = (release: string, others: readonly VolumeMount[] = []) => {
    const container = aContainer({ volumeMounts: [at, ...others] });
    const volumes = [{ name: at.name, configMap: { name: object } }];
    const workload = aDeployment({ name: "central", component: "polling", containers: [container], volumes });
    const world = { ...aWorld({ workloads: [workload] }), copies: [copy] };
    const target = parseRelease(release) ?? { name: release, major: 0 };
    return forgottenOriginals(world, [anAgent(workload, { component: "polling" })], target).map(({ remedy }) => remedy);
  };
  expect(forgotten("newton")).toHaveLength(1);
  expect(forgotten("pike")).toEqual([expect.stringContaining("spec.target.config.polling")]);
  expect(forgotten("pike", [{ name: "own", mountPath: FILE.path, subPath: "polling.yaml" }])).toEqual([]);
  expect(forgotten("queens")).toEqual([]);
});

test("of a pipeline.yaml in a Secret only what polling agents go by is copied into a ConfigMap", () => {
  const pipeline = `sources: [{ name: all, interval: 300, meters: ["*"], sinks: [s], note: c4n4ry }]
sinks: [{ name: s, transformers: [], publishers: ["kafka://user:c4n4ry@host:9092?topic=a"] }]
note: c4n4ry
`;
  const secret = aConfigObject("Secret", "pipeline", { "pipeline.yaml": pipeline });
  const mount = { name: "pipeline", mountPath: "/etc/ceilometer/pipeline.yaml", subPath: "pipeline.yaml" };
  const volume = { name: "pipeline", secret: { secretName: "pipeline" } };
  const newton = { name: "newton", major: 7 };
  const more = { files: [secret], operator: { secrets: ["pipeline"] }, upgrade: listing(["brand.new"]) };
  const { plan, copies } = planned("mitaka", undefined, more, { mount, volume }, { target: newton });
  expect(plan).toMatchObject({ path: "Isolate", added: ["brand.new"] });
  expect(copies.map(({ key }) => key)).toEqual(["pipeline.yaml", "pipeline.yaml"]);
  expect(JSON.stringify(copies)).not.toContain("c4n4ry");
});
