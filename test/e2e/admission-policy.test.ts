/** What the chart's admission policies refuse to whoever has the operator's token. That they let pass what it needs, `rights.test.ts` shows. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, connect } from "../../tools/control-plane/api.ts";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { CHART, helmOn } from "./chart.ts";
import { modern } from "./fixtures/topology.ts";
import { tokenOf } from "./operator-process.ts";
import { eventually } from "./resource.ts";
import { collectionOf } from "./scene.ts";
import { create, sharedCluster } from "./shared-cluster.ts";
import { freshAgents } from "./stage.ts";

let cluster: ClusterAccess;
let operator: Api;
let namespace = "";
beforeAll(async () => {
  cluster = await sharedCluster();
  ({ namespace } = await freshAgents(cluster, modern()));
  const values =
    "crds.install=false,replicas=0,admissionPolicy.enabled=true,secrets={named},images.allowed={quay.io/example/}";
  await helmOn(
    cluster,
    "install",
    namespace,
    CHART,
    "--namespace",
    namespace,
    "--set",
    `watchNamespaces={${namespace}},${values}`,
  );
  await create(cluster, `/api/v1/namespaces/${namespace}/configmaps`, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "theirs" },
  });
  await create(cluster, `/apis/ceilometer.openstack.org/v1alpha1/namespaces/${namespace}/ceilometerupgrades`, {
    apiVersion: "ceilometer.openstack.org/v1alpha1",
    kind: "CeilometerUpgrade",
    metadata: { name: "ceilometer" },
    spec: modern().spec,
  });
  const token = await tokenOf(cluster, namespace, `${namespace}-ceilometer-upgrade-operator`);
  operator = connect({ server: cluster.server, ca: cluster.api.access.ca, token });
  // Each policy comes into force by itself. Tried out and not stored: what is there already would be no change any more.
  const labelled = { metadata: { labels: { tried: "out" } } };
  const isConfined = async (): Promise<boolean> => {
    const answers = [await created({ kind: "ConfigMap", metadata: { name: "forged" } }, "?dryRun=All")];
    for (const object of [WORKLOAD, "ConfigMap/theirs"])
      answers.push(await asOperator("PATCH", `${pathOf(object)}?dryRun=All`, labelled, "application/merge-patch+json"));
    return answers.every((answer) => answer !== "");
  };
  await eventually(isConfined, () => "the policies are not in force", 30_000);
});
afterAll(() => operator.close());

const WORKLOAD = "Deployment/ceilometer-central";

/** With the operator's own token: what the API server says against it; empty where it lets it pass. */
async function asOperator(method: string, path: string, body?: unknown, contentType?: string): Promise<string> {
  const { status, text } = await operator.request(method, path, body, contentType === undefined ? {} : { contentType });
  return status < 300 ? "" : text;
}

const pathOf = (object: string): string => {
  const [kind = "", name = ""] = object.split("/");
  return `${collectionOf(kind, namespace)}/${name}`;
};

const patched = (workload: string, patch: unknown): Promise<string> =>
  asOperator("PATCH", pathOf(workload), patch, "application/strategic-merge-patch+json");
const inPod = (spec: unknown): unknown => ({ spec: { template: { spec } } });
const inContainer = (fields: object): unknown => inPod({ containers: [{ name: "ceilometer-central", ...fields }] });
const mounted = (mountPath: string, source: object): unknown =>
  inPod({
    volumes: [{ name: "more", ...source }],
    containers: [
      { name: "ceilometer-central", volumeMounts: [{ name: "more", mountPath, subPath: "f", readOnly: true }] },
    ],
  });
const file = { configMap: { name: "theirs" } };

const WRITES: readonly (readonly [string, unknown, RegExp])[] = [
  ["a label", { metadata: { labels: { a: "b" } } }, /metadata but annotations/],
  ["an owner", { metadata: { finalizers: ["a.example/b"] } }, /metadata but annotations/],
  ["an annotation of others", { metadata: { annotations: { a: "b" } } }, /no annotations but its own/],
  [
    "the release, which people write",
    { metadata: { annotations: { "ceilometer.openstack.org/release": "x" } } },
    /no annotations but its own/,
  ],
  ["the strategy", { spec: { minReadySeconds: 9 } }, /replicas and template/],
  [
    "a label of pods",
    { spec: { template: { metadata: { labels: { a: "b" } } } } },
    /containers, volumes and node selector/,
  ],
  ["the account", inPod({ serviceAccountName: "default" }), /containers, volumes and node selector/],
  ["the host's processes", inPod({ hostPID: true }), /containers, volumes and node selector/],
  [
    "an init container",
    inPod({ initContainers: [{ name: "i", image: "quay.io/example/i" }] }),
    /containers, volumes and node selector/,
  ],
  ["a key of the node selector", inPod({ nodeSelector: { a: "b" } }), /node selector but/],
  ["another container", inPod({ containers: [{ name: "c", image: "quay.io/example/c" }] }), /no containers/],
  ["privileges", inContainer({ securityContext: { privileged: true } }), /image, command, args and mounts/],
  ["the environment", inContainer({ env: [{ name: "A", value: "b" }] }), /image, command, args and mounts/],
  ["another command", inContainer({ command: ["sh", "-c", "true"] }), /command line/],
  ["another argument", inContainer({ args: ["--debug"] }), /command line/],
  ["an image from elsewhere", inContainer({ image: "docker.io/miner:1" }), /images.allowed/],
  ["a host's files", mounted("/etc/ceilometer/f", { hostPath: { path: "/" } }), /no volumes but/],
  [
    "a token",
    mounted("/etc/ceilometer/f", { projected: { sources: [{ serviceAccountToken: { path: "f" } }] } }),
    /no volumes but/,
  ],
  ["a Secret that is not named", mounted("/etc/ceilometer/f", { secret: { secretName: "another" } }), /no volumes but/],
  ["a file over a program", mounted("/usr/bin/ceilometer-polling", file), /below .etc.ceilometer/],
  ["a file beside its folder", mounted("/etc/ceilometer-secrets", file), /below .etc.ceilometer/],
];

