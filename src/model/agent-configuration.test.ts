import { describe, expect, it } from "vitest";
import { growth } from "../../test/support/growth.ts";
import { type AgentConfiguration, readAgentConfiguration } from "./agent-configuration.ts";
import type { AgentFile } from "./agent-file.ts";
import { digestText } from "./digest.ts";
import type { ConfigObject, Seen } from "./observation.ts";
import type { Container, PodTemplate, Volume } from "./pod-template.ts";
import { parseRelease, type Release } from "./release.ts";

const release = (name: string): Release => {
  const parsed = parseRelease(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};

const METADATA = {
  name: "ceilometer-etc",
  namespace: "openstack",
  uid: "u",
  resourceVersion: "1",
  generation: 1,
  labels: {},
  annotations: {},
  createdAt: 0,
  finalizers: [],
  managers: [],
};
const present = (
  kind: "ConfigMap" | "Secret",
  data: Readonly<Record<string, string | undefined>>,
  immutable = false,
): Seen<ConfigObject> => ({
  seen: "present",
  value: { kind, metadata: METADATA, immutable, changedAt: 0, data: new Map(Object.entries(data)) },
});

const FILES = ["ceilometer.conf", "pipeline.yaml", "event_pipeline.yaml", "polling.yaml"];
const DIRECT = ["ceilometer-agent-notification", "--config-file", "/etc/ceilometer/ceilometer.conf"];

interface World {
  readonly conf?: string;
  readonly data?: Readonly<Record<string, string | undefined>>;
  readonly etc?: Seen<ConfigObject>;
  readonly release?: string;
  readonly container?: Partial<Container>;
  readonly volumes?: readonly Volume[];
}

/** As openstack-helm has it: everything in one Secret, mounted by subPath. */
function read(world: World = {}): AgentConfiguration {
  const mounted = FILES.filter((file) => world.data === undefined || file === "ceilometer.conf" || file in world.data);
  const container: Container = {
    name: "ceilometer-notification",
    image: "i",
    command: DIRECT,
    volumeMounts: mounted.map((file) => ({ name: "etc", mountPath: `/etc/ceilometer/${file}`, subPath: file })),
    ...world.container,
  };
  const template: PodTemplate = {
    labels: {},
    annotations: {},
    spec: {
      containers: [container],
      volumes: world.volumes ?? [{ name: "etc", secret: { secretName: "ceilometer-etc" } }],
    },
  };
  const data = { "pipeline.yaml": "P", "event_pipeline.yaml": "E", "polling.yaml": "O", ...world.data };
  const etc = world.etc ?? present("Secret", { "ceilometer.conf": world.conf ?? "[DEFAULT]\n", ...data });
  return readAgentConfiguration({
    template,
    container,
    component: "notification",
    release: release(world.release ?? "2025.1"),
    objects: new Map([["Secret/ceilometer-etc", etc]]),
  });
}

const fileText = (file: AgentFile): string => {
  if (file.state === "read") return file.text;
  return file.state === "packaged" ? "packaged" : `${file.state}: ${file.why}`;
};
const containing = (text: string): unknown => expect.stringContaining(text);
const unknown = (why: string) => ({ kind: "unknown", why: containing(why) });

describe("options of an agent", () => {
  it("are the defaults where a readable configuration does not set them", () => {
    const configuration = read({ release: "pike" });
    expect(configuration).toMatchObject({
      workloadPartitioning: { kind: "known", value: false },
      processingQueues: { kind: "known", value: 10 },
      coordinated: { kind: "known", value: false },
      groupPrefix: { kind: "known", value: undefined },
      telemetrySecret: { kind: "known", value: digestText("change this for valid signing") },
      instanceDiscovery: { kind: "known", value: "libvirt_metadata" },
      pollstersDefinitionsDirs: { kind: "known", value: [] },
      partitioned: false,
      unknowns: [],
    });
  });

  it("are read from the configuration, and no URL or secret is kept", () => {
    const conf = `[DEFAULT]
pollsters_definitions_dirs = /a
pollsters_definitions_dirs = /b
[coordination]
backend_url = redis://:hunter2@redis
[notification]
workload_partitioning = Yes
pipeline_processing_queues = 20
[polling]
partitioning_group_prefix = blue
pollsters_definitions_dirs = /never/read
[publisher_rpc]
metering_secret = hunter2
`;
    expect(read({ conf, release: "rocky" })).toMatchObject({
      workloadPartitioning: { value: true },
      processingQueues: { value: 20 },
      coordinated: { value: true },
      groupPrefix: { value: "blue" },
      telemetrySecret: { value: digestText("hunter2") },
      partitioned: true,
    });
    expect(read({ conf, release: "ussuri" }).pollstersDefinitionsDirs).toEqual({ kind: "known", value: ["/a", "/b"] });
    const many = `[DEFAULT]\n${"pollsters_definitions_dirs = /a\n".repeat(2000)}`;
    expect(read({ conf: many, release: "ussuri" }).pollstersDefinitionsDirs).toMatchObject({ kind: "unknown" });
    expect(JSON.stringify(read({ conf, release: "rocky" }))).not.toContain("hunter2");
  });

  it("of the releases without internal queues do not partition, whatever stands there", () => {
    const conf = "[notification]\nworkload_partitioning = true\npipeline_processing_queues = 3\n";
    expect(read({ conf, release: "rocky" }).partitioned).toBe(true);
    expect(read({ conf, release: "stein" })).toMatchObject({ partitioned: false, processingQueues: { value: 0 } });
  });

  it("have older names in Liberty", () => {
    const conf = "[central]\npartitioning_group_prefix = old\n";
    expect(read({ conf, release: "liberty" })).toMatchObject({
      groupPrefix: { value: "old" },
      instanceDiscovery: { value: undefined },
    });
  });

  it("are unknown where an agent would not start with them, or where they refer to another option", () => {
    const conf = "[notification]\nworkload_partitioning = maybe\npipeline_processing_queues = 0\n";
    const configuration = read({ conf, release: "pike" });
    expect(configuration.partitioned).toBe("unknown");
    expect(configuration.processingQueues).toEqual(unknown("no agent starts"));
    expect(read({ conf: "[polling]\npartitioning_group_prefix = $host\n" }).groupPrefix).toEqual(unknown("refers"));
  });

  it.each<[string, Seen<ConfigObject>, string]>([
    ["cannot be read", { seen: "unreadable", why: "forbidden" }, "could not be read: forbidden"],
    ["does not exist", { seen: "absent" }, "does not exist"],
    ["has no such key", present("Secret", {}), "has no key ceilometer.conf"],
    ["is too large", present("Secret", { "ceilometer.conf": undefined }), "too large"],
    ["is broken", present("Secret", { "ceilometer.conf": "[DEFAULT]\nhunter2\n" }), "line 2: No ':' or '=' found"],
  ])("are unknown where their object %s, and never default", (_what, etc, why) => {
    const configuration = read({ etc, release: "pike" });
    expect(configuration).toMatchObject({
      partitioned: "unknown",
      processingQueues: unknown(why),
      coordinated: unknown(why),
      groupPrefix: unknown(why),
      telemetrySecret: unknown(why),
      pollingNamespaces: unknown(why),
    });
    expect(configuration.unknowns).toContainEqual({ what: "options", why: containing(why) });
    expect(JSON.stringify(configuration)).not.toContain("hunter2");
  });

  it("are unknown where the image alone could have a configuration", () => {
    const configuration = read({ container: { volumeMounts: [] }, release: "pike" });
    expect(configuration.partitioned).toBe("unknown");
    expect(configuration.groupPrefix).toEqual(unknown("the image's own file"));
  });

  it("are known where a file that is read later sets them", () => {
    const volumeMounts = [
      { name: "host", mountPath: "/etc/base.conf" },
      { name: "etc", mountPath: "/etc/ceilometer/ceilometer.conf", subPath: "ceilometer.conf" },
    ];
    const volumes: readonly Volume[] = [
      { name: "etc", secret: { secretName: "ceilometer-etc" } },
      { name: "host", hostPath: { path: "/base.conf" } },
    ];
    const conf = "[notification]\nworkload_partitioning = true\n";
    const order = (...files: readonly string[]) => ({
      volumeMounts,
      command: ["ceilometer-agent-notification", ...files.flatMap((file) => ["--config-file", file])],
    });
    const base = { conf, release: "pike", volumes };
    const after = read({ ...base, container: order("/etc/base.conf", "/etc/ceilometer/ceilometer.conf") });
    expect(after).toMatchObject({ partitioned: true, processingQueues: unknown("hostPath") });
    const before = read({ ...base, container: order("/etc/ceilometer/ceilometer.conf", "/etc/base.conf") });
    expect(before.partitioned).toBe("unknown");
  });

  it("come from snippets of a directory, which win over the file before them", () => {
    const volumeMounts = [
      { name: "etc", mountPath: "/etc/ceilometer/ceilometer.conf", subPath: "ceilometer.conf" },
      { name: "etc", mountPath: "/etc/ceilometer/ceilometer.conf.d" },
    ];
    const data = {
      "b.conf": "[polling]\npartitioning_group_prefix = b\n",
      "a.conf": "[polling]\npartitioning_group_prefix = a\n",
    };
    const conf = "[polling]\npartitioning_group_prefix = main\n";
    const flag = ["--config-dir", "/etc/ceilometer/ceilometer.conf.d"];
    const etc = present("Secret", { ...data, "ceilometer.conf": conf });
    const given = read({ etc, container: { volumeMounts, command: [...DIRECT, ...flag] } });
    // The Secret's own ceilometer.conf stands in that directory as well, as the last by name.
    expect(given.groupPrefix).toEqual({ kind: "known", value: "main" });
    const items = ["a.conf", "b.conf"].map((key) => ({ key, path: key }));
    const volumes: readonly Volume[] = [
      { name: "etc", secret: { secretName: "ceilometer-etc" } },
      { name: "snippets", secret: { secretName: "ceilometer-etc", items } },
    ];
    const mounts = [...volumeMounts.slice(0, 1), { name: "snippets", mountPath: "/etc/ceilometer/ceilometer.conf.d" }];
    const prefix = (command: readonly string[]) =>
      read({ etc, volumes, container: { volumeMounts: mounts, command } }).groupPrefix;
    expect(prefix([...DIRECT, ...flag])).toEqual({ kind: "known", value: "b" });
    // Without --config-dir the directory is read all the same, but before the file.
    expect(prefix(DIRECT)).toEqual({ kind: "known", value: "main" });
  });
});

describe("the environment", () => {
  const NAME = "OS_POLLING__PARTITIONING_GROUP_PREFIX";
  const conf = "[polling]\npartitioning_group_prefix = file\n";
  const prefix = (name: string, container: Partial<Container>, etc?: Seen<ConfigObject>) =>
    read({ conf, release: name, container, ...(etc === undefined ? {} : { etc }) }).groupPrefix;

  it("wins over files from Stein on", () => {
    const env = [{ name: NAME, value: "env" }];
    expect(prefix("rocky", { env })).toEqual({ kind: "known", value: "file" });
    expect(prefix("stein", { env })).toEqual({ kind: "known", value: "env" });
    expect(prefix("stein", { env }, { seen: "unreadable", why: "forbidden" })).toEqual({ kind: "known", value: "env" });
  });

  it("is unknown where its value stands elsewhere", () => {
    const valueFrom = { configMapKeyRef: { name: "x", key: "y" } };
    expect(prefix("stein", { env: [{ name: NAME, valueFrom }] })).toEqual(unknown("valueFrom"));
    expect(prefix("stein", { env: [{ name: NAME, value: "$(HOST)" }] })).toEqual(unknown("another variable"));
    const envFrom = [{ configMapRef: { name: "x" } }];
    expect(prefix("stein", { envFrom })).toEqual(unknown("envFrom"));
    expect(prefix("rocky", { envFrom })).toEqual({ kind: "known", value: "file" });
    expect(prefix("stein", { envFrom, env: [{ name: NAME, value: "env" }] })).toEqual({ kind: "known", value: "env" });
  });
});

describe("files of an agent", () => {
  it("are those of the objects, immutable if their object is", () => {
    const configuration = read();
    expect([configuration.pipeline, configuration.eventPipeline, configuration.polling].map(fileText)).toEqual([
      "P",
      "E",
      "O",
    ]);
    expect(configuration.pipeline.immutable).toBe(false);
    const etc = present("Secret", { "ceilometer.conf": "", "pipeline.yaml": "P" }, true);
    expect(read({ etc }).pipeline).toMatchObject({ immutable: true, state: "read", text: "P" });
  });

  it("are packaged where nothing brings a pipeline, and missing where nothing brings polling.yaml", () => {
    const configuration = read({ data: {} });
    expect(fileText(configuration.pipeline)).toBe("packaged");
    expect(fileText(configuration.eventPipeline)).toBe("packaged");
    expect(fileText(configuration.polling)).toBe("missing: no volume brings polling.yaml");
    expect(configuration.unknowns).toEqual([{ what: "polling", why: "no volume brings polling.yaml" }]);
  });

  it("are unknown where a mounted key is missing, or a named path is the image's own", () => {
    expect(fileText(read({ etc: present("Secret", { "ceilometer.conf": "" }) }).pipeline)).toBe(
      "unknown: Secret/ceilometer-etc has no key pipeline.yaml",
    );
    const conf = "[DEFAULT]\npipeline_cfg_file = /opt/pipeline.yaml\n";
    expect(fileText(read({ conf }).pipeline)).toBe("unknown: no volume brings /opt/pipeline.yaml");
    expect(fileText(read({ etc: { seen: "absent" } }).pipeline)).toMatch(/^unknown: .*does not exist/);
  });

  it("are packaged where an object that is mounted as directory has no such key", () => {
    const etc = present("Secret", { "ceilometer.conf": "" });
    const configuration = read({ etc, container: { volumeMounts: [{ name: "etc", mountPath: "/etc/ceilometer" }] } });
    expect(fileText(configuration.pipeline)).toBe("packaged");
    expect(configuration.partitioned).toBe(false);
  });

  it("are looked for beside the last configuration file first, and then in /etc/ceilometer", () => {
    const mount = (path: string, subPath: string) => ({ name: "etc", mountPath: path, subPath });
    const container = {
      command: ["ceilometer-agent-notification", "--config-file", "/a/c.conf", "--config-file", "/b/c.conf"],
      volumeMounts: [
        mount("/a/c.conf", "ceilometer.conf"),
        mount("/b/c.conf", "ceilometer.conf"),
        mount("/a/pipeline.yaml", "pipeline.yaml"),
        mount("/b/pipeline.yaml", "polling.yaml"),
        mount("/etc/ceilometer/event_pipeline.yaml", "event_pipeline.yaml"),
      ],
    };
    const configuration = read({ container });
    expect(fileText(configuration.pipeline)).toBe("O");
    expect(fileText(configuration.eventPipeline)).toBe("E");
  });

  it("are named differently by release", () => {
    const polling = (name: string, data?: World["data"]) =>
      fileText(read({ release: name, ...(data === undefined ? {} : { data }) }).polling);
    expect(polling("newton")).toBe("P");
    expect(polling("ocata")).toBe("O");
    expect(polling("pike", { "pipeline.yaml": "P" })).toBe("P");
    expect(polling("queens", { "pipeline.yaml": "P" })).toMatch(/^missing/);
    const conf = "[polling]\ncfg_file = event_pipeline.yaml\n";
    expect(fileText(read({ conf, release: "ocata" }).polling)).toBe("E");
    expect(fileText(read({ conf, release: "newton" }).polling)).toBe("P");
  });
});

describe("polling namespaces", () => {
  const namespaces = (world: World) => read(world).pollingNamespaces;
  const value = (...names: readonly string[]) => ({ kind: "known", value: names });

  it("come from the command line, else the configuration, else the default", () => {
    const conf = "[DEFAULT]\npolling_namespaces = central,ipmi\n";
    const command = ["ceilometer-polling", "--config-file", "/etc/ceilometer/ceilometer.conf"];
    const flag = ["--polling-namespaces", "compute"];
    expect(namespaces({ conf, container: { command: [...command, ...flag] } })).toEqual(value("compute"));
    expect(namespaces({ conf, container: { command } })).toEqual(value("central", "ipmi"));
    expect(namespaces({ container: { command, name: "ceilometer-ipmi" } })).toEqual(value("compute", "central"));
  });

  it("come from the name of a wrapper that cannot be read", () => {
    const command = ["/tmp/ceilometer-compute.sh"];
    expect(namespaces({ container: { command } })).toEqual(value("compute"));
    expect(namespaces({ container: { command: ["/start"], name: "agent" } })).toEqual(unknown("start script"));
  });
});

describe("an agent of kolla's image", () => {
  const kolla = (volumeMounts: Container["volumeMounts"]) =>
    read({
      volumes: [{ name: "config-data", secret: { secretName: "ceilometer-etc" } }],
      container: {
        name: "ceilometer-central-agent",
        command: ["/bin/bash"],
        args: ["-c", "/usr/local/bin/kolla_start"],
        ...(volumeMounts === undefined ? {} : { volumeMounts }),
      },
    });

  it("has an unknown configuration, but a namespace by its name", () => {
    const configuration = kolla([{ name: "config-data", mountPath: "/var/lib/openstack/config" }]);
    expect(configuration.command).toMatchObject({ form: "kolla", wrapper: true, assumed: true });
    expect(configuration.pollingNamespaces).toEqual({ kind: "known", value: ["central"] });
    expect(configuration.groupPrefix).toEqual(unknown("kolla_start"));
    expect(fileText(configuration.pipeline)).toMatch(/^unknown: kolla_start/);
    expect(fileText(configuration.polling)).toMatch(/^unknown: kolla_start/);
  });
});

describe("an environment of a megabyte", () => {
  const environment = (count: number) => [
    { name: "OS_POLLING__PARTITIONING_GROUP_PREFIX", value: "first" },
    ...Array.from({ length: count }, (_, index) => ({ name: `E${index}`, value: "" })),
    { name: "OS_POLLING__PARTITIONING_GROUP_PREFIX", value: "last" },
  ];
  const prefixIn = (env: ReturnType<typeof environment>) => read({ release: "2025.1", container: { env } }).groupPrefix;

  it("is gone through once, whatever is asked of it; of one that stands there twice the last counts", () => {
    expect(prefixIn(environment(10))).toEqual({ kind: "known", value: "last" });
    const asked = growth(
      { from: 1, times: 32 },
      (turns) => ({ turns, env: environment(20_000) }),
      ({ turns, env }) => {
        for (let turn = 0; turn < turns; turn += 1) prefixIn(env);
      },
    );
    expect(asked).toBeLessThan(6);
  });
});
