/** Whatever values people set, the API server takes what the chart makes of them; and what makes no sense is refused before. */
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { ALERTS } from "../../scripts/monitoring/alerts.ts";
import { dashboard } from "../../scripts/monitoring/dashboard.ts";
import { CHART, helm, rendered, renderedAs } from "./chart.ts";
import { sharedCluster, uniqueName } from "./shared-cluster.ts";

const MATRIX = {
  "the defaults": {},
  "a single namespace": { singleNamespace: true, crds: { install: false } },
  "some namespaces": { watchNamespaces: ["default", "kube-system"], podLogs: { enabled: true }, secrets: ["etc"] },
  "no roles and an account of somebody else's": {
    rbac: { create: false },
    serviceAccount: { create: false, name: "theirs" },
    podDisruptionBudget: { enabled: false },
    replicas: 1,
  },
  "the cluster's own roles": { rbac: { aggregate: true } },
  "admission policies, tried out": {
    admissionPolicy: { enabled: true, actions: ["Warn", "Audit"] },
    secrets: ["ceilometer-etc"],
    images: { allowed: ["quay.io/example/", "registry.example:5000/ceilometer"] },
    uninstall: { giveBack: false },
  },
  "a network policy": {
    networkPolicy: {
      enabled: true,
      metricsFrom: [{ namespaceSelector: { matchLabels: { a: "b" } } }],
      apiServer: { cidrs: ["192.0.2.10/32", "2001:db8::/64"], ports: [6443] },
      exporterPorts: [9101, 9102],
      extraIngress: [{ ports: [{ port: 1 }] }],
      extraEgress: [{ ports: [{ port: 2 }] }],
    },
    providers: [
      { name: "a", url: "https://[2001:db8::1]:15671/x" },
      { name: "b", url: "http://b", timeoutSeconds: 0.5 },
      { name: "c", url: "https://c/y", secretName: "c", secretKeys: ["token"] },
    ],
    notifications: { url: "https://events.example:8443/a?b=c" },
  },
  everything: {
    nameOverride: "other",
    fullnameOverride: `${"long-".repeat(12)}nam`,
    commonLabels: { team: "telemetry" },
    image: { repository: "r.example:5000/o", digest: `sha256:${"0".repeat(64)}`, pullPolicy: "Always" },
    imagePullSecrets: [{ name: "registry" }],
    replicas: 3,
    images: { allowed: ["quay.io/example/", "quay.io/example/ceilometer:"] },
    serviceAccount: { annotations: { a: "b" } },
    log: { level: "debug", format: "pretty" },
    service: { annotations: { a: "b" } },
    notifications: { existingSecret: "webhook" },
    dashboard: { enabled: true, labels: { d: "1" }, annotations: { grafana_folder: "OpenStack" } },
    podDisruptionBudget: { maxUnavailable: "50%" },
    resources: { limits: { cpu: 1, memory: "1Gi" } },
    podSecurityContext: { runAsUser: null, runAsGroup: null },
    securityContext: { privileged: false },
    podAnnotations: { a: "b" },
    podLabels: { a: "b" },
    nodeSelector: { "kubernetes.io/os": "linux" },
    tolerations: [{ key: "a", operator: "Exists", effect: "NoSchedule" }],
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    topologySpreadConstraints: [{ topologyKey: "rack", maxSkew: 2, whenUnsatisfiable: "DoNotSchedule" }],
    priorityClassName: "system-cluster-critical",
    extraArgs: ["--health-address=[::]:8081"],
    extraEnv: [{ name: "A", value: "b" }],
    extraVolumes: [{ name: "v", emptyDir: {} }],
    extraVolumeMounts: [{ name: "v", mountPath: "/v" }],
    extraObjects: [
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "of-{{ .Release.Name }}" } },
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: text-of-{{ .Release.Name }}\n",
    ],
  },
};

