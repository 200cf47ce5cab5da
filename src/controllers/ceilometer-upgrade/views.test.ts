import { describe, expect, test } from "vitest";
import { LABEL } from "../../api/v1alpha1/names.ts";
import type { KubeObject } from "../../kube/object.ts";
import { configView, ownConfigView } from "./views/config.ts";
import { jobView } from "./views/job.ts";
import { podView } from "./views/pod.ts";
import { parseTemplate } from "./views/template.ts";
import { upgradeView } from "./views/upgrade.ts";
import { workloadView } from "./views/workload.ts";

const metadata = { namespace: "openstack", name: "x", uid: "u", resourceVersion: "7" };

describe("a resource", () => {
  const spec = {
    strategy: "Full",
    target: { release: "2025.2", image: "example/ceilometer:2025.2" },
    components: {
      database: { action: "Skip" },
      api: { targets: [{ kind: "Deployment", name: "api" }] },
    },
  };

  test("gets its defaults", () => {
    const view = upgradeView({ metadata, spec });
    expect(view.invalid).toBeUndefined();
    expect(view.spec).toMatchObject({ mode: "Apply", ownership: "Release", progressDeadlineSeconds: 1800 });
  });

  test.each([
    [undefined, "spec"],
    [{}, "spec.strategy"],
    [{ ...spec, strategy: "Sideways" }, "spec.strategy"],
    ["text", "spec"],
  ])("that does not fit the schema (%j) says where, and is still a resource", (broken, place) => {
    const view = upgradeView({ metadata, spec: broken });
    expect(view.spec).toBeUndefined();
    expect(view.invalid).toContain(place);
    expect(view.metadata.name).toBe("x");
  });

  test("that accepts a risk until a date alone is told the field and the form", () => {
    const acceptedRisks = [{ check: "DefinitionRemoved", object: "o", reason: "r", expiresAt: "2027-01-31" }];
    const { spec: read, invalid } = upgradeView({ metadata, spec: { ...spec, acceptedRisks } });
    expect(read).toBeUndefined();
    expect(invalid).toMatch(/^spec\.acceptedRisks\.0\.expiresAt: .*2027-01-31T00:00:00Z/);
  });

  test.each([null, "text", { steps: "none" }, { conditions: [{ type: 1 }] }])(
    "carries nothing on from a report that somebody forged (%j)",
    (status) => expect(upgradeView({ metadata, spec, status }).status).toEqual({}),
  );
});

describe("a workload", () => {
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  const selector = { matchLabels: { a: "b" } };

  test("has the replicas that the API server defaults to", () => {
    const view = workloadView("Deployment")({ metadata, spec: { selector, template } });
    expect(view.replicas).toBe(1);
    expect(view.status.observedGeneration).toBe(0);
  });

  test("of a DaemonSet has none, and counts hosts", () => {
    const status = { desiredNumberScheduled: 3, updatedNumberScheduled: 2, numberAvailable: 1, numberReady: 1 };
    const view = workloadView("DaemonSet")({ metadata, spec: { selector, template }, status });
    expect(view.replicas).toBeUndefined();
    expect(view.status).toMatchObject({ desired: 3, updated: 2, available: 1 });
  });

  test("keeps who wrote to it, in the API server's order, and of what they wrote only whether it is of the spec", () => {
    const managedFields = [
      { manager: "helm", operation: "Update", time: "2026-01-01T00:00:00Z", fieldsV1: { "f:spec": {} } },
      { manager: "kcm", operation: "Update", subresource: "status" },
    ];
    const view = workloadView("Deployment")({ metadata: { ...metadata, managedFields }, spec: { selector, template } });
    expect(view.metadata.managers).toEqual([
      { manager: "helm", operation: "Update", time: Date.UTC(2026, 0, 1), ofSpec: true },
      { manager: "kcm", operation: "Update", subresource: "status" },
    ]);
  });

  test("keeps who said how many pods there are, or where", () => {
    const own = (fields: object) => ({ manager: "m", operation: "Update", fieldsV1: { "f:spec": fields } });
    const selects = { "f:template": { "f:spec": { "f:nodeSelector": {} } } };
    const managedFields = [own({ "f:replicas": {} }), own(selects), own({ "f:template": { "f:spec": {} } })];
    const view = workloadView("Deployment")({ metadata: { ...metadata, managedFields }, spec: { selector, template } });
    expect(view.metadata.managers.map(({ ofPlaces }) => ofPlaces)).toEqual([true, true, undefined]);
  });

  test("says why its controller cannot create pods", () => {
    const conditions = [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }];
    const view = workloadView("Deployment")({ metadata, spec: { selector, template }, status: { conditions } });
    expect(view.status.createFailure).toBe("exceeded quota");
  });

  test("keeps its template, with fields that the operator knows nothing of", () => {
    const known = { ...template, spec: { ...template.spec, futureField: { deep: [1] } } };
    const view = workloadView("Deployment")({ metadata, spec: { selector, template: known } });
    expect(parseTemplate(view.template)).toEqual({ labels: { a: "b" }, annotations: {}, spec: known.spec });
  });
});

