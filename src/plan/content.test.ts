import { expect, test } from "vitest";
import { aContainer, aDaemonSet, aDeployment, anUpgrade, NEW_IMAGE, OLD_IMAGE } from "../../test/support/builders.ts";
import { HOSTNAME_NODE_SELECTOR, LABEL, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { Spec } from "../api/v1alpha1/schema.ts";
import { changeOf, jobText } from "./content.ts";

test("says what differs, and nothing else", () => {
  const before = aDeployment({ name: "a", replicas: 2 });
  expect(changeOf(before, before)).toEqual({});
  expect(changeOf(before, { ...before, replicas: 1 })).toEqual({ from: "2 replicas", to: "1 replica" });
  expect(changeOf(before, aDeployment({ name: "a", image: NEW_IMAGE, replicas: 0 }))).toEqual({
    from: `${OLD_IMAGE}, 2 replicas`,
    to: `${NEW_IMAGE}, 0 replicas`,
  });
});

test("says where each file comes from, by the path at which it is read", () => {
  const mounted = (volume: string, subPath: string, image: string) =>
    aDeployment({
      name: "a",
      containers: [
        aContainer({ image, volumeMounts: [{ name: volume, mountPath: "/etc/ceilometer/polling.yaml", subPath }] }),
      ],
      volumes: [
        { name: "etc", secret: { secretName: "ceilometer-etc" } },
        { name: "polling", configMap: { name: "polling-1" } },
        { name: "scratch", emptyDir: {} },
      ],
    });
  expect(changeOf(mounted("etc", "polling.yaml", OLD_IMAGE), mounted("polling", "new.yaml", OLD_IMAGE))).toEqual({
    from: "polling.yaml from Secret/ceilometer-etc",
    to: "polling.yaml from ConfigMap/polling-1 (key new.yaml)",
  });
  expect(changeOf(mounted("scratch", "polling.yaml", OLD_IMAGE), mounted("etc", "polling.yaml", OLD_IMAGE))).toEqual({
    to: "polling.yaml from Secret/ceilometer-etc",
  });
});

test.each([
  [{}, "every host"],
  [{ role: "compute", rack: "1" }, "every host with role=compute,rack=1"],
  [{ role: "compute", [OFFLINE_NODE_SELECTOR]: "true" }, "no host"],
  [{ role: "compute", [HOSTNAME_NODE_SELECTOR]: "compute-0" }, "host compute-0"],
])("says where a DaemonSet of %j runs", (nodeSelector, expected) => {
  expect(changeOf(undefined, aDaemonSet({ name: "a", nodeSelector })).to).toBe(`${OLD_IMAGE}, ${expected}`);
});

const job = (purpose: string, container: Readonly<Record<string, unknown>>) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { namespace: "openstack", name: "db", labels: { [LABEL.purpose]: purpose } },
  spec: { template: { spec: { containers: [{ name: "db", image: NEW_IMAGE, ...container }] } } },
});
const { spec } = anUpgrade();
const lentBy = (kind: "Deployment" | "CronJob"): Spec => ({
  ...spec,
  components: {
    ...spec.components,
    database: {
      action: "Upgrade",
      deadlineSeconds: 1800,
      jobFrom: { kind, name: "lender" },
      backup: { jobFrom: { kind: "CronJob", name: "backup" }, maxAgeSeconds: 60 },
    },
  },
});

test("says what a Job runs, where the command is the operator's own", () => {
  const command = { command: ["ceilometer-upgrade"], args: ["--retry", "10"] };
  expect(jobText(job("migration", {}), lentBy("Deployment"))).toBe(NEW_IMAGE);
  expect(jobText(job("migration", command), lentBy("Deployment"))).toBe(`${NEW_IMAGE}: ceilometer-upgrade --retry 10`);
  expect(jobText(job("pollsters", command), spec)).toBe(`${NEW_IMAGE}: ceilometer-upgrade --retry 10`);
});

test.each([
  ["migration", "CronJob/lender"],
  ["backup", "CronJob/backup"],
  ["verification", "its template"],
  ["gate", "its template"],
  ["something new", "its template"],
])("says nothing of the command of a template (%s), which may have a password in it", (purpose, source) => {
  const command = { command: ["mysqldump"], args: ["--password=hunter2"] };
  expect(jobText(job(purpose, command), lentBy("CronJob"))).toBe(`${NEW_IMAGE}, as in ${source}`);
});

test("a template of a megabyte of mounts and volumes is told in no time", () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `v${index}`);
  const volumeMounts = names.map((name) => ({ name, mountPath: `/${name}` }));
  const volumes = names.map((name) => ({ name, configMap: { name } }));
  const before = aDeployment({ name: "a", containers: [aContainer({ volumeMounts })], volumes });
  const began = performance.now();
  expect(changeOf(before, { ...before, replicas: 0 })).toMatchObject({ to: "0 replicas" });
  expect(performance.now() - began).toBeLessThan(1000);
});
