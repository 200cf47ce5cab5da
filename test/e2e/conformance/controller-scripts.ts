/** What the controllers of workloads do about an edit: to zero and back, other images, broken ones, hosts that nobody has. */

import { imageOf, job, workload } from "./workloads.ts";
import type { Ref, Script, Step } from "./world.ts";

const rest: Step = { rest: "all" };
type Kind = "Deployment" | "StatefulSet" | "DaemonSet";
const ref = (kind: Kind): Ref => ({ kind, name: "web" });
const image = (kind: Kind, tag: string): Step => ({
  json: ref(kind),
  operations: [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: imageOf(tag) }],
});
const scale = (kind: Kind, replicas: number): Step => ({ merge: ref(kind), patch: { spec: { replicas } } });
const scaleAndImage = (kind: Kind, replicas: number, tag: string): Step => ({
  json: ref(kind),
  operations: [
    { op: "replace", path: "/spec/replicas", value: replicas },
    { op: "replace", path: "/spec/template/spec/containers/0/image", value: imageOf(tag) },
  ],
});
const rolling = (maxSurge: number | string, maxUnavailable: number | string) => ({
  type: "RollingUpdate",
  rollingUpdate: { maxSurge, maxUnavailable },
});
const rolls = (name: string, replicas: number, update: Readonly<Record<string, unknown>> | undefined): Script => ({
  name: `a Deployment of ${replicas} rolls ${name}`,
  steps: [
    { create: workload({ kind: "Deployment", replicas, ...(update === undefined ? {} : { update }) }) },
    rest,
    image("Deployment", "b"),
    rest,
  ],
});
const toZeroAndBack = (kind: "Deployment" | "StatefulSet"): Script => ({
  name: `a ${kind} to zero, to another image and back`,
  steps: [
    { create: workload({ kind, replicas: 2 }) },
    rest,
    scale(kind, 0),
    rest,
    image(kind, "b"),
    rest,
    scale(kind, 2),
    rest,
    scaleAndImage(kind, 0, "c"),
    rest,
    scaleAndImage(kind, 1, "d"),
    rest,
  ],
});
const nowhere = { "example.org/no-host-has-this": "true" };

export const controllerScripts: readonly Script[] = [
  rolls("as the API server defaults", 3, undefined),
  rolls("with surge alone", 2, rolling(1, 0)),
  rolls("with none in surplus", 3, rolling(0, 1)),
  rolls("by percentages", 4, rolling("25%", "50%")),
  rolls("by what would be nothing at all", 2, rolling("0%", "10%")),
  rolls("by Recreate", 2, { type: "Recreate" }),
  toZeroAndBack("Deployment"),
  toZeroAndBack("StatefulSet"),
  {
    name: "a Deployment is scaled and given another image at once",
    steps: [
      { create: workload({ kind: "Deployment", replicas: 2, update: rolling(1, 0) }) },
      rest,
      scaleAndImage("Deployment", 3, "b"),
      rest,
      scaleAndImage("Deployment", 1, "c"),
      rest,
    ],
  },
  {
    name: "a Deployment whose image nobody has, and then a right one",
    steps: [
      { create: workload({ kind: "Deployment", replicas: 2, update: rolling(1, 1) }) },
      rest,
      image("Deployment", "b-badimage"),
      rest,
      image("Deployment", "c"),
      rest,
    ],
  },
  {
    name: "a Deployment that is recreated with an image nobody has, and then a right one",
    steps: [
      { create: workload({ kind: "Deployment", replicas: 2, update: { type: "Recreate" } }) },
      rest,
      image("Deployment", "b-badimage"),
      rest,
      image("Deployment", "c"),
      rest,
    ],
  },
  {
    name: "a paused Deployment",
    steps: [
      { create: workload({ kind: "Deployment", replicas: 2 }) },
      rest,
      { merge: ref("Deployment"), patch: { spec: { paused: true } } },
      image("Deployment", "b"),
      rest,
      scale("Deployment", 3),
      rest,
      { removePodOf: "a" },
      rest,
      { merge: ref("Deployment"), patch: { spec: { paused: null } } },
      rest,
    ],
  },
  {
    name: "a StatefulSet rolls, one after the other",
    steps: [{ create: workload({ kind: "StatefulSet", replicas: 3 }) }, rest, image("StatefulSet", "b"), rest],
  },
  {
    name: "a StatefulSet waits for a pod that never comes up, even when its template is right again",
    steps: [
      { create: workload({ kind: "StatefulSet", replicas: 2 }) },
      rest,
      image("StatefulSet", "b-badimage"),
      rest,
      image("StatefulSet", "c"),
      rest,
      { removePodOf: "b-badimage" },
      rest,
    ],
  },
  {
    name: "a StatefulSet whose first pod never comes up starts no second one",
    steps: [
      { create: workload({ kind: "StatefulSet", replicas: 2, tag: "a-badimage" }) },
      rest,
      scale("StatefulSet", 0),
      rest,
    ],
  },
  {
    name: "a StatefulSet by OnDelete",
    steps: [
      { create: workload({ kind: "StatefulSet", replicas: 2, update: { type: "OnDelete" } }) },
      rest,
      image("StatefulSet", "b"),
      rest,
      { removePodOf: "a" },
      rest,
    ],
  },
  {
    name: "a DaemonSet rolls, host by host",
    steps: [{ create: workload({ kind: "DaemonSet" }) }, rest, image("DaemonSet", "b"), rest],
  },
  {
    name: "a DaemonSet rolls with surge",
    steps: [
      { create: workload({ kind: "DaemonSet", update: rolling(1, 0) }) },
      rest,
      image("DaemonSet", "b"),
      rest,
      image("DaemonSet", "c-badimage"),
      rest,
      image("DaemonSet", "d"),
      rest,
    ],
  },
  {
    name: "a DaemonSet with an image nobody has",
    steps: [
      { create: workload({ kind: "DaemonSet" }) },
      rest,
      image("DaemonSet", "b-badimage"),
      rest,
      image("DaemonSet", "c"),
      rest,
    ],
  },
  {
    name: "a DaemonSet by OnDelete",
    steps: [
      { create: workload({ kind: "DaemonSet", update: { type: "OnDelete" } }) },
      rest,
      image("DaemonSet", "b"),
      rest,
      { removePodOf: "a" },
      rest,
    ],
  },
  {
    name: "a DaemonSet to no host, to another image there, to one host and to all",
    steps: [
      { create: workload({ kind: "DaemonSet" }) },
      rest,
      { merge: ref("DaemonSet"), patch: { spec: { template: { spec: { nodeSelector: nowhere } } } } },
      rest,
      image("DaemonSet", "b"),
      rest,
      {
        json: ref("DaemonSet"),
        operations: [
          {
            op: "replace",
            path: "/spec/template/spec/nodeSelector",
            value: { "kubernetes.io/hostname": "worker-1" },
          },
        ],
      },
      rest,
      { json: ref("DaemonSet"), operations: [{ op: "remove", path: "/spec/template/spec/nodeSelector" }] },
      rest,
    ],
  },
  { name: "a Job that succeeds", steps: [{ create: job("a") }, rest, { remove: { kind: "Job", name: "job" } }, rest] },
  {
    name: "a Job that fails",
    steps: [{ create: job("a-jobfail") }, rest, { remove: { kind: "Job", name: "job" } }, rest],
  },
];
