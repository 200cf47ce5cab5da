/** What manifests are taken for, and what an API server is asked; the plans of the examples are golden files. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planOf } from "../../plan/plan.ts";
import type { Wish } from "../objects/taken.ts";
import { lookAt } from "./sight.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plan-"));
});
afterAll(() => rm(folder, { recursive: true }));

const put = (file: string, ...objects: readonly unknown[]): Promise<void> =>
  writeFile(join(folder, file), objects.map((object) => JSON.stringify(object)).join("\n---\n"));
const wish = (more: Partial<Wish> = {}): Wish => ({
  name: undefined,
  file: join(folder, "upgrade.yaml"),
  manifests: folder,
  place: {},
  settings: { secrets: [], imagesAllowed: [], providers: [], podLogs: false },
  ...more,
});

const labels = { app: "notification" };
const deployment = (namespace: string, image: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "notification", namespace },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [{ name: "agent", image, command: ["ceilometer-agent-notification"] }] },
    },
  },
});
const upgrade = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: "ceilometer.openstack.org/v1alpha1",
  kind: "CeilometerUpgrade",
  metadata: { name: "ceilometer", namespace: "openstack", ...metadata },
  spec: {
    strategy: "Full",
    target: { release: "2025.2", image: "quay.io/example/ceilometer:2025.2" },
    components: {
      database: { action: "Skip" },
      notification: { targets: [{ kind: "Deployment", name: "notification" }] },
    },
    ...spec,
  },
});

test("everything in the folder runs, and another namespace is not looked at", async () => {
  await put(
    "agents.yaml",
    deployment("elsewhere", "quay.io/example/ceilometer:2024.1"),
    deployment("openstack", "quay.io/example/ceilometer:2025.1"),
  );
  await put("upgrade.yaml", upgrade());
  const plan = planOf(await lookAt(wish(), { env: {} }, 0));
  expect([plan.end, plan.from]).toEqual(["Complete", "2025.1"]);
  expect(plan.steps.map(({ action }) => action)).toEqual(["TakingDown", "Starting"]);
});

test("the namespace is the resource's, else the one that is named", async () => {
  await put("upgrade.yaml", upgrade({}, { namespace: undefined }));
  expect((await lookAt(wish({ place: { namespace: "elsewhere" } }), { env: {} }, 0)).upgrade.metadata.namespace).toBe(
    "elsewhere",
  );
  await put("upgrade.yaml", upgrade());
  await expect(lookAt(wish({ place: { namespace: "elsewhere" } }), { env: {} }, 0)).rejects.toThrow(
    "is in namespace openstack, not in elsewhere",
  );
});

test.each([
  { what: "no resource", objects: [], says: "holds no CeilometerUpgrade" },
  { what: "two of them", objects: [upgrade(), upgrade({}, { name: "second" })], says: "holds more than one" },
  {
    what: "one that does not fit",
    objects: [upgrade({ strategy: "Quick" })],
    says: "does not fit the schema: spec.strategy",
  },
])("says what is wrong with a file that holds $what", async ({ objects, says }) => {
  await put("upgrade.yaml", ...objects);
  await expect(lookAt(wish(), { env: {} }, 0)).rejects.toThrow(says);
});

test("a kubeconfig that is not there is said to be missing", async () => {
  await put("upgrade.yaml", upgrade());
  const none = wish({ manifests: undefined, place: { kubeconfig: join(folder, "none") } });
  await expect(lookAt(none, { env: {} }, 0)).rejects.toThrow("no cluster can be asked");
});