describe("refused on a workload of people", () => {
  test.concurrent.for(WRITES)("%s", async ([, patch, says]) => {
    expect(await patched(WORKLOAD, patch)).toMatch(says);
  });
});

const labels = {
  "app.kubernetes.io/managed-by": "ceilometer-upgrade-operator",
  "ceilometer.openstack.org/upgrade": "1",
  "ceilometer.openstack.org/purpose": "isolated",
};
const pod = (metadata: object): object => ({
  metadata,
  spec: { restartPolicy: "Never", containers: [{ name: "c", image: "c" }] },
});

interface Typed {
  readonly kind: string;
  readonly [field: string]: unknown;
}

const created = (object: Typed, query = ""): Promise<string> =>
  asOperator(
    "POST",
    `${object.kind === "Job" ? `/apis/batch/v1/namespaces/${namespace}/jobs` : collectionOf(object.kind, namespace)}${query}`,
    object,
  );

describe("refused of what comes and goes", () => {
  const ownerless = { name: "forged", labels };
  const owned = {
    ...ownerless,
    ownerReferences: [
      {
        apiVersion: "ceilometer.openstack.org/v1alpha1",
        kind: "CeilometerUpgrade",
        name: "ceilometer",
        uid: "1",
        controller: true,
      },
    ],
  };
  test.concurrent.for<readonly [string, Typed, RegExp]>([
    [
      "a ConfigMap without labels",
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "forged" }, immutable: true },
      /has its labels/,
    ],
    ["a ConfigMap that may change", { apiVersion: "v1", kind: "ConfigMap", metadata: ownerless }, /immutable ones/],
    [
      "a Job of nobody",
      { apiVersion: "batch/v1", kind: "Job", metadata: ownerless, spec: { backoffLimit: 0, template: pod({}) } },
      /belong to a resource/,
    ],
    [
      "a Job of many tries",
      { apiVersion: "batch/v1", kind: "Job", metadata: owned, spec: { template: pod({}) } },
      /Jobs but of one try/,
    ],
    [
      "a workload that is no isolated group",
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { ...owned, labels: { ...labels, "ceilometer.openstack.org/purpose": "x" } },
        spec: {
          selector: { matchLabels: { a: "b" } },
          template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "c" }] } },
        },
      },
      /isolated groups/,
    ],
  ])("creating %s", async ([, object, says]) => {
    expect(await created(object)).toMatch(says);
  });

  test.concurrent.for<readonly [string, RegExp]>([
    [WORKLOAD, /deletes its isolated groups/],
    ["DaemonSet/ceilometer-compute", /deletes its isolated groups/],
    ["ConfigMap/theirs", /deletes its isolated groups/],
  ])("deleting %s", async ([object, says]) => {
    expect(await asOperator("DELETE", pathOf(object))).toMatch(says);
  });

  test.concurrent("deleting a pod of a Deployment", async () => {
    const { stdout } = await cluster.kubectl([
      "-n",
      namespace,
      "get",
      "pods",
      "-l",
      "component=notification",
      "-o",
      "name",
    ]);
    expect(
      await asOperator(
        "DELETE",
        `/api/v1/namespaces/${namespace}/${(stdout.split("\n")[0] ?? "").replace("pod/", "pods/")}`,
      ),
    ).toMatch(/not ready, and nothing else/);
  });
});

describe("refused on what is not for it to change", () => {
  test.concurrent.for<readonly [string, string, unknown, RegExp]>([
    ["a ConfigMap of people", "ConfigMap/theirs", { data: { a: "b" } }, /no ConfigMaps but its own/],
    [
      "what a resource asks for",
      "CeilometerUpgrade/ceilometer",
      { spec: { target: { image: "quay.io/example/other" } } },
      /nothing but metadata/,
    ],
    [
      "a finalizer of others",
      "CeilometerUpgrade/ceilometer",
      { metadata: { finalizers: ["a.example/b"] } },
      /its finalizer/,
    ],
  ])("%s", async ([, object, patch, says]) => {
    expect(await asOperator("PATCH", pathOf(object), patch, "application/merge-patch+json")).toMatch(says);
  });
});

test("what it does on workloads passes, and whoever else writes is not its concern", async () => {
  const image = "quay.io/example/ceilometer:2026.1";
  const passes: readonly unknown[] = [
    { metadata: { annotations: { "ceilometer.openstack.org/phase": "x" } }, spec: { replicas: 1 } },
    inContainer({ image }),
    inPod({ nodeSelector: { "kubernetes.io/hostname": "worker-0", "ceilometer.openstack.org/offline": "true" } }),
    mounted("/etc/ceilometer/f", file),
    mounted("/etc/ceilometer/f", { configMap: null, secret: { secretName: "named" } }),
  ];
  for (const patch of passes) expect(await patched(WORKLOAD, patch)).toBe("");
  const { stderr } = await cluster.kubectl(["-n", namespace, "label", "deploy", "ceilometer-central", "a=b"]);
  expect(stderr).toBe("");
  const checked = await cluster.kubectl([
    "get",
    "validatingadmissionpolicies",
    "-l",
    `app.kubernetes.io/instance=${namespace}`,
    "-o",
    "jsonpath={.items[*].status.typeChecking}",
  ]);
  expect(checked.stdout).not.toContain("expressionWarnings");
});
