/**
 * A word is planted wherever the operator may read a secret: in the agents' configuration, which it reads from a Secret or a
 * ConfigMap, in the environment and annotations of workloads, on the command line of a template that a Job is made of, in the logs
 * of pods and the credentials of a provider. Whole
 * upgrades, logged at level debug, show it nowhere, and neither does one that fails. Nor do they show the operator's own token.
 */
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { logDirectory } from "../../tools/control-plane/pod-logs.ts";
import { startBroker } from "./broker.ts";
import { lentCronJob } from "./cron-job.ts";
import { allowing } from "./fixtures/notification.ts";
import { changedPipeline, modern, type Topology, workloadsOf } from "./fixtures/topology.ts";
import { eventually, tell } from "./resource.ts";
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

const BACKUP = "dump";
const backup = lentCronJob(BACKUP, {
  image: "registry.example/dump:1",
  command: ["sh", "-c", `mysqldump --password=${CANARY}`],
  args: [CANARY],
});

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

interface End {
  readonly reach: (scene: Scene) => Promise<unknown>;
  /** How the type of the last notification ends. */
  readonly told: string;
  /** It ends before the gate of this test, and before an attempt is over, of which a trace would be sent. */
  readonly isEarly?: boolean;
}
const succeeded: End = { reach: (scene) => scene.succeed({ timeout: 200_000 }), told: "completed" };

async function upgraded(options: SceneOptions, { reach, told, isEarly = false }: End = succeeded): Promise<void> {
  await using webhook = await startWebhook();
  await using collector = await startTraceCollector();
  await using broker = await startBroker(0);
  const folder = await mkdtemp(join(tmpdir(), "canary-"));
  const [password, providers, tokenFile] = ["password", "providers.json", "token"].map((name) => join(folder, name));
  if (password === undefined || providers === undefined || tokenFile === undefined) throw new Error("three files");
  await writeFile(password, CANARY);
  const provider = { name: "secretive", url: broker.url, usernameFile: password, passwordFile: password };
  await writeFile(providers, JSON.stringify({ providers: [provider] }));
  const port = await freePort();
  const flags = [`--metrics-address=127.0.0.1:${port}`, `--notify=${webhook.file}`, `--providers=${providers}`];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
  const topology = options.topology.wish((spec) => {
    spec.components.database.backup = { jobFrom: { kind: "CronJob", name: BACKUP } };
    const http = { provider: "secretive", path: "/", pointer: "/items/0/messages", max: "0" };
    spec.gates = [{ name: "empty", before: "notification", http }];
  });
  await inScene({ ...options, topology, flags, env, tokenFile }, async (scene) => {
    await speak(scene);
    await scene.cluster.api.request("POST", `/apis/batch/v1/namespaces/${scene.namespace}/cronjobs`, backup);
    await scene.apply();
    await reach(scene);
    const isTold = async (): Promise<boolean> => webhook.received.at(-1)?.type.endsWith(told) === true;
    await eventually(isTold, () => `the last notification is not ${told}`, 30_000);
    const traced = async (): Promise<boolean> => isEarly || collector.bodies.length > 0;
    await eventually(traced, () => "its trace is not sent", 30_000);
    const texts = new Map([
      ...(await written(scene)),
      ["log", JSON.stringify(scene.logged())],
      ["metrics", await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()],
      ["notifications", JSON.stringify(webhook.received)],
      ...(isEarly ? [] : [["traces", collector.bodies.join()] as const]),
    ]);
    // All of it was in use, or nothing would have been shown.
    if (!isEarly) expect(broker.asked).not.toEqual([]);
    const token = (await readFile(tokenFile, "utf8")).trim();
    expect(token.length).toBeGreaterThan(100);
    for (const [where, text] of texts) {
      expect(text.length, where).toBeGreaterThan(20);
      for (const word of [CANARY, ...ENCODED, token]) expect(text, where).not.toContain(word);
    }
  });
  await rm(folder, { recursive: true });
}

test.concurrent("a full upgrade whose configuration is in a Secret that it reads", () =>
  upgraded({ topology: treated(modern()), secrets: ["ceilometer-etc"] }));

test.concurrent("a partial upgrade whose pipelines differ, with its configuration in a ConfigMap", () =>
  upgraded(allowing(treated(changedPipeline()), 1, "P3")));

test.concurrent("an upgrade whose migration fails, and says why in its log", () =>
  upgraded(
    {
      topology: treated(modern()).wish(({ target }) => Object.assign(target, { image: `${target.image}-jobfail` })),
      secrets: ["ceilometer-etc"],
    },
    {
      reach: async (scene) => {
        // Its log is asked for once, as soon as it has failed: the word has to be there before.
        const speaking = setInterval(() => void speak(scene).catch(() => undefined), 20);
        try {
          await scene.stalled("DatabaseUpgradeFailed");
          const isRead = async (): Promise<boolean> => /log says/.test(tell(await scene.resource()));
          await eventually(isRead, async () => `no word of the Job's log\n${tell(await scene.resource())}`, 30_000);
        } finally {
          clearInterval(speaking);
        }
      },
      told: "held",
      isEarly: true,
    },
  ));
