import { describe, expect, it } from "vitest";
import { growth } from "../../test/support/growth.ts";
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

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const mountsOf = (count: number): readonly VolumeMount[] =>
  names(count).map((name) => ({ name: "one", mountPath: `/etc/conf.d/${name}.conf`, subPath: "a" }));

describe("a container with more mounts than anybody has", () => {
  // Each of ten thousand, which a megabyte holds, was looked for in all of them: minutes without a turn of the event loop.
  it("is not seen, and holds nobody up", () => {
    const made = template(mountsOf(10_000));
    const began = performance.now();
    const { files: found, unknown } = filesIn(made.template, made.container, "/etc/conf.d", () => []);
    expect(found).toEqual([]);
    expect(unknown).toContain("more is mounted than is looked at");
    expect(performance.now() - began).toBeLessThan(1000);
    expect(at("/etc/conf.d/n1.conf", ...mountsOf(10_000))).toContain("more is mounted");
    expect(objectsMounted(made.template, made.container)).toEqual([]);
  });

  it.each<[string, Volume]>([
    [
      "one volume of many objects",
      { name: "v", projected: { sources: names(200).map((name) => ({ configMap: { name } })) } },
    ],
    [
      "one volume of many files",
      { name: "v", configMap: { name: "c", items: names(200).map((key) => ({ key, path: key })) } },
    ],
  ])("or %s, is not either: no object of it is watched", (_what, volume) => {
    const container: Container = { name: "agent", image: "i", volumeMounts: [{ name: "v", mountPath: "/etc/conf.d" }] };
    const many: PodTemplate = { labels: {}, annotations: {}, spec: { containers: [container], volumes: [volume] } };
    expect(objectsMounted(many, container)).toEqual([]);
    expect(fileAt(many, container, "/etc/conf.d/n1")).toMatchObject({ kind: "unknown" });
  });

  it("is seen as long as it has not", () => {
    const made = template(mountsOf(128));
    expect(filesIn(made.template, made.container, "/etc/conf.d", () => []).files).toHaveLength(128);
  });

  it("or one object with more files in a directory, is seen in part", () => {
    const made = template([{ name: "open", mountPath: "/etc/conf.d" }]);
    const keysOf = () => names(80_000);
    const { files: found, unknown } = filesIn(made.template, made.container, "/etc/conf.d", keysOf);
    expect(found).toEqual([]);
    expect(unknown).toBe("ConfigMap/c1 has more files than are looked at");
  });
});

it("a template of many other containers is asked for a file in as long as one of few", () => {
  const mounts = names(128).map((name) => ({ name: "shared", mountPath: `/etc/conf.d/${name}.conf` }));
  const { template: one, container } = template(mounts);
  const beside = (count: number): PodTemplate => ({
    ...one,
    spec: { ...one.spec, initContainers: names(count).map((name) => ({ name, image: "i" })) },
  });
  const filesOf = (many: PodTemplate) => filesIn(many, container, "/etc/conf.d", () => []).files;
  expect(filesOf(beside(1000))).toHaveLength(128);
  // As often as a look at an agent asks.
  const asked = growth({ from: 1000, times: 16 }, beside, (many) => names(20).map(() => filesOf(many)));
  expect(asked).toBeLessThan(6);
});

it("of two mounts at one path the later counts, and a deeper one before both", () => {
  const mounts = [
    { name: "one", mountPath: "/etc" },
    { name: "etc", mountPath: "/etc/" },
    { name: "both", mountPath: "/etc/x/y" },
  ];
  expect(at("/etc/a", ...mounts)).toBe("Secret/ceilometer-etc a");
  expect(at("/etc/x/y/a.conf", ...mounts)).toBe("ConfigMap/conf a");
  expect(at("/usr", ...mounts)).toBe("image");
  expect(at("/x", { name: "etc", mountPath: "/" })).toBe("Secret/ceilometer-etc x");
});
