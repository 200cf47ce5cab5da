/** Server-side apply: who owns what, who is in whose way, and what is left when somebody leaves a field out. */
import type { KubeObject } from "../../../src/kube/object.ts";
import { specOf, upgradeObject } from "../../sim/topology.ts";
import { imageOf, workload } from "./workloads.ts";
import type { Ref, Script, Step } from "./world.ts";

type Fields = Readonly<Record<string, unknown>>;
const rest: Step = { rest: "all" };

const config: Ref = { kind: "ConfigMap", name: "config" };
const configMap = (data: Fields | undefined, metadata: Fields = {}, more: Fields = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "config", ...metadata },
  ...(data === undefined ? {} : { data }),
  ...more,
});
const note = (value: string) => ({ annotations: { "example.org/note": value } });

const upgrade: Ref = { kind: "CeilometerUpgrade", name: "ceilometer" };
const agents = [{ component: "notification", kind: "Deployment", name: "notification", replicas: 2 }] as const;
const upgradeSpec = specOf({ from: "2025.1", to: "2025.2", agents, hosts: [] });
const wish = (more: Fields = {}, metadata: Fields = {}): KubeObject => {
  const { namespace: _, ...named } = upgradeObject(upgradeSpec).metadata;
  return { ...upgradeObject(upgradeSpec), metadata: { ...named, ...metadata }, spec: { ...upgradeSpec, ...more } };
};

const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"] as const;
type Kind = (typeof WORKLOADS)[number];
const ref = (kind: Kind): Ref => ({ kind, name: "web" });
const IMAGE = "/spec/template/spec/containers/0/image";
const image = (kind: Kind, tag: string, by: string): Step => ({
  json: ref(kind),
  operations: [{ op: "replace", path: IMAGE, value: imageOf(tag) }],
  by,
});
const sized = (kind: Kind, replicas: number) => (kind === "DaemonSet" ? { kind } : { kind, replicas });

interface Template {
  readonly pod?: Fields;
  readonly agent?: Fields;
  readonly beside?: readonly Fields[];
}
/** Nothing of it is ever started. */
function deployment({ pod = {}, agent = {}, beside = [] }: Template, more: Fields = { replicas: 0 }): KubeObject {
  const labels = { app: "web" };
  const containers = [{ name: "agent", image: imageOf("a"), ...agent }, ...beside];
  const template = { metadata: { labels }, spec: { containers, ...pod } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", labels },
    spec: { ...more, selector: { matchLabels: labels }, template },
  };
}
const env = (...names: readonly string[]) => ({ env: names.map((name) => ({ name, value: name.toLowerCase() })) });
const mount = (name: string, mountPath: string) => ({ name, mountPath });
const volume = (name: string) => ({ name, configMap: { name } });

/** What Git has against what the operator has written, until it lets go. */
const upgradedBeside = (kind: Kind): Script => ({
  name: `a ${kind} that is applied, upgraded by another and applied again`,
  steps: [
    { apply: workload(sized(kind, 2)), by: "gitops" },
    rest,
    { apply: workload(sized(kind, 2)), by: "gitops" },
    image(kind, "b", "operator"),
    { apply: workload(sized(kind, 2)), by: "gitops" },
    rest,
    { apply: workload({ ...sized(kind, 2), tag: "b" }), by: "gitops" },
    { apply: workload({ ...sized(kind, 2), tag: "c" }), by: "gitops" },
    { apply: workload({ ...sized(kind, 2), tag: "c" }), by: "gitops", force: true },
    rest,
  ],
});

