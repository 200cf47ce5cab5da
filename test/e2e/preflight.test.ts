/**
 * What is refused before the first write: each says its reason, the object and a remedy; nothing is written; and what was
 * corrected is taken up without being told.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { auditScope, modern, statefulset, type Topology } from "./fixtures/topology.ts";
import { inScene, type Scene } from "./scene.ts";

const NEW = "quay.io/example/ceilometer:2025.2";

interface Case {
  readonly name: string;
  readonly topology: Topology;
  readonly reason: string;
  readonly object: string;
  /** Part of the message that a person needs. */
  readonly says?: string;
  readonly unready?: readonly string[];
  /** Before the resource is created. */
  readonly prepare?: (scene: Scene) => Promise<unknown>;
  readonly correct: (scene: Scene) => Promise<unknown>;
  /** What the topology is then, where its resource was corrected. */
  readonly corrected?: Topology;
}

const configMap = (name: string, polling: string): unknown => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data: { "polling.yaml": polling },
});
const BROKEN = "sources:\n  - name: all\n    interval: 300\n    meters: [cpu, '!memory*'\n";
const SOUND = "sources:\n  - name: all\n    interval: 300\n    meters: ['*']\n";

const autoscaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "central" },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "ceilometer-central" },
    minReplicas: 2,
    maxReplicas: 4,
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } }],
  },
};

const ipmi = modern().objects.filter(
  ({ kind, metadata }) => kind === "DaemonSet" && metadata.name === "ceilometer-ipmi",
);
const uidSchema = z.object({ metadata: z.object({ uid: z.string() }) });

/** Only an owner that exists counts: the garbage collector takes what belongs to another. */
async function adopt(scene: Scene): Promise<void> {
  const { metadata } = uidSchema.parse(
    JSON.parse(await scene.kubectl("create", "configmap", "telemetry", "-o", "json")),
  );
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "telemetry", uid: metadata.uid, controller: true };
  const patch = JSON.stringify({ metadata: { ownerReferences: [owner] } });
  await scene.kubectl("patch", "deploy", "ceilometer-notification", "--patch", patch);
}

