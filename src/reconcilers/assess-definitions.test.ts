/** Where definition files go: where the agents have one of that name, else where the release reads what is in them. */
import { expect, test } from "vitest";
import { aConfigObject, aContainer, aDeployment, anAgent, anUpgrade, aWorld } from "../../test/support/builders.ts";
import type { Volume, VolumeMount } from "../model/pod-template.ts";
import { parseRelease } from "../model/release.ts";
import { definitionFiles } from "./assess-definitions.ts";
import { readInputs } from "./inputs.ts";

const METERS = "metric: [{name: a, event_type: x, type: gauge, unit: u, volume: v, resource_id: r}]\n";
const EVENTS = "- event_type: compute.instance.*\n  traits: {}\n";
const EVENTS_PATH = "/etc/ceilometer/event_definitions.yaml";

function pathOf(
  key: string,
  text: string,
  volumeMounts: readonly VolumeMount[],
  volumes: readonly Volume[],
  [from, to]: readonly [string, string] = ["2025.1", "2025.2"],
) {
  const files = [
    aConfigObject("ConfigMap", "given", { [key]: text }),
    aConfigObject("ConfigMap", "meters", { "meters.yaml": METERS }),
    aConfigObject("ConfigMap", "etc", { "event_definitions.yaml": EVENTS }),
  ];
  const definitions = [{ kind: "ConfigMap" as const, name: "given", key }];
  const target = { release: to, image: `registry.example/ceilometer:${to}`, config: { definitions } };
  const init = { name: "init", image: "registry.example/init", volumeMounts };
  const workload = aDeployment({ name: "notification", image: `registry.example/ceilometer:${from}`, volumes });
  const { template } = workload;
  const container = aContainer({ image: `registry.example/ceilometer:${from}`, volumeMounts });
  const spec = { ...template.spec, containers: [container], initContainers: [init] };
  const world = aWorld({ upgrade: anUpgrade({ target }), files });
  const notification = [anAgent({ ...workload, template: { ...template, spec } }, { container })];
  const release = parseRelease(to) ?? { name: to, major: 0 };
  return definitionFiles(world, { notification, collector: [] }, release, readInputs(world))[0]?.path;
}

const directory = { name: "meters", mountPath: "/etc/ceilometer/meters.d" };
const meters = { name: "meters", configMap: { name: "meters" } };

test("a directory with files of other names is no place of a file, unless it is read there", () => {
  expect(pathOf("event_definitions.yaml", EVENTS, [directory], [meters])).toBe(EVENTS_PATH);
  expect(pathOf("meters.yaml", METERS, [directory], [meters])).toBe("/etc/ceilometer/meters.d/meters.yaml");
  // What kind it is its content says.
  expect(pathOf("more.yaml", METERS, [directory], [meters])).toBe("/etc/ceilometer/meters.d/more.yaml");
});

test("what cannot be seen is no place either: one that can be comes before it, and else that which the release reads", () => {
  const rendered = { name: "rendered", mountPath: "/etc/ceilometer" };
  const volumes = [
    { name: "rendered", emptyDir: {} },
    { name: "etc", configMap: { name: "etc" } },
  ];
  expect(pathOf("event_definitions.yaml", EVENTS, [rendered], volumes)).toBe(EVENTS_PATH);
  expect(pathOf("meters.yaml", METERS, [rendered], volumes)).toBe("/etc/ceilometer/meters.d/meters.yaml");
  const over = { name: "etc", mountPath: EVENTS_PATH, subPath: "event_definitions.yaml" };
  expect(pathOf("event_definitions.yaml", EVENTS, [rendered, over], volumes)).toBe(EVENTS_PATH);
});

test("meters go where agents of the target read them, wherever those of before did", () => {
  const single = { name: "meters", mountPath: "/etc/ceilometer/meters.yaml", subPath: "meters.yaml" };
  const place = (mounts: readonly VolumeMount[], ...pair: [string, string]) =>
    pathOf("meters.yaml", METERS, mounts, [meters], pair);
  expect(place([single], "newton", "ocata")).toBe("/etc/ceilometer/meters.yaml");
  expect(place([], "newton", "ocata")).toBe("/etc/ceilometer/meters.yaml");
  expect(place([single], "ocata", "pike")).toBe("/etc/ceilometer/meters.d/meters.yaml");
  expect(place([], "ocata", "pike")).toBe("/etc/ceilometer/meters.d/meters.yaml");
});
