/**
 * A word is planted wherever the operator may read a secret: in the agents' configuration, which it reads from a Secret or a
 * ConfigMap, in the environment and annotations of workloads, in the logs of pods and the credentials of a provider. Whole
 * upgrades, logged at level debug, show it nowhere.
 */
import { appendFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { logDirectory } from "../../tools/control-plane/pod-logs.ts";
import { startBroker } from "./broker.ts";
import { allowing } from "./fixtures/notification.ts";
import { changedPipeline, modern, type Topology, workloadsOf } from "./fixtures/topology.ts";
import { eventually } from "./resource.ts";
import { inScene, type Scene, type SceneOptions } from "./scene.ts";
import { startTraceCollector } from "./trace-collector.ts";
import { startWebhook } from "./webhook.ts";

const CANARY = "c4n4ry";
/** As a Secret's data shows it, with whatever number of bytes before it. */
const ENCODED = [0, 1, 2].map((before) => {
  const text = Buffer.from("x".repeat(before) + CANARY).toString("base64");
  // Letters that hold bits of a neighbour are others elsewhere.
  return text.replace(/.=+$/, "").slice(Math.ceil((before * 8) / 6));
});
const SAID = "ceilometer.polling.manager rabbit://ceilometer";

/** Every password of an example is the word "password". */
const treated = (topology: Topology): Topology => {
  const planted = topology.objects.reduce(
    (changed, { kind, metadata }) =>
      kind === "Secret" || kind === "ConfigMap"
        ? changed.object(`${kind}/${metadata.name}`, (object) => {
            for (const field of ["data", "stringData"])
              object[field] = JSON.parse(JSON.stringify(object[field] ?? {}).replaceAll("password", CANARY));
          })
        : changed,
    topology,
  );
  return workloadsOf(planted).reduce(
    (changed, { metadata: { name } }) =>
      changed.workload(name, ({ metadata, spec }) => {
        metadata.annotations = { ...metadata.annotations, note: `https://me:${CANARY}@elsewhere.example` };
        for (const container of spec.template.spec.containers)
          container["env"] = [{ name: "OS_PASSWORD", value: CANARY }];
      }),
    planted,
  );
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Into the logs of all pods that there are. */
async function speak({ cluster, namespace }: Scene): Promise<void> {
  const pods = await readdir(logDirectory(cluster.dir, namespace, ""));
  for (const pod of pods) {
    const folder = logDirectory(cluster.dir, namespace, pod);
    for (const file of await readdir(folder)) {
      const said = [`ERROR ${SAID}:${CANARY}@broker`, `Unable to load publisher gnocchi://${CANARY}@x`];
      const lines = said.map((line) => `${new Date().toISOString()} stdout F ${line}\n`).join("");
      await appendFile(join(folder, file), lines);
    }
  }
}

/** What the operator wrote into the cluster, or changed there. Templates still have what was planted in them. */
async function written({ kubectl }: Scene): Promise<ReadonlyMap<string, string>> {
  const own = ["-l", "app.kubernetes.io/managed-by=ceilometer-upgrade-operator"];
  return new Map([
    ["resource", await kubectl("get", "cmu", "-o", "json", "--show-managed-fields")],
    ["Events", await kubectl("get", "events.events.k8s.io", "-o", "json")],
    ["ConfigMaps", await kubectl("get", "configmaps", ...own, "-o", "json")],
    ["leases", await kubectl("get", "leases", "-o", "json")],
  ]);
}

async function upgraded(options: SceneOptions): Promise<void> {
  await using webhook = await startWebhook();
  await using collector = await startTraceCollector();
  await using broker = await startBroker(0);
  const folder = await mkdtemp(join(tmpdir(), "canary-"));
  const [password, providers] = [join(folder, "password"), join(folder, "providers.json")];
  await writeFile(password, CANARY);
  const provider = { name: "secretive", url: broker.url, usernameFile: password, passwordFile: password };
  await writeFile(providers, JSON.stringify({ providers: [provider] }));
  const port = await freePort();
  const flags = [`--metrics-address=127.0.0.1:${port}`, `--notify=${webhook.file}`, `--providers=${providers}`];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
  const topology = options.topology.wish((spec) => {
    const http = { provider: "secretive", path: "/", pointer: "/items/0/messages", max: "0" };
    spec.gates = [{ name: "empty", before: "notification", http }];
  });
  await inScene({ ...options, topology, flags, env }, async (scene) => {
    await speak(scene);
    await scene.apply();
    await scene.succeed({ timeout: 200_000 });
    const told = async (): Promise<boolean> => webhook.received.at(-1)?.type.endsWith("completed") === true;
    await eventually(told, () => "it is told to be completed", 30_000);
    const traced = async (): Promise<boolean> => collector.bodies.length > 0;
    await eventually(traced, () => "its trace is sent", 30_000);
    const texts = new Map([
      ...(await written(scene)),
      ["log", JSON.stringify(scene.logged())],
      ["metrics", await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()],
      ["notifications", JSON.stringify(webhook.received)],
      ["traces", collector.bodies.join()],
    ]);
    // All of it was in use, or nothing would have been shown.
    expect(broker.asked).not.toEqual([]);
    for (const [where, text] of texts) {
      expect(text.length, where).toBeGreaterThan(20);
      for (const word of [CANARY, ...ENCODED]) expect(text, where).not.toContain(word);
    }
  });
  await rm(folder, { recursive: true });
}

test.concurrent("a full upgrade whose configuration is in a Secret that it reads", () =>
  upgraded({ topology: treated(modern()), secrets: ["ceilometer-etc"] }));

test.concurrent("a partial upgrade whose pipelines differ, with its configuration in a ConfigMap", () =>
  upgraded(allowing(treated(changedPipeline()), 1, "P3")));
