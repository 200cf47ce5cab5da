import { expect, it } from "vitest";
import { openArchive } from "./audit-files.ts";
import { podFact } from "./pod-fact.ts";

const container = (volumeMounts: unknown) => ({
  name: "agent",
  image: "i",
  command: ["a"],
  args: ["b", "c"],
  volumeMounts,
});
const pod = (mounts: unknown, volumes: unknown, status: unknown = {}) =>
  podFact.parse({ metadata: { uid: "u", name: "n" }, spec: { containers: [container(mounts)], volumes }, status });

/** What the container finds, when the objects hold one file each beside a common one. */
function found(mounts: unknown, volumes: unknown): Readonly<Record<string, string>> {
  const archive = openArchive();
  for (const kind of ["ConfigMap", "Secret"] as const)
    archive.hear("ADDED", { uid: kind, kind, name: "etc", data: { common: kind, [`of-${kind}`]: "own" } });
  const parsed = pod(mounts, volumes);
  const [first] = parsed.containers;
  return first === undefined ? {} : Object.fromEntries(archive.filesOf(parsed, first));
}

it("a directory, one key of it, and keys under other names", () => {
  const volumes = [
    { name: "all", configMap: { name: "etc" } },
    { name: "some", secret: { secretName: "etc", items: [{ key: "common", path: "deep/file" }] } },
    { name: "none", emptyDir: {} },
  ];
  const mounts = [
    { name: "some", mountPath: "/etc/some/" },
    { name: "some", mountPath: "/below", subPath: "deep" },
    { name: "all", mountPath: "/etc/one", subPath: "common" },
    { name: "all", mountPath: "/etc/absent", subPath: "absent" },
    { name: "none", mountPath: "/tmp" },
  ];
  expect(found(mounts, volumes)).toEqual({
    "/etc/one": "ConfigMap",
    "/etc/some/deep/file": "Secret",
    "/below/file": "Secret",
  });
});

it("several objects in one volume, and a mount that covers what another one brings", () => {
  const sources = [
    { configMap: { name: "etc" } },
    { secret: { name: "etc", items: [{ key: "of-Secret", path: "x" }] } },
  ];
  const volumes = [
    { name: "both", projected: { sources } },
    { name: "one", secret: { secretName: "etc" } },
  ];
  const mounts = [
    { name: "one", mountPath: "/etc/common", subPath: "common" },
    { name: "both", mountPath: "/etc" },
  ];
  expect(found(mounts, volumes)).toEqual({ "/etc/common": "Secret", "/etc/of-ConfigMap": "own", "/etc/x": "own" });
});

it("what was there when it started, not what came later", () => {
  const archive = openArchive();
  const tell = (change: "ADDED" | "MODIFIED" | "DELETED", key: string) =>
    archive.hear(change, { uid: "c", kind: "ConfigMap", name: "etc", data: { key } });
  const parsed = pod([{ name: "v", mountPath: "/etc" }], [{ name: "v", configMap: { name: "etc" } }]);
  const files = () => parsed.containers.map((one) => archive.filesOf(parsed, one).get("/etc/key"));
  tell("ADDED", "first");
  const early = files();
  tell("MODIFIED", "second");
  expect([early, files()]).toEqual([["first"], ["second"]]);
  tell("DELETED", "second");
  expect(files()).toEqual([undefined]);
});

it.each([
  [0, {}],
  [0, { containerStatuses: [{ name: "agent", restartCount: 0, state: { waiting: { reason: "ContainerCreating" } } }] }],
  [1, { containerStatuses: [{ name: "agent", restartCount: 0, state: { running: {} } }] }],
  [1, { containerStatuses: [{ name: "agent", restartCount: 0, state: { terminated: {} } }] }],
  [
    3,
    { containerStatuses: [{ name: "agent", restartCount: 2, state: { waiting: {} }, lastState: { terminated: {} } }] },
  ],
])("a container has been started %i times", (starts, status) => {
  expect(pod([], [], status).containers).toMatchObject([{ command: "a b c", starts }]);
});
