/** The operator understands the configuration of the repository's own examples: each agent's options, files and namespaces. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { parseTemplate } from "../../src/controllers/ceilometer-upgrade/views/template.ts";
import { type AgentConfiguration, readAgentConfiguration } from "../../src/model/agent-configuration.ts";
import { objectsMounted } from "../../src/model/agent-files.ts";
import type { AgentComponent } from "../../src/model/component.ts";
import { loadedPipelines } from "../../src/model/loaded-pipelines.ts";
import type { ConfigObject, Seen } from "../../src/model/observation.ts";
import { releaseOfImage } from "../../src/model/release.ts";

const texts = z.record(z.string(), z.string()).optional();
const manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  data: texts,
  stringData: texts,
  spec: z.looseObject({ template: z.unknown().optional() }).optional(),
});

const METADATA = { namespace: "", uid: "", resourceVersion: "", generation: 1, labels: {}, annotations: {} };

function configurationsOf(example: string): ReadonlyMap<string, AgentConfiguration> {
  const yaml = readFileSync(`examples/${example}/ceilometer.yaml`, "utf8");
  const manifests = parseAllDocuments(yaml).map((document) => manifest.parse(document.toJS()));
  const objects = new Map<string, Seen<ConfigObject>>();
  for (const { kind, metadata, data, stringData } of manifests) {
    if (kind !== "ConfigMap" && kind !== "Secret") continue;
    const meta = { ...METADATA, name: metadata.name, createdAt: 0, finalizers: [], managers: [] };
    const value: ConfigObject = {
      kind,
      metadata: meta,
      immutable: false,
      changedAt: 0,
      data: new Map(Object.entries({ ...data, ...stringData })),
    };
    objects.set(`${kind}/${metadata.name}`, { seen: "present", value });
  }
  const found = new Map<string, AgentConfiguration>();
  for (const { metadata, spec } of manifests) {
    const component = metadata.labels?.["component"];
    if (spec?.template === undefined || component === undefined) continue;
    const template = parseTemplate(JSON.stringify(spec.template));
    const container = template.spec.containers.find(({ name }) => name === metadata.name);
    const release = releaseOfImage(container?.image ?? "");
    if (container === undefined || release === undefined) throw new Error(`${metadata.name} has no agent`);
    const agent: AgentComponent =
      component === "collector" || component === "notification" || component === "api" ? component : "polling";
    const names = objectsMounted(template, container).map(({ kind, name }) => `${kind}/${name}`);
    const mounted = new Map([...objects].filter(([name]) => names.includes(name)));
    const view = { template, container, component: agent, release, objects: mounted };
    found.set(component, readAgentConfiguration(view));
  }
  return found;
}

const known = (value: unknown) => ({ kind: "known", value });

describe.each([
  ["classic", { central: ["central"], compute: ["compute"] }, "script"],
  ["modern", { central: ["central"], compute: ["compute"], ipmi: ["ipmi"] }, "direct"],
  ["statefulset", { central: ["central"], compute: ["compute"] }, "direct"],
] as const)("the %s example", (example, namespaces, form) => {
  const configurations = configurationsOf(example);

  test("has agents of which everything is known", () => {
    expect(configurations.size).toBeGreaterThan(2);
    for (const configuration of configurations.values()) {
      expect(configuration.unknowns).toEqual([]);
      expect(configuration.command).toMatchObject({ form, assumed: false });
      expect(configuration.coordinated).toEqual(known(true));
      expect(configuration.pipeline.state).toBe("read");
      expect(configuration.polling.state).toBe("read");
    }
  });

  test("has polling agents of these namespaces", () => {
    for (const [component, names] of Object.entries(namespaces)) {
      expect(configurations.get(component)?.pollingNamespaces).toEqual(known(names));
    }
  });

  test("has notification agents without partitioning, whose pipelines stand in a Secret that may change", () => {
    const notification = configurations.get("notification");
    if (notification === undefined) throw new Error("there is none");
    expect(notification.partitioned).toBe(false);
    const { side, unknowns } = loadedPipelines(notification);
    expect(side?.pipeline.sources.length).toBeGreaterThan(0);
    expect(unknowns.map(({ why }) => why)).toEqual([
      expect.stringContaining("Secret/ceilometer-etc is mutable"),
      expect.stringContaining("Secret/ceilometer-etc is mutable"),
    ]);
  });
});

describe.each([
  ["no-new-pollsters", { central: ["central"], compute: ["compute"], ipmi: ["ipmi"] }],
  ["new-pollsters", { central: ["central"], compute: ["compute"] }],
  ["per-host-pollsters", { central: ["central"], compute: ["compute"] }],
  ["ipmi-pollsters", { ipmi: ["ipmi"] }],
] as const)("the %s example, whose passwords are in the environment", (example, namespaces) => {
  const configurations = configurationsOf(example);

  test("has agents of which everything is known, though no Secret may be read", () => {
    expect([...configurations.keys()].toSorted()).toEqual([...Object.keys(namespaces), "notification"].toSorted());
    for (const [component, configuration] of configurations) {
      // What is not asked of an agent of its kind: the secret that samples are signed with, and the others' files.
      const foreign = component === "notification" ? ["polling"] : ["pipeline", "eventPipeline"];
      const unknown = configuration.unknowns.map(({ what }) => what);
      expect(unknown.filter((what) => what !== "telemetrySecret" && !foreign.includes(what))).toEqual([]);
      expect(configuration.command).toMatchObject({ form: "direct", assumed: false });
      expect(configuration.coordinated).toEqual(known(true));
      const file = component === "notification" ? configuration.pipeline : configuration.polling;
      expect(file.state).toBe("read");
    }
  });

  test("has polling agents of these namespaces", () => {
    for (const [component, names] of Object.entries(namespaces)) {
      expect(configurations.get(component)?.pollingNamespaces).toEqual(known(names));
    }
  });
});
