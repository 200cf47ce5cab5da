/** Workloads of one container, whose pods take a moment to stop. */
import type { KubeObject } from "../../../src/kube/object.ts";

interface Shape {
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly name?: string;
  readonly tag?: string;
  readonly replicas?: number;
  /** Of a Deployment its `strategy`, of the others their `updateStrategy`. */
  readonly update?: Readonly<Record<string, unknown>>;
  readonly nodeSelector?: Readonly<Record<string, string>>;
}

export const imageOf = (tag: string): string => `registry.example/agent:${tag}`;

function template(app: string, tag: string, spec: Readonly<Record<string, unknown>> = {}) {
  const metadata = { labels: { app }, annotations: { "sim/stop-takes": "150ms" } };
  return { metadata, spec: { containers: [{ name: "agent", image: imageOf(tag) }], ...spec } };
}

export function workload({ kind, name = "web", tag = "a", replicas, update, nodeSelector }: Shape): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, labels: { app: name } },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      ...(kind === "StatefulSet" ? { serviceName: name } : {}),
      selector: { matchLabels: { app: name } },
      ...(update === undefined ? {} : { [kind === "Deployment" ? "strategy" : "updateStrategy"]: update }),
      template: template(name, tag, nodeSelector === undefined ? {} : { nodeSelector }),
    },
  };
}

export function job(tag: string): KubeObject {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "job" },
    spec: { backoffLimit: 0, template: template("job", tag, { restartPolicy: "Never" }) },
  };
}