/** As Helm takes them from a file: `null` takes a default away. */
const given = (values: unknown): readonly string[] =>
  Object.entries(z.record(z.string(), z.unknown()).parse(values)).flatMap(([name, value]) => [
    "--set-json",
    `${name}=${JSON.stringify(value)}`,
  ]);

test.concurrent.for(Object.entries(MATRIX))("the API server accepts %s", async ([, values]) => {
  const cluster = await sharedCluster();
  const objects = await rendered("--namespace", "default", ...given(values));
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  const flags = ["--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"];
  const { code, stdout, stderr } = await cluster.kubectl(["apply", ...flags, "-f", "-"], { input });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout.trim().split("\n")).toHaveLength(objects.length);
});

test.concurrent("lint finds nothing, with the defaults and with everything", async () => {
  for (const values of [MATRIX["the defaults"], MATRIX.everything])
    expect(await helm("lint", "--strict", CHART, ...given(values))).toContain("0 chart(s) failed");
});

test.concurrent("a single namespace: nothing that the chart makes is outside of it", async () => {
  const kinds = (await rendered(...given(MATRIX["a single namespace"]))).map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(["Role", "RoleBinding", "Deployment"]));
  expect(kinds.filter((kind) => /^Cluster|CustomResource|Admission/.test(kind))).toEqual([]);
});