const cases: readonly Case[] = [
  {
    name: "a target that does not exist",
    topology: modern().without("DaemonSet/ceilometer-ipmi"),
    reason: "TargetNotFound",
    object: "DaemonSet/ceilometer-ipmi",
    correct: async (scene) => {
      const object = JSON.stringify({ ...ipmi[0], metadata: { ...ipmi[0]?.metadata, namespace: scene.namespace } });
      await scene.cluster.kubectl(["apply", "-f", "-"], { input: object });
    },
  },
  {
    name: "a polling file that cannot be parsed",
    topology: modern()
      .with(configMap("polling-2025-2", BROKEN))
      .wish(({ target }) => {
        target.config = { polling: { kind: "ConfigMap", name: "polling-2025-2", key: "polling.yaml" } };
      }),
    reason: "ConfigurationInvalid",
    object: "ConfigMap/polling-2025-2",
    says: "polling.yaml, line",
    correct: (scene) =>
      scene.kubectl(
        "patch",
        "configmap",
        "polling-2025-2",
        "--patch",
        JSON.stringify({ data: { "polling.yaml": SOUND } }),
      ),
  },
  {
    name: "a configuration that does not exist",
    topology: modern().wish(({ target }) => {
      target.config = { polling: { kind: "ConfigMap", name: "polling-2025-2", key: "polling.yaml" } };
    }),
    reason: "ConfigurationMissing",
    object: "ConfigMap/polling-2025-2",
    correct: (scene) => scene.kubectl("create", "configmap", "polling-2025-2", `--from-literal=polling.yaml=${SOUND}`),
  },
  {
    name: "a verification that sees nothing on the old agents",
    topology: modern().workload("ceilometer-central", ({ spec }) => {
      for (const container of spec.template.spec.containers) container.image += "-silent";
    }),
    reason: "VerificationBlind",
    object: "Deployment/ceilometer-central",
    correct: (scene) =>
      scene.kubectl(
        "set",
        "image",
        "deploy/ceilometer-central",
        `ceilometer-central=${NEW.replace("2025.2", "2025.1")}`,
      ),
  },
  {
    name: "a paused Deployment",
    topology: modern().workload("ceilometer-notification", ({ spec }) => Object.assign(spec, { paused: true })),
    unready: ["ceilometer-notification"],
    prepare: (scene) => scene.kubectl("get", "deploy", "ceilometer-notification"),
    reason: "WorkloadPaused",
    object: "Deployment/ceilometer-notification",
    correct: (scene) => scene.kubectl("rollout", "resume", "deploy/ceilometer-notification"),
  },
  {
    name: "a StatefulSet with a partition",
    topology: statefulset().workload("ceilometer-central", ({ spec }) =>
      Object.assign(spec, { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } }),
    ),
    reason: "PartitionedStatefulSet",
    object: "StatefulSet/ceilometer-central",
    correct: (scene) =>
      scene.kubectl(
        "patch",
        "sts",
        "ceilometer-central",
        "--patch",
        JSON.stringify({ spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } }),
      ),
  },
  {
    name: "one workload that is named by two components",
    topology: modern().wish(({ components }) => {
      components.polling?.targets.push({ kind: "Deployment", name: "ceilometer-notification" });
    }),
    reason: "SharedPod",
    object: "Deployment/ceilometer-notification",
    correct: (scene) => scene.edit({ components: { polling: { targets: modern().spec.components.polling?.targets } } }),
    corrected: modern(),
  },
  {
    name: "a workload of another controller",
    topology: modern(),
    prepare: adopt,
    reason: "OwnedByController",
    object: "Deployment/ceilometer-notification",
    correct: (scene) =>
      scene.kubectl(
        "patch",
        "deploy",
        "ceilometer-notification",
        "--patch",
        '{"metadata":{"ownerReferences":null}}',
        "--type=merge",
      ),
  },
  {
    name: "an image of a repository that nothing runs",
    topology: modern().wish(({ target }) => Object.assign(target, { image: "quay.io/elsewhere/ceilometer:2025.2" })),
    reason: "ImageNotAllowed",
    object: "quay.io/elsewhere/ceilometer:2025.2",
    correct: (scene) => scene.edit({ target: { image: NEW } }),
    corrected: modern(),
  },
  {
    name: "a target that is older than what runs",
    topology: modern().wish((spec) => {
      delete spec.from;
      spec.target = { release: "2024.2", image: NEW.replace("2025.2", "2024.2") };
    }),
    reason: "Downgrade",
    object: "Deployment/ceilometer-notification",
    correct: (scene) => scene.edit({ target: { release: "2025.2", image: NEW } }),
    corrected: modern(),
  },
  {
    name: "an autoscaler that would start a second agent",
    topology: modern()
      .workload("ceilometer-central", ({ spec }) => Object.assign(spec, { replicas: 2 }))
      .with(autoscaler),
    reason: "AutoscalerMinimum",
    object: "Deployment/ceilometer-central",
    correct: (scene) => scene.kubectl("patch", "hpa", "central", "--patch", '{"spec":{"minReplicas":1}}'),
  },
];

test.concurrent.for(cases)(
  "$name: $reason",
  ({ topology, reason, object, says = "", correct, corrected, prepare, unready = [] }) =>
    inScene({ topology, unready }, async (scene) => {
      await prepare?.(scene);
      await scene.apply();
      const hold = await scene.stalled(reason);
      expect(hold.object).toBe(object);
      expect(hold.remedy).not.toBe("");
      expect(hold.message).toContain(object);
      expect(hold.message).toContain(says);
      expect(hold.resource.status.conditions).toContainEqual(
        expect.objectContaining({ type: "PreflightPassed", status: "False", reason }),
      );
      expect(hold.resource.metadata.finalizers).toEqual([]);
      expect(scene.effects()).toEqual([]);
      expect(await scene.verdict({ ended: false })).toEqual([]);

      await correct(scene);
      // What people have corrected is what there was before; from here on the target is the corrected one.
      await scene.audit(corrected === undefined ? {} : auditScope(corrected));
      await scene.until({ type: "Succeeded", status: "True" });
      expect(await scene.verdict()).toEqual([]);
    }),
);
