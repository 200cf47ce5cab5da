/** How long the slowest poll takes, whoever gave the file that the agents poll by. */
import { describe, expect, test } from "vitest";
import {
  aConfigObject,
  aDeployment,
  anAgent,
  anUpgrade,
  aRecord,
  aRecordedTarget,
  aWorld,
  type WorldWords,
} from "../../test/support/builders.ts";
import type { Spec } from "../api/v1alpha1/schema.ts";
import { parseRelease, type Release } from "../model/release.ts";
import { filesWanted } from "./files-wanted.ts";
import { readInputs } from "./inputs.ts";
import { intervalBack, intervalThere } from "./polling-interval.ts";

const release = (name: string): Release => {
  const found = parseRelease(name);
  if (found === undefined) throw new Error(name);
  return found;
};
const polling = (seconds: number) => `sources: [{ name: all, interval: ${seconds}, meters: ["*"] }]`;
const pipeline = (seconds: number) =>
  `sources: [{ name: all, interval: ${seconds}, meters: ["*"], sinks: [all] }]\nsinks: [{ name: all, publishers: ["notifier://"] }]`;
const ETC = "/etc/ceilometer";

/** Agents that mount this object at /etc/ceilometer, whatever they run. */
function agentOf(name: string, object: string) {
  const container = {
    name: "agent",
    image: "registry.example/ceilometer",
    command: ["ceilometer-polling", "--polling-namespaces", "central"],
    volumeMounts: [{ name: "etc", mountPath: ETC }],
  };
  const volumes = [{ name: "etc", configMap: { name: object } }];
  return anAgent(aDeployment({ name, component: "polling", containers: [container], volumes }), {
    component: "polling",
  });
}

const etc = (name: string, files: Readonly<Record<string, string>>) =>
  aConfigObject("ConfigMap", name, { "ceilometer.conf": "[DEFAULT]\n", ...files });

function there(
  to: string,
  files: WorldWords["files"],
  config: Spec["target"]["config"] = {},
  agents = [agentOf("central", "etc")],
) {
  const target = { release: to, image: `registry.example/ceilometer:${to}`, config };
  const world = aWorld({ upgrade: anUpgrade({ target }), ...(files === undefined ? {} : { files }) });
  return intervalThere(world, agents, readInputs(world), release(to));
}

describe("of the new agents it is the longest interval of", () => {
  const given = { kind: "ConfigMap", name: "given", key: "file.yaml" } as const;
  const gives = (text: string) => aConfigObject("ConfigMap", "given", { "file.yaml": text });

  test("the polling.yaml that the resource gives", () => {
    const files = [etc("etc", { "polling.yaml": polling(60) }), gives(polling(1800))];
    expect(there("2025.2", files, { polling: given })).toBe(1800);
  });

  test("the one that they mount, where none is given", () => {
    expect(there("2025.2", [etc("etc", { "polling.yaml": polling(1200) })])).toBe(1200);
  });

  test("the pipeline.yaml of releases that poll by it, given or mounted", () => {
    expect(there("newton", [etc("etc", {}), gives(pipeline(3600))], { pipeline: given })).toBe(3600);
    expect(there("newton", [etc("etc", { "pipeline.yaml": pipeline(1500) })])).toBe(1500);
    expect(there("ocata", [etc("etc", { "pipeline.yaml": pipeline(1500) })])).toBe(1500);
  });

  test("the slowest of several workloads, and what is usual of one that cannot be read", () => {
    const agents = [agentOf("central", "etc"), agentOf("other", "elsewhere")];
    const slow = etc("etc", { "polling.yaml": polling(900) });
    expect(there("2025.2", [slow, etc("elsewhere", { "polling.yaml": polling(30) })], {}, agents)).toBe(900);
    const fast = etc("etc", { "polling.yaml": polling(30) });
    expect(there("2025.2", [fast], {}, agents)).toBe(600);
    expect(there("2025.2", [], {}, [])).toBe(600);
  });
});

test("of agents on a file that an abandoned attempt has derived it is that of the file that comes back", () => {
  const file = { path: `${ETC}/polling.yaml`, volume: "ceilometer-upgrade-polling" };
  const { workload } = agentOf("central", "etc");
  const { containers, volumes = [] } = workload.template.spec;
  const mount = { name: file.volume, mountPath: file.path, subPath: "polling.yaml" };
  const narrowed = aDeployment({
    name: "central",
    component: "polling",
    containers: containers.map((each) => ({ ...each, volumeMounts: [...(each.volumeMounts ?? []), mount] })),
    volumes: [...volumes, { name: file.volume, configMap: { name: "central-shared-1" } }],
  });
  const narrow = { kind: "ConfigMap", object: "central-shared-1", key: "polling.yaml", digest: "1" } as const;
  const why = "new pollsters";
  const plan = { namespaces: ["central"], path: "Isolate", why, overlap: true, file, before: {}, narrow } as const;
  const target = aRecordedTarget(narrowed, { component: "polling", polling: { ...plan, namespaces: ["central"] } });
  // The source with what is new alone is the slow one: the derived file has none of it.
  const files = [
    etc("etc", { "polling.yaml": polling(3600) }),
    aConfigObject("ConfigMap", narrow.object, { "polling.yaml": polling(60) }),
  ];
  const world = aWorld({ files, records: [aRecord({ targets: [target] })] });
  const agents = [anAgent(narrowed, { component: "polling" })];
  expect(intervalThere(world, agents, readInputs(world), release("2025.2"))).toBe(3600);
});

describe("of the old agents on a way back", () => {
  function back(files: WorldWords["files"], more: Parameters<typeof aRecordedTarget>[1] = {}) {
    const agent = agentOf("central", "etc");
    const world = aWorld(files === undefined ? {} : { files });
    const original = aRecordedTarget(agent.workload, { component: "polling", release: "2025.1", ...more });
    return intervalBack(world, [agent], [original], 1000);
  }
  const before = [
    {
      path: `${ETC}/polling.yaml`,
      volume: "was",
      before: {
        mount: { name: "was", mountPath: `${ETC}/polling.yaml`, subPath: "polling.yaml" },
        volume: { name: "was", configMap: { name: "old" } },
      },
    },
  ];

  test("it is that of the file that comes back, or stays", () => {
    const now = etc("etc", { "polling.yaml": polling(60) });
    expect(back([now])).toBe(60);
    expect(back([now, etc("old", { "polling.yaml": polling(3600) })], { before })).toBe(3600);
  });

  test("it is no shorter than that of the new ones where that file cannot be read", () => {
    expect(back([])).toBe(1000);
    expect(back([etc("etc", { "polling.yaml": polling(60) })], { before })).toBe(1000);
  });
});

test("what polling agents mount is read in a full upgrade, too, unless a time-out or a Job makes it no matter", () => {
  const wanted = (verification: object) => {
    const components = {
      database: { action: "Skip" as const },
      polling: { targets: [{ kind: "Deployment" as const, name: "central" }], verification },
    };
    const settings = { imagesAllowed: [], podLogs: true, secrets: [], providers: [] };
    return filesWanted(anUpgrade({ components }), [agentOf("central", "etc").workload], settings, []);
  };
  expect(wanted({ podLog: {} })).toEqual([{ kind: "ConfigMap", name: "etc" }]);
  expect(wanted({ podLog: {}, timeoutSeconds: 60 })).toEqual([]);
  expect(wanted({ job: { kind: "Job", name: "look" } })).toEqual([]);
});