test.concurrent("commonLabels are on every object and every pod, but on the definition; selectors are without", async () => {
  const labelled = z.object({
    metadata: z.object({ labels: z.looseObject({ team: z.literal("telemetry") }) }),
    spec: z
      .looseObject({
        template: z
          .object({ metadata: z.object({ labels: z.looseObject({ team: z.literal("telemetry") }) }) })
          .optional(),
      })
      .optional(),
  });
  for (const object of await rendered(...given({ ...MATRIX.everything, extraObjects: [], crds: { install: false } }))) {
    expect(labelled.safeParse(object).error?.message, `${object.kind}/${object.metadata.name}`).toBeUndefined();
    expect(JSON.stringify(object)).not.toMatch(/matchLabels":\{[^}]*telemetry/);
  }
});

test.concurrent("a ServiceMonitor finds the metrics, and is told what is set", async () => {
  const values = {
    enabled: true,
    labels: { release: "p" },
    interval: "15s",
    scrapeTimeout: "5s",
    relabelings: [{ action: "keep" }],
    metricRelabelings: [{ action: "drop" }],
  };
  const monitor = (await rendered(...given({ serviceMonitor: values }))).find(({ kind }) => kind === "ServiceMonitor");
  expect(monitor).toMatchObject({
    metadata: { labels: { release: "p" } },
    spec: {
      selector: { matchLabels: { "app.kubernetes.io/instance": "x" } },
      endpoints: [
        {
          port: "metrics",
          honorLabels: true,
          interval: "15s",
          scrapeTimeout: "5s",
          relabelings: [{ action: "keep" }],
          metricRelabelings: [{ action: "drop" }],
        },
      ],
    },
  });
});

test.concurrent("the operator reads the notifications of the Secret where they are mounted", async () => {
  const container = z.object({
    args: z.array(z.string()),
    volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
  });
  const pod = z.object({ template: z.object({ spec: z.object({ containers: z.tuple([container]) }) }) });
  const containerWith = async (notifications: unknown) => {
    const objects = await rendered(...given({ notifications }));
    return pod.parse(objects.find(({ kind }) => kind === "Deployment")?.["spec"]).template.spec.containers[0];
  };
  const secret = await containerWith({ existingSecret: "webhook" });
  const [mount] = secret.volumeMounts.filter(({ name }) => name === "notifications");
  expect(secret.args).toContain(`--notify=${mount?.mountPath}/notifications.yaml`);
  expect((await containerWith({ url: "https://a/b" })).args).toContain("--notify=https://a/b");
  expect((await containerWith({})).args.filter((arg) => arg.startsWith("--notify"))).toEqual([]);
});

test.concurrent("alerts have the thresholds that are set, and what is left out is not there", async () => {
  const alerts = {
    enabled: true,
    labels: { release: "p" },
    ruleLabels: { team: "t" },
    disabled: ["CeilometerUpgradeDriftDetected"],
    runbookBaseUrl: "https://docs.example/runbook",
    thresholds: { stalledFor: "42m", riskExpiringSeconds: 1_000_000 },
  };
  const rule = z.object({
    alert: z.string(),
    expr: z.string(),
    for: z.string(),
    labels: z.object({ severity: z.enum(["critical", "warning", "info"]), team: z.literal("t") }),
    annotations: z.object({ runbook_url: z.string().startsWith("https://docs.example/runbook#ceilometerupgrade") }),
  });
  const found = (await rendered(...given({ alerts }))).find(({ kind }) => kind === "PrometheusRule");
  expect(found).toMatchObject({ metadata: { labels: { release: "p" } } });
  const { groups } = z.object({ groups: z.tuple([z.object({ rules: z.array(rule) })]) }).parse(found?.["spec"]);
  const { rules } = groups[0];
  expect(rules.map(({ alert }) => alert)).toEqual(
    ALERTS.map(({ name }) => name).filter((name) => name !== "CeilometerUpgradeDriftDetected"),
  );
  const of = (name: string) => rules.find(({ alert }) => alert === `CeilometerUpgrade${name}`);
  expect(of("Stalled")?.for).toBe("42m");
  expect(of("RiskAcceptedExpiring")?.expr).toContain("< 1000000 unless");
  expect(rules.map(({ labels }) => labels.severity)).toContain("info");
  expect(JSON.stringify(rules)).not.toMatch(/<[a-zA-Z]+>/);
});

test.concurrent("the dashboard is byte by byte the generated one, under the sidecar's label", async () => {
  const object = (await rendered(...given({ dashboard: { enabled: true } }))).find(({ metadata }) =>
    metadata.name.endsWith("-dashboard"),
  );
  expect(object).toMatchObject({ kind: "ConfigMap", metadata: { labels: { grafana_dashboard: "1" } } });
  const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(object);
  expect(JSON.parse(data["ceilometer-upgrades.json"] ?? "")).toEqual(JSON.parse(JSON.stringify(dashboard())));
});

test.concurrent("a network policy lets out to what the values name, and to nothing else", async () => {
  const policy = (await rendered(...given(MATRIX["a network policy"]))).find(({ kind }) => kind === "NetworkPolicy");
  const schema = z.object({
    spec: z.object({ egress: z.array(z.object({ ports: z.array(z.object({ port: z.number() })) })) }),
  });
  const ports = schema.parse(policy).spec.egress.map((rule) => rule.ports.map(({ port }) => port).join());
  expect(ports).toEqual(["53,53,5353,5353", "6443", "9101", "9102", "8443", "15671", "80", "443", "2"]);
});

test.concurrent("a network policy that names who reads metrics lets in the pod of helm test, too", async () => {
  const objects = await rendered(...given(MATRIX["a network policy"]));
  const test = objects.find(({ kind, metadata }) => kind === "Job" && metadata.name.endsWith("-health"));
  const labelled = z.object({
    spec: z.object({
      template: z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()) }) }),
    }),
  });
  const { labels } = labelled.parse(test).spec.template.metadata;
  expect(objects.find(({ kind }) => kind === "NetworkPolicy")).toMatchObject({
    spec: {
      ingress: [
        {
          ports: [{ port: "metrics" }],
          from: [
            ...MATRIX["a network policy"].networkPolicy.metricsFrom,
            { podSelector: { matchLabels: { ...labels } } },
          ],
        },
        { ports: [{ port: "health" }] },
        { ports: [{ port: 1 }] },
      ],
    },
  });
});

