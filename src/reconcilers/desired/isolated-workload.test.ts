import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  aContainer,
  aDaemonSet,
  aDeployment,
  anAgent,
  anUpgrade,
  marks,
  NEW_IMAGE,
} from "../../../test/support/builders.ts";
import { HOSTNAME_NODE_SELECTOR, OFFLINE_NODE_SELECTOR } from "../../api/v1alpha1/names.ts";
import { matches } from "../../model/agent.ts";
import type { RecordedPolling } from "../../model/attempt.ts";
import type { Workload } from "../../model/observation.ts";
import type { PodSpec } from "../../model/pod-template.ts";
import { parseRelease } from "../../model/release.ts";
import { isolatedWorkload, PREFIX_VARIABLE } from "./isolated-workload.ts";

const file = { kind: "ConfigMap" as const, object: "central-new-1", key: "polling.yaml", digest: "d" };
const isolated = { kind: "Deployment" as const, name: "central-new", prefix: "upgrade-1", file };
const plan: RecordedPolling = {
  namespaces: ["central"],
  path: "Isolate",
  why: "2 new pollsters",
  overlap: true,
  file: { path: "/etc/ceilometer/polling.yaml", volume: "ceilometer-upgrade-polling" },
  before: {},
  isolated,
};

const labels = z.record(z.string(), z.string());
const copySchema = z.object({
  replicas: z.number().optional(),
  selector: z.object({ matchLabels: labels }),
  template: z.object({ metadata: z.object({ labels }), spec: z.custom<PodSpec>() }),
});

function copyOf(workload: Workload, to = "2025.2", more: Partial<NonNullable<RecordedPolling["isolated"]>> = {}) {
  const target = parseRelease(to);
  if (target === undefined) throw new Error(to);
  const agent = anAgent(workload, { component: "polling" });
  const body = isolatedWorkload(agent, plan, { ...isolated, ...more }, anUpgrade(), target);
  return { body, ...copySchema.parse(body["spec"]) };
}

const container = aContainer({
  command: ["ceilometer-polling"],
  ports: [{ containerPort: 9101 }],
  env: [{ name: "A", value: "1" }],
});
const original = aDeployment({ name: "central", containers: [container], replicas: 3 });

const probes = {
  startupProbe: { tcpSocket: { port: "metrics" } },
  readinessProbe: { httpGet: { port: "metrics", path: "/metrics" } },
  livenessProbe: { exec: { command: ["true"] } },
};
/** Of an agent and two sidecars, with probes that name ports. */
function probed(more: Partial<PodSpec>): Workload {
  const agent = { ...container, ports: [{ name: "metrics", containerPort: 9101, hostPort: 9101 }], ...probes };
  const web = { ports: [{ name: "web", containerPort: 8080 }], readinessProbe: { httpGet: { port: "web" } } };
  const side = { name: "side", image: "side:1", ...web };
  const initContainers = [{ ...side, name: "first", restartPolicy: "Always" }];
  const { template } = original;
  const spec = { ...template.spec, containers: [agent, side], initContainers, ...more };
  return { ...original, template: { ...template, spec } };
}

describe("the copy", () => {
  test("runs the target with exactly the new pollsters, in its own group, as one agent", () => {
    const { template, replicas } = copyOf(original);
    const [copy] = template.spec.containers;
    expect(replicas).toBe(1);
    expect(copy?.image).toBe(NEW_IMAGE);
    expect(copy?.env).toEqual([
      { name: "A", value: "1" },
      { name: PREFIX_VARIABLE, value: "upgrade-1" },
    ]);
    expect(template.spec.volumes).toContainEqual({ name: plan.file.volume, configMap: { name: "central-new-1" } });
    expect(copy?.volumeMounts).toContainEqual(
      expect.objectContaining({ mountPath: plan.file.path, subPath: "polling.yaml" }),
    );
  });

  test("is no pod of the original's, by one label", () => {
    const { template, selector } = copyOf(original);
    expect(matches(original.matchLabels, template.metadata.labels)).toBe(false);
    expect(matches(selector.matchLabels, template.metadata.labels)).toBe(true);
    expect(matches(selector.matchLabels, original.template.labels)).toBe(false);
  });

  test("keeps its ports, which its probes may name, but none of the host's", () => {
    const [copy, side] = copyOf(probed({})).template.spec.containers;
    expect(copy).toMatchObject({ ports: [{ name: "metrics", containerPort: 9101 }], ...probes });
    expect(copy?.["ports"]).not.toContainEqual(expect.objectContaining({ hostPort: 9101 }));
    expect(side).toMatchObject({ ports: [{ name: "web", containerPort: 8080 }] });
  });

  test("on the host's network has neither ports nor probes of ports, which are the original's there", () => {
    const { containers, initContainers } = copyOf(probed({ hostNetwork: true })).template.spec;
    for (const each of [...containers, ...(initContainers ?? [])]) {
      expect(each).not.toHaveProperty("ports");
      expect(each).not.toHaveProperty("readinessProbe");
      expect(each).not.toHaveProperty("startupProbe");
    }
    expect(containers[0]).toMatchObject({ livenessProbe: probes.livenessProbe });
  });

  test("is owned by the resource, and seen by no GitOps tool", () => {
    const { metadata } = copyOf(original).body;
    expect(metadata).toMatchObject({ ownerReferences: [{ kind: "CeilometerUpgrade", controller: true }] });
    expect(metadata).toMatchObject({ annotations: { "argocd.argoproj.io/sync-options": "Prune=false" } });
  });

  test("of a DaemonSet that is down runs on its hosts all the same", () => {
    const workload = aDaemonSet({
      name: "ipmi",
      containers: [container],
      nodeSelector: { role: "compute", [OFFLINE_NODE_SELECTOR]: "true" },
    });
    const { body, template } = copyOf(workload, "2024.1", { kind: "DaemonSet" });
    expect(body.kind).toBe("DaemonSet");
    expect(template.spec.nodeSelector).toEqual({ role: "compute" });
  });

  test("of a DaemonSet that an attempt before has pinned to one host runs on all of its hosts (I7)", () => {
    const pinned = (borrowed: Readonly<Record<string, string>> | null) =>
      aDaemonSet({
        name: "ipmi",
        containers: [container],
        nodeSelector: { ...borrowed, [HOSTNAME_NODE_SELECTOR]: "host-1" },
        annotations: marks({ borrowed: { nodeSelector: borrowed }, phase: { phase: "first", node: "host-1" } }),
      });
    const selectorOf = (workload: Workload) =>
      copyOf(workload, "2024.1", { kind: "DaemonSet" }).template.spec.nodeSelector ?? {};
    expect(selectorOf(pinned({ role: "compute" }))).toEqual({ role: "compute" });
    expect(selectorOf(pinned(null))).toEqual({});
    // What people pin is theirs.
    const theirs = { [HOSTNAME_NODE_SELECTOR]: "host-1" };
    expect(selectorOf(aDaemonSet({ name: "ipmi", containers: [container], nodeSelector: theirs }))).toEqual(theirs);
  });

  test("of a release that reads no environment gets its prefix by a file", () => {
    const config = { kind: "ConfigMap" as const, object: "group", key: "group.conf", digest: "d" };
    const [copy] = copyOf(original, "rocky", { config }).template.spec.containers;
    expect(copy?.env).toEqual([{ name: "A", value: "1" }]);
    expect(copy?.command?.slice(-2)).toEqual(["--config-file", "/etc/ceilometer-upgrade/group.conf"]);
  });
});
