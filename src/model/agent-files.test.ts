import { describe, expect, it } from "vitest";
import { fileAt, filesIn, objectsMounted } from "./agent-files.ts";
import type { Container, PodTemplate, Volume, VolumeMount } from "./pod-template.ts";

const VOLUMES: readonly Volume[] = [
  { name: "etc", secret: { secretName: "ceilometer-etc" } },
  { name: "one", configMap: { name: "one", items: [{ key: "pipe", path: "sub/pipeline.yaml" }] } },
  {
    name: "both",
    projected: {
      sources: [
        { configMap: { name: "conf", items: [{ key: "a", path: "a.conf" }] } },
        { secret: { name: "hidden", items: [{ key: "b", path: "b.conf" }] } },
        { serviceAccountToken: { path: "token" } },
      ],
    },
  },
  { name: "open", projected: { sources: [{ configMap: { name: "c1" } }, { configMap: { name: "c2" } }] } },
  { name: "scratch", emptyDir: {} },
  { name: "shared", emptyDir: {} },
  { name: "host", hostPath: { path: "/etc/ceilometer" } },
];

const template = (mounts: readonly VolumeMount[]): { template: PodTemplate; container: Container } => {
  const container = { name: "agent", image: "i", volumeMounts: mounts };
  const init = { name: "init", image: "i", volumeMounts: [{ name: "shared", mountPath: "/out" }] };
  return {
    container,
    template: {
      labels: {},
      annotations: {},
      spec: { containers: [container], initContainers: [init], volumes: VOLUMES },
    },
  };
};
const at = (path: string, ...mounts: readonly VolumeMount[]): string => {
  const made = template(mounts);
  const source = fileAt(made.template, made.container, path);
  if (source.kind === "object")
    return `${source.object}/${source.name} ${source.key}${source.subPath ? " by subPath" : ""}`;
  return "why" in source ? `${source.kind}: ${source.why}` : source.kind;
};

const PATH = "/etc/ceilometer/pipeline.yaml";

describe("the file at a path", () => {
  it("is a key that is mounted by subPath, as openstack-helm does", () => {
    const mount = { name: "etc", mountPath: PATH, subPath: "pipeline.yaml" };
    expect(at(PATH, mount)).toBe("Secret/ceilometer-etc pipeline.yaml by subPath");
    expect(at("/etc/ceilometer//./x/../pipeline.yaml", mount)).toBe("Secret/ceilometer-etc pipeline.yaml by subPath");
    expect(at("/etc/ceilometer/polling.yaml", mount)).toBe("image");
  });

  it("is a key of an object that is mounted as a directory, and nothing in deeper ones", () => {
    const mount = { name: "etc", mountPath: "/etc/ceilometer/" };
    expect(at(PATH, mount)).toBe("Secret/ceilometer-etc pipeline.yaml");
    expect(at("/etc/ceilometer/sub/pipeline.yaml", mount)).toMatch(/^absent/);
    expect(at("/etc/ceilometer.d/pipeline.yaml", mount)).toBe("image");
  });

  it("is found through items, and absent without one", () => {
    const mount = { name: "one", mountPath: "/etc/ceilometer" };
    expect(at("/etc/ceilometer/sub/pipeline.yaml", mount)).toBe("ConfigMap/one pipe");
    expect(at(PATH, mount)).toBe("absent: the volume one has no file pipeline.yaml");
    expect(at(PATH, { ...mount, subPath: "sub" })).toBe("ConfigMap/one pipe by subPath");
  });

  it("comes from the mount with the longest path, in whatever order they stand", () => {
    const wide = { name: "host", mountPath: "/etc" };
    const narrow = { name: "etc", mountPath: "/etc/ceilometer" };
    expect(at(PATH, narrow, wide)).toBe("Secret/ceilometer-etc pipeline.yaml");
    expect(at(PATH, wide, narrow)).toBe("Secret/ceilometer-etc pipeline.yaml");
  });

  it("is found in a projected volume, but not guessed", () => {
    const both = { name: "both", mountPath: "/etc/ceilometer" };
    expect(at("/etc/ceilometer/b.conf", both)).toBe("Secret/hidden b");
    expect(at("/etc/ceilometer/c.conf", both)).toMatch(/^absent/);
    expect(at(PATH, { name: "open", mountPath: "/etc/ceilometer" })).toMatch(/^unknown: .*more than one object/);
  });

  it("is absent in a directory that only the agent fills, and unknown where others do", () => {
    expect(at(PATH, { name: "scratch", mountPath: "/etc/ceilometer" })).toMatch(/^absent: .*empty directory/);
    expect(at(PATH, { name: "shared", mountPath: "/etc/ceilometer" })).toMatch(/^unknown: .*emptyDir/);
    expect(at(PATH, { name: "host", mountPath: "/etc/ceilometer" })).toMatch(/^unknown: .*hostPath/);
    expect(at(PATH, { name: "claimed", mountPath: "/etc/ceilometer" })).toMatch(/^unknown: .*not one of the template/);
    expect(at(PATH, { name: "etc", mountPath: "/etc/ceilometer", subPathExpr: "$(X)" })).toMatch(/^unknown: .*Expr/);
  });
});

describe("the files of a directory", () => {
  const files = (...mounts: readonly VolumeMount[]) => {
    const made = template(mounts);
    const keys = new Map([["Secret/ceilometer-etc", ["z.conf", "a.conf", "x.yaml"]]]);
    const { files: found, unknown } = filesIn(made.template, made.container, "/etc/conf.d/", ({ kind, name }) =>
      keys.get(`${kind}/${name}`),
    );
    return [...found.map(({ path, source }) => `${path} ${source.kind}`), ...(unknown === undefined ? [] : [unknown])];
  };

  it("are those of the object that is mounted there and those mounted one by one, by name", () => {
    const single = { name: "one", mountPath: "/etc/conf.d/m.conf", subPath: "sub/pipeline.yaml" };
    expect(files({ name: "etc", mountPath: "/etc/conf.d" }, single)).toEqual([
      "/etc/conf.d/a.conf object",
      "/etc/conf.d/m.conf object",
      "/etc/conf.d/x.yaml object",
      "/etc/conf.d/z.conf object",
    ]);
    expect(files({ name: "both", mountPath: "/etc/conf.d" })).toEqual([
      "/etc/conf.d/a.conf object",
      "/etc/conf.d/b.conf object",
    ]);
  });

  it("are none where nothing is mounted, or an empty directory", () => {
    expect(files()).toEqual([]);
    expect(files({ name: "scratch", mountPath: "/etc/conf.d" })).toEqual([]);
  });

  it("are not all known where an object or a volume cannot be read", () => {
    expect(files({ name: "open", mountPath: "/etc/conf.d" })).toEqual(["the keys of ConfigMap/c1 could not be read"]);
    expect(files({ name: "host", mountPath: "/etc" })).toEqual([expect.stringContaining("hostPath")]);
  });
});

it("lists each object that a container mounts once", () => {
  const mounts = ["etc", "etc", "both", "one", "scratch", "claimed"].map((name) => ({ name, mountPath: `/${name}` }));
  const made = template(mounts);
  expect(objectsMounted(made.template, made.container)).toEqual([
    { kind: "Secret", name: "ceilometer-etc" },
    { kind: "ConfigMap", name: "conf" },
    { kind: "Secret", name: "hidden" },
    { kind: "ConfigMap", name: "one" },
  ]);
});
