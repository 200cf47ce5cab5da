import { expect, test } from "vitest";
import { aContainer, aDaemonSet, aDeployment, NEW_IMAGE, OLD_IMAGE } from "../../test/support/builders.ts";
import { HOSTNAME_NODE_SELECTOR, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
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

test("says what a Job runs", () => {
  const job = (container: Readonly<Record<string, unknown>>) => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { namespace: "openstack", name: "db" },
    spec: { template: { spec: { containers: [{ name: "db", image: NEW_IMAGE, ...container }] } } },
  });
  expect(jobText(job({}))).toBe(NEW_IMAGE);
  expect(jobText(job({ command: ["ceilometer-upgrade"], args: ["--retry", "10"] }))).toBe(
    `${NEW_IMAGE}: ceilometer-upgrade --retry 10`,
  );
});
