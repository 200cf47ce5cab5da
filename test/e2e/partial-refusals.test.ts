/**
 * What a partial upgrade of classic agents is refused for before the first write: each says its reason, the object and a remedy, and
 * nothing is written.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { changedOption, edited, NOTIFICATION, treated } from "./fixtures/notification.ts";
import { changedPipeline, drained, type KubeObject, partialClassic, type Topology } from "./fixtures/topology.ts";
import { inScene } from "./scene.ts";

interface Case {
  readonly name: string;
  readonly topology: Topology;
  readonly reason: string;
  readonly object: string;
  /** Parts of the message and the remedy that a person needs. */
  readonly says: string;
  readonly remedy: string;
}

const configMap = (name: string, data: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

/** One file of the notification agents from another object. */
const mounting = (topology: Topology, file: string, volume: Readonly<Record<string, unknown>>): Topology =>
  topology.workload("ceilometer-notification", ({ spec }) => {
    const pod = spec.template.spec;
    pod["volumes"] = [...z.array(z.unknown()).parse(pod["volumes"]), { name: "more", ...volume }];
    for (const container of pod.containers) {
      const mount = z.array(z.looseObject({ mountPath: z.string() })).parse(container["volumeMounts"]);
      const others = mount.filter(({ mountPath }) => mountPath !== file);
      const own = { name: "more", mountPath: file, subPath: file.split("/").at(-1), readOnly: true };
      container["volumeMounts"] = [...others, own];
    }
  });

const secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "pipelines" },
  stringData: { "pipeline.yaml": "" },
};
const script = "#!/bin/bash\nexec ceilometer-agent-notification --config-file /etc/ceilometer/ceilometer.conf\n";

const cases: readonly Case[] = [
  {
    name: "internal queues that nothing empties",
    topology: drained().wish(({ components }) => delete components.notification?.drain),
    reason: "DrainNotConfigured",
    object: NOTIFICATION,
    says: "agents of queens do not read the internal queues of pike",
    remedy: "spec.components.notification.drain",
  },
  {
    name: "a pipeline that goes, so that its queue would be left unread",
    topology: edited(changedPipeline(), "ceilometer-ocata", "pipeline.yaml", (text) =>
      text.replaceAll("meter_source", "other_source"),
    ),
    reason: "DrainNotConfigured",
    object: NOTIFICATION,
    says: "meter_source:meter_sink",
    remedy: "acknowledged",
  },
  {
    name: "a provider that the operator is not configured with",
    topology: drained(),
    reason: "ProviderUnknown",
    object: "Provider/rabbitmq",
    says: "no provider of that name",
    remedy: "providers of the operator's chart",
  },
  {
    name: "agents that share their work by a pipeline in a Secret that may change",
    topology: mounting(partialClassic().with(secret), "/etc/ceilometer/pipeline.yaml", {
      secret: { secretName: "pipelines" },
    }),
    reason: "PipelineUnknown",
    object: NOTIFICATION,
    says: "what the new agents will load of pipeline.yaml is not known",
    remedy: "immutable ConfigMap or Secret",
  },
  {
    name: "agents that a script starts, to whose command line no file can be appended",
    topology: mounting(drained().with(configMap("bin", { "start.sh": script })), "/tmp/start.sh", {
      configMap: { name: "bin", defaultMode: 0o555 },
    }).workload("ceilometer-notification", ({ spec }) => {
      for (const container of spec.template.spec.containers) container.command = ["/tmp/start.sh"];
    }),
    reason: "OverlayImpossible",
    object: NOTIFICATION,
    says: "script",
    remedy: "container's own command",
  },
  {
    name: "a StatefulSet whose pods nobody replaces",
    topology: partialClassic()
      .stateful("ceilometer-collector")
      .workload("ceilometer-collector", ({ spec }) => Object.assign(spec, { updateStrategy: { type: "OnDelete" } })),
    reason: "UpdateOnDelete",
    object: "StatefulSet/ceilometer-collector",
    says: "never replace an old pod",
    remedy: "RollingUpdate",
  },
  {
    name: "an option that decides what is read, and that the target ignores",
    topology: changedOption(
      partialClassic().tagged("ocata"),
      "ceilometer-newton",
      "DEFAULT",
      "nova_control_exchange = mine",
    ).wish((spec) => {
      spec.from = { release: "ocata" };
      spec.target = { release: "pike", image: "quay.io/example/ceilometer:pike" };
    }),
    reason: "OptionRemoved",
    object: NOTIFICATION,
    says: "nova_control_exchange",
    remedy: "notification_control_exchanges",
  },
  {
    name: "a pipeline that the old release cannot load, though it has to for a while",
    topology: edited(changedPipeline(), "ceilometer-ocata", "pipeline.yaml", (text) =>
      text.replace("http://billing.openstack-changed.svc/samples", "gnocchi://"),
    ),
    reason: "ConfigurationInvalid",
    object: "ConfigMap/ceilometer-ocata",
    says: "in newton, whose agents are loaded with it first",
    remedy: "reload: Merge",
  },
];

test.concurrent.for(cases)("$name: $reason", ({ topology, reason, object, says, remedy }) =>
  inScene({ topology: treated(topology) }, async (scene) => {
    await scene.apply();
    const hold = await scene.stalled(reason);
    expect(hold.object).toBe(object);
    expect(hold.message).toContain(says);
    expect(hold.remedy).toContain(remedy);
    expect(scene.effects()).toEqual([]);
    expect(await scene.verdict({ ended: false })).toEqual([]);
  }),
);

/** Old and new definitions of meters; the new ones drop one. */
function fewerMeters(): Topology {
  const meter = (name: string): string =>
    `  - name: ${name}\n    event_type: [image.*]\n    type: gauge\n    unit: image\n    volume: 1\n    resource_id: $.payload.id\n`;
  const before = `metric:\n${meter("image")}${meter("image.download")}`;
  const topology = partialClassic()
    .with({ ...configMap("meters", { "meters.yaml": before }), immutable: true })
    .with({ ...configMap("meters-ocata", { "meters.yaml": `metric:\n${meter("image")}` }), immutable: true });
  return mounting(topology, "/etc/ceilometer/meters.yaml", { configMap: { name: "meters" } }).wish(({ target }) => {
    target.config = { definitions: [{ kind: "ConfigMap", name: "meters-ocata", key: "meters.yaml" }] };
  });
}

test.concurrent("a definition that goes holds, unless it is accepted by name, for a time; the history keeps that", () =>
  inScene({ topology: fewerMeters() }, async (scene) => {
    await scene.apply();
    const { object, message, remedy } = await scene.stalled("DefinitionRemoved");
    expect(message).toContain("image.download");
    expect(remedy).toContain("spec.acceptedRisks");
    expect(scene.effects()).toEqual([]);

    const risk = { check: "DefinitionRemoved", object, reason: "nobody has used it for two releases" };
    const expired = { ...risk, expiresAt: "2020-01-01T00:00:00Z" };
    await scene.edit({ acceptedRisks: [expired] });
    const again = await scene.stalled("DefinitionRemoved");
    expect(again.resource.status.preflight.map(({ check }) => check)).toContain("AcceptedRiskExpired");
    expect(scene.effects()).toEqual([]);

    await scene.edit({ acceptedRisks: [{ ...risk, expiresAt: "2099-01-01T00:00:00Z" }] });
    const done = await scene.succeed();
    expect(done.status.history[0]?.acceptedRisks).toEqual([expect.objectContaining({ check: risk.check, object })]);
  }));