export const applyScripts: readonly Script[] = [
  {
    name: "an apply makes what is not there, and once more changes nothing",
    steps: [
      { apply: configMap({ a: "1" }, note("1")), by: "one" },
      { apply: configMap({ a: "1" }, note("1")), by: "one" },
      { apply: configMap({ a: "2" }, note("1")), by: "one" },
      { apply: configMap({ a: "2", b: "3" }), by: "one" },
      { apply: configMap({ b: "3" }), by: "one" },
      { merge: config, patch: { data: { c: "4" } }, by: "one" },
      { apply: configMap({ b: "3" }), by: "one" },
      { apply: configMap({ b: "3", c: "5" }), by: "one" },
      { apply: configMap({ b: "3", c: "5" }), by: "one", force: true },
      { apply: configMap(undefined), by: "one" },
      rest,
    ],
  },
  {
    name: "two who apply: the same value, another one, by force, and one who leaves out what both had",
    steps: [
      { apply: configMap({ a: "1", b: "2" }), by: "one" },
      { apply: configMap({ a: "1" }), by: "two" },
      { apply: configMap({ a: "1" }), by: "two" },
      { apply: configMap({ a: "2" }), by: "two" },
      { apply: configMap({ a: "2", b: "3" }), by: "two" },
      { apply: configMap({ a: "2", b: "3" }), by: "three" },
      { apply: configMap({ b: "2" }), by: "one" },
      { apply: configMap({ a: "1", b: "2" }), by: "one" },
      { apply: configMap({ a: "2" }), by: "two", force: true },
      { apply: configMap({ a: "1", b: "2" }), by: "one" },
      { apply: configMap({ b: "2" }), by: "one" },
      { apply: configMap({ c: "9" }), by: "two" },
      { apply: configMap({ b: "1", c: "8" }), by: "three" },
      rest,
    ],
  },
  {
    name: "who wrote otherwise is met, too: by POST, PUT and patches",
    steps: [
      { create: configMap({ a: "1", b: "2" }, note("1")), by: "poster" },
      { apply: configMap({ a: "1" }), by: "one" },
      { apply: configMap({ a: "2" }, note("2")), by: "one" },
      { apply: configMap({ a: "2" }, note("2")), by: "one", force: true },
      { merge: config, patch: { data: { a: "3" } }, by: "merger" },
      { apply: configMap({ a: "2" }, note("2")), by: "one" },
      { json: config, operations: [{ op: "remove", path: "/data/a" }], by: "patcher" },
      { apply: configMap({ a: "2" }, note("2")), by: "one" },
      { replace: configMap({ a: "4", b: "2" }, { ...note("2"), resourceVersion: "$version" }) },
      { apply: configMap({ a: "2" }, note("2")), by: "one" },
      { apply: configMap({ a: "4" }, note("2")), by: "one" },
      rest,
    ],
  },
  {
    name: "an apply that names a version or an identity",
    steps: [
      { apply: configMap({ a: "0" }, { resourceVersion: "1" }), by: "one" },
      { apply: configMap({ a: "0" }, { uid: "another" }), by: "one" },
      { apply: configMap({ a: "1" }), by: "one" },
      { apply: configMap({ a: "2" }, { resourceVersion: "$version" }), by: "one" },
      { apply: configMap({ a: "3" }, { resourceVersion: "$firstVersion" }), by: "one" },
      { apply: configMap({ a: "2" }, { resourceVersion: "$firstVersion" }), by: "one" },
      { apply: configMap({ a: "2" }, { resourceVersion: "$version" }), by: "one" },
      { apply: configMap({ a: "3" }, { resourceVersion: "$firstVersion" }), by: "two" },
      { apply: configMap({ a: "3" }, { resourceVersion: "$firstVersion" }), by: "two", force: true },
      { apply: configMap({ a: "3" }, { uid: "another" }), by: "one" },
      { apply: configMap({ a: "3" }, { uid: "$uid" }), by: "one" },
      { apply: configMap({ a: "4" }, { uid: "another", resourceVersion: "$version" }), by: "one" },
      rest,
    ],
  },
  {
    name: "one of several owners lets go, as the operator does at the end",
    steps: [
      { apply: configMap({ a: "1", b: "1" }), by: "gitops" },
      { merge: config, patch: { data: { a: "2" }, metadata: note("claimed") }, by: "operator" },
      { apply: configMap({ a: "1", b: "1" }), by: "gitops" },
      {
        json: config,
        operations: [
          { op: "test", path: "/metadata/uid", value: "$uid" },
          { op: "test", path: "/metadata/resourceVersion", value: "$version" },
          { op: "remove", path: "/metadata/annotations/example.org~1note" },
          { op: "add", path: "/metadata/annotations/example.org~1done", value: "plan" },
          { op: "test", path: "/metadata/managedFields/1/manager", value: "operator" },
          { op: "remove", path: "/metadata/managedFields/1" },
        ],
        by: "operator",
      },
      rest,
      { apply: configMap({ a: "2", b: "1" }), by: "gitops" },
      { apply: configMap({ a: "3", b: "1" }), by: "gitops" },
      rest,
    ],
  },
  {
    name: "ownership that is given up, and all of it",
    steps: [
      { apply: configMap({ a: "1" }), by: "gitops" },
      { merge: config, patch: { data: { a: "2" } }, by: "operator" },
      { apply: configMap({ a: "1" }), by: "gitops" },
      {
        json: config,
        operations: [
          { op: "test", path: "/metadata/managedFields/0/manager", value: "operator" },
          { op: "remove", path: "/metadata/managedFields/0" },
          { op: "add", path: "/metadata/annotations", value: { "example.org/note": "done" } },
        ],
        by: "operator",
      },
      { apply: configMap({ a: "1" }), by: "gitops" },
      { merge: config, patch: { data: { a: "2" } }, by: "operator" },
      {
        json: config,
        operations: [
          { op: "test", path: "/metadata/managedFields/0/manager", value: "operator" },
          { op: "remove", path: "/metadata/managedFields/0" },
        ],
        by: "operator",
      },
      { apply: configMap({ a: "1" }), by: "gitops" },
      { json: config, operations: [{ op: "add", path: "/metadata/managedFields", value: [{}] }], by: "operator" },
      { merge: config, patch: { data: { b: "2" } }, by: "operator" },
      { apply: configMap({ a: "1" }), by: "gitops" },
      { apply: configMap({ a: "2", b: "3" }), by: "gitops" },
      { apply: configMap({ a: "2", b: "3" }), by: "gitops", force: true },
      rest,
    ],
  },
  {
    name: "an immutable ConfigMap is applied",
    steps: [
      { apply: configMap({ a: "1" }, {}, { immutable: true }), by: "one" },
      { apply: configMap({ a: "1" }, {}, { immutable: true }), by: "one" },
      { apply: configMap({ a: "2" }, {}, { immutable: true }), by: "one" },
      { apply: configMap({ a: "1" }, note("1"), { immutable: true }), by: "one" },
      { apply: configMap({ a: "1" }), by: "one" },
      { apply: configMap({ a: "1" }), by: "two" },
      rest,
    ],
  },
  {
    name: "a resource is applied: its wish counts, its status does not, and lists merge by their keys",
    steps: [
      { apply: wish(), by: "gitops" },
      // Not asked: the same at once. The next write of a real one also stores the status that is defaulted when it is read.
      { apply: wish({ paused: true }), by: "gitops" },
      { apply: wish({ paused: true }), by: "gitops" },
      { apply: { ...wish({ paused: true }), status: { step: "Forged" } }, by: "gitops" },
      { apply: wish({}, note("1")), by: "gitops" },
      { merge: upgrade, patch: { spec: { paused: true } }, by: "person" },
      { apply: wish(), by: "gitops" },
      { apply: wish({ paused: false }), by: "gitops" },
      { apply: wish({ approvals: [{ before: "api" }, { before: "polling" }] }), by: "gitops" },
      {
        apply: {
          ...wish(),
          spec: { approvals: [{ before: "notification" }, { before: "api" }] },
        },
        by: "person",
      },
      { apply: wish({ approvals: [{ before: "polling" }] }), by: "gitops" },
      { apply: wish({ target: { ...upgradeSpec.target, image: "registry.example/other:2025.2" } }), by: "person" },
      rest,
    ],
  },
  {
    name: "what is being deleted is applied all the same",
    steps: [
      { apply: wish({}, { finalizers: ["example.org/first", "example.org/second"] }), by: "gitops" },
      { remove: upgrade },
      { apply: wish({}, { ...note("1"), finalizers: ["example.org/first", "example.org/second"] }), by: "gitops" },
      { apply: wish({ paused: true }, { finalizers: ["example.org/first"] }), by: "gitops" },
      { apply: wish({}, { finalizers: ["example.org/first", "example.org/third"] }), by: "gitops" },
      { apply: wish({}, { finalizers: ["example.org/first"] }), by: "person" },
      rest,
      { apply: wish(), by: "gitops" },
      rest,
      { apply: wish(), by: "person" },
      { apply: wish(), by: "gitops" },
      rest,
    ],
  },
  ...WORKLOADS.map(upgradedBeside),
  {
    name: "who says how many replicas there are",
    steps: [
      { apply: workload({ kind: "Deployment", replicas: 2 }), by: "gitops" },
      rest,
      { scale: ref("Deployment"), to: 3, by: "autoscaler" },
      { apply: workload({ kind: "Deployment", replicas: 2 }), by: "gitops" },
      { apply: workload({ kind: "Deployment", replicas: 3 }), by: "gitops" },
      rest,
      { apply: workload({ kind: "Deployment" }), by: "gitops" },
      rest,
      { apply: workload({ kind: "Deployment", replicas: 2 }), by: "gitops", force: true },
      rest,
      // Nobody else has it: the API server's own default comes.
      { apply: workload({ kind: "Deployment" }), by: "gitops" },
      { scale: ref("Deployment"), to: 1, by: "autoscaler" },
      { scale: ref("Deployment"), to: 2, by: "autoscaler" },
      { merge: ref("Deployment"), patch: { spec: { replicas: 0 } }, by: "autoscaler" },
      { apply: workload({ kind: "Deployment", replicas: 4 }), by: "gitops" },
      rest,
    ],
  },
  {
    name: "lists of a pod by their merge keys",
    steps: [
      { apply: deployment({ agent: env("A", "B", "C") }), by: "one" },
      { apply: deployment({ agent: env("A", "B", "C") }), by: "one" },
      { apply: deployment({ agent: env("C", "D") }), by: "two" },
      { apply: deployment({ agent: env("C", "A", "E") }), by: "one" },
      { apply: deployment({ agent: { env: [{ name: "D", value: "other" }] } }), by: "one" },
      { apply: deployment({ agent: env("D") }), by: "one" },
      { apply: deployment({}), by: "two" },
      {
        apply: deployment({
          pod: { volumes: [volume("x"), volume("y")] },
          agent: { volumeMounts: [mount("x", "/etc/x"), mount("y", "/etc/y")] },
        }),
        by: "one",
      },
      {
        apply: deployment({
          pod: { volumes: [volume("y"), volume("z")] },
          agent: { volumeMounts: [mount("z", "/etc/z"), mount("x", "/etc/y")] },
        }),
        by: "two",
      },
      {
        apply: deployment({
          pod: { volumes: [volume("y"), volume("z")] },
          agent: { volumeMounts: [mount("z", "/etc/z")] },
        }),
        by: "two",
      },
      {
        json: ref("Deployment"),
        operations: [{ op: "replace", path: "/spec/template/spec/volumes/0/configMap/name", value: "other" }],
        by: "operator",
      },
      { apply: deployment({ pod: { volumes: [volume("x"), volume("y")] } }), by: "one" },
      { apply: deployment({}), by: "one" },
      rest,
    ],
  },
  {
    name: "containers beside each other, and what goes with one that is left out",
    steps: [
      { apply: deployment({ beside: [{ name: "side", image: imageOf("s") }] }), by: "one" },
      { apply: deployment({ beside: [{ name: "other", image: imageOf("o") }] }), by: "two" },
      image("Deployment", "b", "operator"),
      {
        json: ref("Deployment"),
        operations: [{ op: "add", path: "/spec/template/spec/containers/1/env", value: [{ name: "A", value: "a" }] }],
        by: "operator",
      },
      { apply: deployment({ agent: { image: imageOf("b") } }), by: "one" },
      // A misspelt name adds a container.
      {
        apply: deployment({ agent: { image: imageOf("b") }, beside: [{ name: "agnet", image: imageOf("m") }] }),
        by: "one",
      },
      { apply: deployment({ agent: { image: imageOf("b") } }), by: "one" },
      rest,
    ],
  },
  {
    name: "what is owned as a whole: a node selector, a command",
    steps: [
      { apply: deployment({ pod: { nodeSelector: { role: "a" } }, agent: { command: ["x", "y"] } }), by: "one" },
      { apply: deployment({ pod: { nodeSelector: { zone: "b" } } }), by: "two" },
      { apply: deployment({ agent: { command: ["x", "z"] } }), by: "two" },
      {
        merge: ref("Deployment"),
        patch: { spec: { template: { spec: { nodeSelector: { zone: "b" } } } } },
        by: "operator",
      },
      { apply: deployment({ pod: { nodeSelector: { role: "a" } }, agent: { command: ["x", "y"] } }), by: "one" },
      { apply: deployment({ agent: { command: ["x", "z"] } }), by: "one" },
      { apply: deployment({}), by: "one" },
      rest,
    ],
  },
];
