/** Stories for the tests of what is made of them. */
import type { Story } from "./story.ts";
import { type UpgradeView, upgradeSchema } from "./views.ts";

export const OLD_IMAGE = "quay.io/example/ceilometer:newton";
export const NEW_IMAGE = "quay.io/example/ceilometer:ocata";

/** `status` as the API server keeps it. */
export function upgradeWith(status: Readonly<Record<string, unknown>> = {}): UpgradeView {
  return upgradeSchema.parse({
    metadata: { name: "ceilometer", namespace: "openstack", generation: 2 },
    spec: {
      strategy: "Full",
      from: { release: "newton" },
      target: { release: "ocata", image: NEW_IMAGE },
      components: {
        database: { jobFrom: { kind: "Deployment", name: "ceilometer-collector" } },
        collector: { targets: [{ kind: "Deployment", name: "ceilometer-collector" }] },
        polling: {
          targets: [{ kind: "DaemonSet", name: "ceilometer-compute" }],
          verification: { podLog: {} },
        },
      },
    },
    status,
  });
}

export function storyWith(parts: Partial<Story> = {}): Story {
  return { upgrade: upgradeWith(), pods: [], jobs: [], events: [], ...parts };
}