describe("a pod", () => {
  const spec = {
    nodeName: "host",
    containers: [{ name: "c", image: "i" }],
    volumes: [
      { name: "p", configMap: { name: "copy" } },
      { name: "s", secret: { secretName: "etc" } },
      { name: "e", emptyDir: {} },
    ],
  };

  test("says which configuration it mounts and on which host", () => {
    expect(podView({ metadata, spec })).toMatchObject({
      nodeName: "host",
      phase: "Pending",
      ready: false,
      sources: { p: "ConfigMap/copy", s: "Secret/etc" },
    });
  });

  test("says what keeps it from running", () => {
    const status = {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" }],
      containerStatuses: [
        { name: "c", image: "i", state: { waiting: { reason: "ImagePullBackOff", message: "x".repeat(9999) } } },
      ],
    };
    const view = podView({ metadata, spec, status });
    expect(view.unschedulable).toBe("0/3 nodes");
    expect(view.states[0]?.waiting?.reason).toBe("ImagePullBackOff");
    expect(view.states[0]?.waiting?.message).toHaveLength(512);
  });

  test("that is being deleted says until when at the latest", () => {
    const view = podView({ metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:30Z" }, spec });
    expect(view.metadata.deletingSince).toBe(Date.UTC(2026, 0, 1, 0, 0, 30));
  });
});

describe("a Job", () => {
  const spec = { template: { spec: { containers: [] } } };
  const ended = (type: string): KubeObject => ({
    metadata,
    spec,
    status: {
      conditions: [{ type, status: "True", reason: "R", message: "M", lastTransitionTime: "2026-01-01T00:00:00Z" }],
    },
  });
  test("runs until a condition says otherwise", () => {
    expect(jobView({ metadata, spec }).state).toBe("running");
    expect(jobView(ended("SuccessCriteriaMet")).state).toBe("running");
    expect(jobView(ended("Complete")).state).toBe("succeeded");
    expect(jobView(ended("Failed"))).toMatchObject({ state: "failed", failure: { reason: "R", message: "M" } });
  });

  test("that somebody suspended is not over, and does not go on", () => {
    expect(jobView({ metadata, spec: { ...spec, suspend: true } })).toMatchObject({
      state: "running",
      suspended: true,
    });
    expect(jobView({ metadata, spec: { ...spec, suspend: false } })).not.toHaveProperty("suspended");
  });
});

describe("configuration", () => {
  test("of a Secret is decoded, and what is too large to parse is there without its text", () => {
    const data = { a: Buffer.from("text").toString("base64"), b: Buffer.alloc(65 * 1024, 65).toString("base64") };
    const view = configView("Secret")({ metadata, data, immutable: true });
    expect(view.immutable).toBe(true);
    expect(view.data.get("a")).toBe("text");
    expect(view.data.has("b")).toBe(true);
    expect(view.data.get("b")).toBeUndefined();
  });

  test("with a key called __proto__ is a key like any other", () => {
    const data: unknown = JSON.parse('{"__proto__": "x", "constructor": "y"}');
    const view = configView("ConfigMap")({ metadata, data });
    expect(view.data.get("constructor")).toBe("y");
    expect({}).not.toHaveProperty("x");
  });

  const record = {
    metadata: {
      ...metadata,
      labels: { [LABEL.purpose]: "attempt" },
      ownerReferences: [{ apiVersion: "a/v1", kind: "CeilometerUpgrade", name: "a", uid: "u", controller: true }],
    },
    data: { "attempt.json": "{}", "pipeline.yaml": "long" },
    immutable: true,
  };

  test("that the operator made keeps its record and not its copies", () => {
    const own = ownConfigView(record);
    expect(own).toMatchObject({ body: "{}", immutable: true });
    expect(JSON.stringify(own)).not.toContain("long");
  });

  test.each<readonly [string, KubeObject]>([
    ["purpose", { ...record, metadata: { ...record.metadata, labels: {} } }],
    ["owner", { ...record, metadata: { ...record.metadata, ownerReferences: [] } }],
    ["promise to stay as it is", { ...record, immutable: false }],
  ])("that has the operator's label and no %s is no record, and nothing of it is kept", (_, object) => {
    expect(ownConfigView(object).body).toBeUndefined();
  });

  test.each([undefined, "derived"])(
    "that has the operator's label, of purpose %s, and a megabyte of keys is not digested",
    (purpose) => {
      const data = Object.fromEntries(Array.from({ length: 80_000 }, (_, index) => [`k${index}`, "1"]));
      const labels = purpose === undefined ? {} : { [LABEL.purpose]: purpose };
      expect(ownConfigView({ metadata: { ...metadata, labels }, data }).digests.size).toBe(0);
    },
  );

  test("that is a copy is known by the digest of its text", () => {
    const labels = { [LABEL.purpose]: "configuration" };
    expect(ownConfigView({ metadata: { ...metadata, labels }, data: { a: "b" } }).digests.size).toBe(1);
  });
});
