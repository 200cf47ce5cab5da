/** What the API server answers: preconditions, patches, immutability, finalizers, owners, generations. */
import { specOf, upgradeObject } from "../../sim/topology.ts";
import { workload } from "./workloads.ts";
import type { Ref, Script } from "./world.ts";

const config: Ref = { kind: "ConfigMap", name: "config" };
const configMap = (more: Readonly<Record<string, unknown>> = {}, metadata: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "config", ...metadata },
  data: { key: "value" },
  ...more,
});

const upgrade: Ref = { kind: "CeilometerUpgrade", name: "ceilometer" };
const spec = specOf({
  from: "2025.1",
  to: "2025.2",
  agents: [{ component: "notification", kind: "Deployment", name: "notification", replicas: 2 }],
  hosts: [],
});
const { namespace: _, ...metadata } = upgradeObject(spec).metadata;
// A default that is written out: who creates it owns it in both.
const wish = { ...upgradeObject({ ...spec, paused: false }), metadata };
const finalizers = ["example.org/first", "example.org/second"];

const web: Ref = { kind: "Deployment", name: "web" };
const IMAGE = "/spec/template/spec/containers/0/image";
const other = "registry.example/agent:b";

export const requestScripts: readonly Script[] = [
  {
    name: "creating, reading and deleting what is there and what is not",
    steps: [
      { create: configMap() },
      { create: configMap() },
      { merge: { kind: "ConfigMap", name: "other" }, patch: { data: { key: "new" } } },
      { json: { kind: "ConfigMap", name: "other" }, operations: [{ op: "add", path: "/data", value: {} }] },
      { remove: { kind: "ConfigMap", name: "other" } },
      { remove: config, preconditions: { uid: "another", resourceVersion: "$version" } },
      { merge: config, patch: { data: { key: "new" } } },
      { remove: config, preconditions: { uid: "$uid", resourceVersion: "$firstVersion" } },
      { remove: config, preconditions: { uid: "$uid", resourceVersion: "$version" } },
      { remove: config },
      { create: configMap() },
      { rest: "all" },
    ],
  },
  {
    name: "merge patches and what they carry",
    steps: [
      { create: configMap({}, { annotations: { "example.org/kept": "1" } }) },
      { merge: config, patch: { metadata: { annotations: { "example.org/new": "2" } } } },
      { merge: config, patch: { metadata: { annotations: { "example.org/new": "2" } } } },
      { merge: config, patch: { metadata: { annotations: { "example.org/never": null } } } },
      { merge: config, patch: {} },
      {
        merge: config,
        patch: { metadata: { resourceVersion: "$firstVersion", annotations: { "example.org/a": "b" } } },
      },
      { merge: config, patch: { metadata: { resourceVersion: "$version", annotations: { "example.org/a": "b" } } } },
      { merge: config, patch: { metadata: { uid: "another", annotations: { "example.org/a": "c" } } } },
      {
        merge: config,
        patch: { metadata: { uid: "$uid", resourceVersion: "$version", annotations: { "example.org/a": "c" } } },
      },
      { merge: config, patch: { metadata: { annotations: null } } },
      { merge: config, patch: { data: { key: null, another: "value" } } },
      { rest: "all" },
    ],
  },
  {
    name: "JSON patches, their tests, and paths that lead nowhere",
    steps: [
      { create: configMap({}, { annotations: {} }) },
      { json: config, operations: [{ op: "test", path: "/metadata/uid", value: "another" }] },
      {
        json: config,
        operations: [
          { op: "test", path: "/metadata/uid", value: "$uid" },
          { op: "replace", path: "/data/key", value: "new" },
        ],
      },
      {
        json: config,
        operations: [
          { op: "test", path: "/metadata/resourceVersion", value: "$firstVersion" },
          { op: "replace", path: "/data/key", value: "newer" },
        ],
      },
      // All of it or nothing.
      {
        json: config,
        operations: [
          { op: "replace", path: "/data/key", value: "newer" },
          { op: "test", path: "/data/key", value: "new" },
        ],
      },
      // Not asked: to replace a member that is not there, which a real one takes for an addition and RFC 6902 forbids.
      { json: config, operations: [{ op: "remove", path: "/data/missing" }] },
      { json: config, operations: [{ op: "test", path: "/data/missing", value: "new" }] },
      { json: config, operations: [{ op: "add", path: "/metadata/annotations/example.org~1a", value: "b" }] },
      { json: config, operations: [{ op: "add", path: "/metadata/annotations", value: { "example.org/a": "b" } }] },
      { json: config, operations: [{ op: "add", path: "/metadata/annotations/example.org~1a", value: "b" }] },
      { json: config, operations: [{ op: "add", path: "/metadata/annotations/example.org~1b", value: "c" }] },
      { json: config, operations: [{ op: "remove", path: "/metadata/annotations/example.org~1a" }] },
      { json: config, operations: [{ op: "add", path: "/metadata/finalizers/-", value: "example.org/first" }] },
      { json: config, operations: [{ op: "replace", path: "/metadata/uid", value: "another" }] },
      { json: config, operations: [{ op: "replace", path: "/metadata/resourceVersion", value: "$firstVersion" }] },
      { rest: "all" },
    ],
  },
  {
    name: "the whole object, at the version that it names",
    steps: [
      { create: configMap({}, { labels: { "example.org/label": "1" }, annotations: { "example.org/a": "b" } }) },
      { replace: configMap({ data: { key: "new" } }, { resourceVersion: "$version" }) },
      { replace: configMap({ data: { key: "newer" } }, { resourceVersion: "$firstVersion" }) },
      { replace: configMap({ data: { key: "new" } }, { resourceVersion: "$version" }) },
      { replace: configMap({ data: { key: "newer" } }, { resourceVersion: "$version", uid: "$uid" }) },
      { replace: configMap({}, { resourceVersion: "$version", uid: "another" }) },
      { replace: { ...configMap(), metadata: { name: "other", resourceVersion: "1" } } },
      { rest: "all" },
    ],
  },
  {
    name: "a status is written by its subresource and by nothing else, and is no wish",
    steps: [
      { create: { ...wish, status: { step: "Forged" } } },
      {
        status: upgrade,
        operations: [
          { op: "test", path: "/metadata/uid", value: "$uid" },
          { op: "test", path: "/metadata/resourceVersion", value: "$version" },
          { op: "add", path: "/status", value: { step: "Database" } },
        ],
      },
      { status: upgrade, operations: [{ op: "add", path: "/status", value: { step: "Database" } }] },
      {
        status: upgrade,
        operations: [
          { op: "test", path: "/metadata/resourceVersion", value: "$firstVersion" },
          { op: "add", path: "/status", value: { step: "Polling" } },
        ],
      },
      {
        status: upgrade,
        operations: [
          { op: "add", path: "/spec/paused", value: true },
          { op: "add", path: "/metadata/annotations", value: { "example.org/a": "b" } },
          { op: "add", path: "/status", value: { step: "Collector" } },
        ],
      },
      { json: upgrade, operations: [{ op: "add", path: "/status", value: { step: "Forged" } }] },
      { merge: upgrade, patch: { status: { step: "Forged" } } },
      { merge: upgrade, patch: { spec: { paused: true }, status: { step: "Forged" } } },
      { status: { kind: "CeilometerUpgrade", name: "other" }, operations: [{ op: "add", path: "/status", value: {} }] },
      { rest: "all" },
    ],
  },
  {
    name: "an immutable ConfigMap",
    steps: [
      { create: configMap({ immutable: true }) },
      { merge: config, patch: { data: { key: "new" } } },
      { merge: config, patch: { data: { key: "value" } } },
      { merge: config, patch: { immutable: false } },
      { merge: config, patch: { immutable: null } },
      { merge: config, patch: { binaryData: { key2: "bmV3" } } },
      { merge: config, patch: { metadata: { annotations: { "example.org/a": "b" } } } },
      { remove: config },
      { create: configMap() },
      { merge: config, patch: { immutable: true } },
      { merge: config, patch: { data: { key: "new" } } },
      { rest: "all" },
    ],
  },
  {
    name: "finalizers keep what is deleted, and generations count it",
    steps: [
      { create: { ...wish, metadata: { ...metadata, finalizers } } },
      { remove: upgrade },
      { remove: upgrade },
      { create: wish },
      { merge: upgrade, patch: { metadata: { annotations: { "example.org/a": "b" } } } },
      { merge: upgrade, patch: { metadata: { finalizers: [...finalizers, "example.org/third"] } } },
      { merge: upgrade, patch: { spec: { paused: true } } },
      { merge: upgrade, patch: { metadata: { finalizers: ["example.org/second"] } } },
      { remove: upgrade, preconditions: { uid: "$uid", resourceVersion: "$firstVersion" } },
      { rest: "all" },
      { merge: upgrade, patch: { metadata: { finalizers: [] } } },
      { merge: upgrade, patch: { metadata: { finalizers: [] } } },
      { rest: "all" },
      { create: wish },
      { rest: "all" },
    ],
  },
  {
    name: "what raises the generation of a resource, and what its status is to others",
    steps: [
      { create: wish },
      { merge: upgrade, patch: { metadata: { labels: { a: "b" }, annotations: { "example.org/a": "b" } } } },
      { merge: upgrade, patch: { spec: { paused: true } } },
      { merge: upgrade, patch: { spec: { paused: true } } },
      { merge: upgrade, patch: { metadata: { generation: 7 } } },
      { merge: upgrade, patch: { status: { step: "forged" } } },
      { json: upgrade, operations: [{ op: "add", path: "/status", value: { step: "forged" } }] },
      { json: upgrade, operations: [{ op: "test", path: "/metadata/generation", value: "$generation" }] },
      { json: upgrade, operations: [{ op: "test", path: "/metadata/generation", value: 1 }] },
      { merge: upgrade, patch: { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } } },
      { rest: "all" },
    ],
  },
  {
    name: "what raises the generation of a workload",
    steps: [
      { create: workload({ kind: "Deployment", replicas: 2 }) },
      { rest: "all" },
      { merge: web, patch: { metadata: { annotations: { "example.org/a": "b" } } } },
      { merge: web, patch: { status: { replicas: 9 } } },
      { merge: web, patch: { spec: { replicas: 2 } } },
      { merge: web, patch: { spec: { replicas: 1 } } },
      { rest: "all" },
      {
        json: web,
        operations: [
          { op: "test", path: "/metadata/uid", value: "$uid" },
          { op: "test", path: "/metadata/generation", value: 1 },
          { op: "replace", path: IMAGE, value: other },
        ],
      },
      {
        json: web,
        operations: [
          { op: "test", path: "/metadata/uid", value: "$uid" },
          { op: "test", path: "/metadata/generation", value: "$generation" },
          { op: "replace", path: IMAGE, value: other },
        ],
      },
      { rest: "all" },
    ],
  },
  {
    name: "what an owner leaves behind",
    steps: [
      { create: workload({ kind: "Deployment", replicas: 2 }) },
      { create: workload({ kind: "StatefulSet", replicas: 2, name: "set" }) },
      { rest: "all" },
      { remove: web },
      { rest: "all" },
      { remove: { kind: "StatefulSet", name: "set" } },
      { rest: "all" },
    ],
  },
];