test.concurrent("a query of the webhook's address is no port", async () => {
  const values = {
    networkPolicy: { enabled: true, exporterPorts: [] },
    notifications: { url: "https://events.example?at=a:b" },
  };
  const policy = (await rendered(...given(values))).find(({ kind }) => kind === "NetworkPolicy");
  expect(
    z
      .looseObject({ spec: z.looseObject({ egress: z.array(z.unknown()) }) })
      .parse(policy)
      .spec.egress.at(-1),
  ).toEqual({
    ports: [{ protocol: "TCP", port: 443 }],
  });
});

test.concurrent("what is said of the operator's pods counts as it is said, beside what the chart says", async () => {
  const spread = { topologyKey: "rack", maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway" };
  const theirs = { ...spread, labelSelector: { matchLabels: { team: "telemetry" } } };
  const values = {
    topologySpreadConstraints: [theirs, spread],
    podAnnotations: { "kubectl.kubernetes.io/default-container": "theirs" },
  };
  const own = { "app.kubernetes.io/name": "ceilometer-upgrade-operator", "app.kubernetes.io/instance": "x" };
  expect((await rendered(...given(values))).find(({ kind }) => kind === "Deployment")).toMatchObject({
    spec: {
      template: {
        metadata: { annotations: values.podAnnotations },
        spec: { topologySpreadConstraints: [theirs, { ...spread, labelSelector: { matchLabels: own } }] },
      },
    },
  });
});

test.concurrent("a label that is given of everything and of one object is there once, as it is given of the one", async () => {
  const of = (value: string) => ({ labels: { team: value } });
  const values = {
    commonLabels: { team: "all" },
    podLabels: { team: "pods" },
    serviceMonitor: { enabled: true, ...of("monitor") },
    alerts: { enabled: true, ...of("alerts") },
    dashboard: { enabled: true, ...of("dashboard") },
  };
  const labels = (await rendered(...given(values))).flatMap((object) => {
    const { metadata, spec } = labelledSchema.parse(object);
    return [
      [object.kind, metadata.labels?.["team"]],
      ...(spec?.template === undefined ? [] : [["Pod", spec.template.metadata.labels?.["team"]]]),
    ];
  });
  const own: Readonly<Record<string, string>> = { Pod: "pods", ServiceMonitor: "monitor", PrometheusRule: "alerts" };
  const seen = Object.entries(Object.groupBy(labels, ([kind]) => kind ?? ""));
  for (const [kind, each] of seen) {
    const wanted =
      kind === "CustomResourceDefinition" ? undefined : kind === "ConfigMap" ? "dashboard" : (own[kind] ?? "all");
    expect(
      each?.map(([, team]) => team),
      kind,
    ).toEqual(each?.map(() => wanted));
  }
  expect(seen.map(([kind]) => kind)).toEqual(expect.arrayContaining([...Object.keys(own), "ConfigMap", "Deployment"]));
});

const labelsSchema = z.object({ labels: z.record(z.string(), z.string()).optional() });
const labelledSchema = z.object({
  metadata: labelsSchema,
  spec: z.looseObject({ template: z.object({ metadata: labelsSchema }).optional() }).optional(),
});

const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
  ["an unknown value", { replica: 3 }, /replica/],
  ["an unknown value below another", { image: { tga: "1" } }, /tga/],
  ["a value of another type", { replicas: "three" }, /replicas/],
  ["a digest that is none", { image: { digest: "sha256:abc" } }, /digest/],
  ["a namespace that cannot be", { watchNamespaces: ["a/b"] }, /watchNamespaces/],
  ["one namespace and several", { singleNamespace: true, watchNamespaces: ["a"] }, /leave watchNamespaces empty/],
  [
    "policies of the cluster for one namespace",
    { singleNamespace: true, admissionPolicy: { enabled: true } },
    /admissionPolicy/,
  ],
  ["to deny and to warn", { admissionPolicy: { actions: ["Deny", "Warn"] } }, /actions/],
  ["roles of the cluster for one namespace", { singleNamespace: true, rbac: { aggregate: true } }, /rbac.aggregate/],
  ["no account", { serviceAccount: { create: false } }, /serviceAccount.name/],
  ["a label of the chart's own", { commonLabels: { "app.kubernetes.io/name": "x" } }, /app.kubernetes.io.name/],
  ["two webhooks", { notifications: { url: "https://a", existingSecret: "b" } }, /url or existingSecret/],
  ["an address with a password", { notifications: { url: "https://u:p@a" } }, /notifications.url/],
  ["a threshold that is no time", { alerts: { thresholds: { stalledFor: "soon" } } }, /stalledFor/],
  ["a flag that is none", { extraArgs: ["debug"] }, /extraArgs/],
  ["a budget of nothing", { podDisruptionBudget: { maxUnavailable: 0 } }, /maxUnavailable/],
  ["an address as a network", { networkPolicy: { apiServer: { cidrs: ["192.0.2.1"] } } }, /cidrs/],
  [
    "two providers of one name",
    {
      providers: [
        { name: "a", url: "http://a" },
        { name: "a", url: "http://b" },
      ],
    },
    /two entries are called a/,
  ],
];

