import { expect, test } from "vitest";
import { SPEC } from "../../../test/support/builders.ts";
import { type SpecInput, specSchema } from "../../api/v1alpha1/schema.ts";
import type { KubeObject } from "../../kube/object.ts";
import { neededBy } from "./needed.ts";
import { rehearsable } from "./rehearsable.ts";

const upgrade = (spec: SpecInput = SPEC): KubeObject => ({
  apiVersion: "ceilometer.openstack.org/v1alpha1",
  kind: "CeilometerUpgrade",
  metadata: {
    name: "ceilometer",
    namespace: "openstack",
    uid: "u",
    annotations: { "ceilometer.openstack.org/pause": "true" },
  },
  spec,
});

const deployment = (spec: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "notification", namespace: "openstack", uid: "u", resourceVersion: "1", ...metadata },
  spec: {
    replicas: 2,
    selector: {},
    template: { metadata: {}, spec: { containers: [{ name: "a", image: "b" }], ...spec } },
  },
  status: { replicas: 2 },
});

const copy = (...live: readonly KubeObject[]) => rehearsable("openstack", upgrade(), SPEC, live);

test("a copy has neither identity nor status, and no mark of an attempt, but what people write", () => {
  const annotations = {
    "ceilometer.openstack.org/claim": "{}",
    "ceilometer.openstack.org/release": "newton",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
    team: "telemetry",
  };
  const { objects, differences } = copy(deployment({}, { annotations, labels: { app: "a" }, generation: 4 }));
  expect(objects.at(-1)).toEqual({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "notification",
      namespace: "openstack",
      labels: { app: "a" },
      annotations: { "ceilometer.openstack.org/release": "newton", team: "telemetry" },
    },
    spec: deployment().spec,
  });
  expect(differences).toEqual([]);
});

test("what only the real cluster has is left out, and told", () => {
  const { objects, differences, nodeLabels } = copy(
    deployment({
      affinity: {},
      priorityClassName: "high",
      schedulerName: "default-scheduler",
      nodeSelector: { role: "control" },
      serviceAccountName: "agents",
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "c" } }],
      containers: [{ name: "a", image: "b", ports: [{ containerPort: 1, hostPort: 1 }] }],
    }),
  );
  expect(differences).toEqual([
    "Deployment/notification: without its affinity, priority class",
    "Deployment/notification: volume data is empty",
  ]);
  expect(nodeLabels).toEqual([{ role: "control" }]);
  expect(objects.map(({ kind, metadata }) => `${kind ?? ""}/${metadata.name}`)).toEqual([
    "Namespace/openstack",
    "ServiceAccount/agents",
    "Deployment/notification",
  ]);
  const spec = objects.at(-1)?.["spec"];
  const text = JSON.stringify(spec);
  expect(text).toContain('"emptyDir":{}');
  for (const gone of ["hostPort", "affinity", "priorityClassName", "schedulerName"]) expect(text).not.toContain(gone);
});

const on = (name: string, nodeSelector: object) => deployment({ nodeSelector }, { name });

test("pods that ask for other values of one label find a host each", () => {
  const { nodeLabels } = copy(
    on("a", { role: "control" }),
    on("b", { role: "compute", arch: "amd64" }),
    on("c", { zone: "1" }),
    on("d", { role: "compute" }),
    deployment(),
  );
  expect(nodeLabels).toEqual([
    { role: "control", zone: "1" },
    { role: "compute", arch: "amd64" },
  ]);
});

test("no host is called as in the real cluster, and none is asked for what an attempt asks for", () => {
  const selector = {
    "kubernetes.io/hostname": "worker-7",
    "ceilometer.openstack.org/offline": "true",
    role: "control",
  };
  const { objects, nodeLabels, differences } = copy(on("a", selector));
  expect(nodeLabels).toEqual([{ role: "control" }]);
  expect(JSON.stringify(objects.at(-1))).toContain('"nodeSelector":{"role":"control"}');
  expect(differences).toEqual(["Deployment/a: on any host, not on worker-7 alone"]);
});

test("a risk that is accepted by annotation is accepted in the copy, too", () => {
  const risks = { "ceilometer.openstack.org/accept-risk": "[]" };
  const { metadata, ...rest } = upgrade();
  const accepted = { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, ...risks } } };
  expect(rehearsable("openstack", accepted, SPEC, []).upgrade.metadata.annotations).toEqual(risks);
});

test("a Job is a template that does not run, without what is made anew for each", () => {
  const labels = { "controller-uid": "u", "batch.kubernetes.io/job-name": "j", app: "a" };
  const template = { metadata: { labels }, spec: { containers: [] } };
  const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" }, spec: { selector: {}, template } };
  const spec = copy(job).objects.at(-1)?.["spec"];
  expect(spec).toEqual({ suspend: true, template: { metadata: { labels: { app: "a" } }, spec: { containers: [] } } });
});

test("nobody is waited for: approvals, windows and gates that ask other systems are left out, and told", () => {
  const spec: SpecInput = {
    ...SPEC,
    mode: "Plan",
    paused: true,
    approvals: [{ before: "notification" }],
    maintenanceWindows: [{ schedule: "0 2 * * 6", durationSeconds: 60 }],
    gates: [
      { name: "quiet", before: "notification", prometheus: { provider: "p", query: "q", max: "1" } },
      { name: "smoke", after: "notification", job: { kind: "CronJob", name: "smoke" } },
    ],
  };
  const made = rehearsable("openstack", upgrade(spec), spec, []);
  expect(made.differences).toHaveLength(3);
  expect(made.upgrade.metadata).toEqual({ name: "ceilometer", namespace: "openstack" });
  const wish = specSchema.parse(made.upgrade["spec"]);
  expect(wish).toMatchObject({ mode: "Apply", paused: false, gates: [{ name: "smoke" }] });
  expect(wish.approvals).toBeUndefined();
});

test("needed is what the resource names, and what scales that", () => {
  const autoscaler = (name: string): KubeObject => ({
    kind: "HorizontalPodAutoscaler",
    metadata: { name },
    spec: { scaleTargetRef: { kind: "Deployment", name } },
  });
  const other = deployment({}, { name: "other" });
  const cronJob: KubeObject = { kind: "CronJob", metadata: { name: "backup" } };
  const all = [deployment(), other, autoscaler("notification"), autoscaler("other"), cronJob];
  const spec = specSchema.parse({
    ...SPEC,
    components: {
      ...SPEC.components,
      database: {
        jobFrom: { kind: "Deployment", name: "notification" },
        backup: { jobFrom: { kind: "CronJob", name: "backup" } },
      },
    },
  });
  const names = neededBy(spec, all).map(({ kind, metadata }) => `${kind ?? ""}/${metadata.name}`);
  expect(names).toEqual(["Deployment/notification", "CronJob/backup", "HorizontalPodAutoscaler/notification"]);
});
