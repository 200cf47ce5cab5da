import { expect, test } from "vitest";
import { aContainer, aDeployment, anUpgrade, aWorld, NEW_IMAGE, SPEC } from "../../test/support/builders.ts";
import { parseRelease } from "../model/release.ts";
import { ownLabels } from "./desired/job.ts";
import { findContainer, mountsFor, resolveTargets } from "./targets.ts";

const release = (name: string) => parseRelease(name) ?? { name, major: 0 };
const sidecar = aContainer({ name: "log", command: ["tail"] });

test.each([
  ["named", [aContainer(), sidecar], "log", 1],
  ["named, but not there", [aContainer()], "other", undefined],
  [
    "by its command",
    [sidecar, aContainer({ command: ["kolla_start"], args: ["ceilometer-agent-notification"] })],
    undefined,
    1,
  ],
  ["by its name", [sidecar, aContainer({ name: "ceilometer-notification", command: ["kolla_start"] })], undefined, 1],
  ["the only one", [aContainer({ command: ["kolla_start"] })], undefined, 0],
  ["none of two", [sidecar, aContainer({ name: "x", command: ["kolla_start"] })], undefined, undefined],
  ["of another agent", [sidecar, aContainer({ command: ["ceilometer-polling"] })], undefined, undefined],
] as const)("the container is found: %s", (_, containers, name, index) => {
  expect(findContainer("notification", containers, name)).toBe(index);
});

const file = (key: string) => ({ kind: "ConfigMap", object: `copy-${key}`, key, digest: "d" }) as const;
const files = { pipeline: file("pipeline.yaml"), eventPipeline: file("event.yaml"), polling: file("polling.yaml") };

test.each([
  ["notification", "ocata", ["pipeline.yaml", "event.yaml"]],
  ["polling", "newton", ["pipeline.yaml"]],
  ["polling", "pike", ["polling.yaml", "pipeline.yaml"]],
  ["polling", "queens", ["polling.yaml"]],
  ["collector", "ocata", []],
] as const)("the %s agents of %s read %j", (component, name, keys) => {
  expect(mountsFor(component, files, release(name)).map((mount) => mount.key)).toEqual(keys);
});

test("a definition file has a volume of its own, whichever others are given: one that is given no more stays mounted (M1)", () => {
  const definition = (key: string, object: string) => ({ ...file(key), object, path: `/etc/ceilometer/${key}` });
  const [meters, events] = [definition("meters.yaml", "copy-1"), definition("event_definitions.yaml", "copy-2")];
  const of = (...definitions: readonly (typeof meters)[]) =>
    new Map(
      mountsFor("notification", { definitions: [...definitions] }, release("2025.2")).map((each) => [each.path, each]),
    );
  const first = of(meters, events);
  const next = of(definition("event_definitions.yaml", "copy-3"));
  expect(next.get(events.path)?.volume).toBe(first.get(events.path)?.volume);
  expect(next.get(events.path)?.volume).not.toBe(first.get(meters.path)?.volume);
});

test("a volume of a version before, which has its place in the list for a name, stays where it has a path for itself (M1)", () => {
  const [meters, events] = ["meters.yaml", "event_definitions.yaml"].map((key) => `/etc/ceilometer/${key}`);
  const mount = (mountPath = "", index = 0) => ({ name: `ceilometer-upgrade-definitions-${index}`, mountPath });
  const definitions = [{ ...file("event_definitions.yaml"), path: events ?? "" }];
  const upgrade = anUpgrade();
  const of = (...volumeMounts: readonly ReturnType<typeof mount>[]) => {
    const containers = [aContainer({ image: NEW_IMAGE, volumeMounts })];
    const workloads = [aDeployment({ name: "notification", containers })];
    const { agents } = resolveTargets(aWorld({ upgrade, workloads }), release("ocata"), { definitions }, undefined);
    return agents.notification[0]?.wanted.mounts[0]?.volume;
  };
  expect(of(mount(meters, 0), mount(events, 1))).toBe("ceilometer-upgrade-definitions-1");
  // The file beside it is not in what this one would be given.
  expect(of(mount(meters, 0), mount(events, 0))).toBe(of());
  expect(of({ name: "of-people", mountPath: events ?? "" })).toBe(of());
});

const find = (targets: NonNullable<typeof SPEC.components.notification>["targets"], ...names: readonly string[]) => {
  const upgrade = anUpgrade({ components: { ...SPEC.components, notification: { targets } } });
  const workloads = names.map((name) => aDeployment({ name, labels: { app: "agents" } }));
  return resolveTargets(aWorld({ upgrade, workloads }), release("ocata"), {}, undefined);
};

test("a target is exactly one workload, by name or by labels", () => {
  const bySelector = { kind: "Deployment", selector: { matchLabels: { app: "agents" } } } as const;
  expect(find([{ kind: "Deployment", name: "a" }], "a", "b").agents.notification[0]?.workload.metadata.name).toBe("a");
  expect(find([bySelector], "a").violations).toEqual([]);
  expect(find([bySelector], "a", "b").violations).toMatchObject([{ reason: "TargetAmbiguous" }]);
  expect(find([{ kind: "DaemonSet", name: "a" }], "a").violations).toMatchObject([{ reason: "TargetNotFound" }]);
  expect(find([{ kind: "Deployment", name: "a", container: "x" }], "a").violations).toMatchObject([
    { reason: "ContainerNotFound" },
  ]);
});

test("what the operator has made beside a target is not meant by its labels", () => {
  const labels = { "app.kubernetes.io/name": "ceilometer", "app.kubernetes.io/component": "polling" };
  const polling = {
    targets: [{ kind: "Deployment" as const, selector: { matchLabels: labels } }],
    verification: { podLog: {} },
  };
  const upgrade = anUpgrade({ components: { database: { action: "Skip" }, polling } });
  const central = aDeployment({ name: "central", component: "polling", labels });
  const group = aDeployment({
    name: "central-new-1",
    component: "polling",
    labels: ownLabels(upgrade, "polling", "isolated"),
  });
  const found = resolveTargets(aWorld({ upgrade, workloads: [central, group] }), release("ocata"), {}, undefined);
  expect(found.violations).toEqual([]);
  expect(found.agents.polling.map(({ workload }) => workload.metadata.name)).toEqual(["central"]);
});

test("a component's own image goes before the target's", () => {
  const notification = { targets: [{ kind: "Deployment" as const, name: "a" }], image: "r/own:ocata", replicas: 4 };
  const upgrade = anUpgrade({ components: { ...SPEC.components, notification } });
  const { agents } = resolveTargets(
    aWorld({ upgrade, workloads: [aDeployment({ name: "a" })] }),
    release("ocata"),
    {},
    undefined,
  );
  expect(agents.notification[0]?.wanted).toMatchObject({ image: "r/own:ocata", mounts: [], replicas: 4 });
});