test.concurrent.for(REFUSED)("refused: %s", async ([, values, says]) => {
  const { code, stderr } = await (await sharedCluster()).helm(["template", "x", CHART, ...given(values)]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(says);
});

test.concurrent("the example for Artifact Hub is a resource that the API server accepts", async () => {
  const cluster = await sharedCluster();
  const text = await helm("show", "chart", CHART);
  const { annotations } = z.object({ annotations: z.record(z.string(), z.string()) }).parse(parse(text));
  const examples = z
    .array(z.looseObject({ metadata: z.looseObject({}) }))
    .parse(parse(annotations["artifacthub.io/crdsExamples"] ?? ""));
  for (const example of examples) {
    const here = { ...example, metadata: { name: uniqueName("example"), namespace: "default" } };
    const { stderr } = await cluster.kubectl(["create", "--dry-run=server", "--validate=strict", "-f", "-"], {
      input: JSON.stringify(here),
    });
    expect(stderr).toBe("");
  }
  const [crd] = z
    .array(z.object({ name: z.string(), version: z.string() }))
    .parse(parse(annotations["artifacthub.io/crds"] ?? ""));
  const served = await cluster.kubectl(["get", "crd", crd?.name ?? "", "-o", "jsonpath={.spec.versions[*].name}"]);
  expect(served.stdout).toBe(crd?.version);
});

const roleSchema = z.object({
  rules: z.array(z.object({ resources: z.array(z.string()), resourceNames: z.array(z.string()).optional() })),
});
const podSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({ containers: z.tuple([z.object({ args: z.array(z.string()).default([]) })]) }),
    }),
  }),
});

/** Which lease the pods of a release ask for, the operator's and that of the removal, and which one its role lets them have. */
async function leasesOf(release: string): Promise<unknown> {
  const objects = await renderedAs(release);
  const flags = objects
    .filter(({ kind, metadata }) => kind === "Deployment" || metadata.name.endsWith("-give-back"))
    .map((pod) =>
      podSchema.parse(pod).spec.template.spec.containers[0].args.filter((arg) => arg.startsWith("--lease-name")),
    );
  const role = objects.find(({ kind, metadata }) => kind === "Role" && metadata.name.endsWith("-leader"));
  const names = roleSchema
    .parse(role)
    .rules.map(({ resources, resourceNames }) => [...resources, ...(resourceNames ?? [])]);
  return { flags, names };
}

test.concurrent.each([
  ["a", "a-ceilometer-upgrade-operator"],
  ["b", "b-ceilometer-upgrade-operator"],
  ["ceilometer-upgrade-operator", "ceilometer-upgrade-operator"],
])("the release %s has a lease of its own, which is all that its role lets it have", async (release, name) => {
  expect(await leasesOf(release)).toEqual({
    flags: [[`--lease-name=${name}`], [`--lease-name=${name}`]],
    names: [["leases"], ["leases", name]],
  });
});
