/** What people see of an upgrade from outside: metrics, Events and notifications of whole upgrades, Full and Partial. */
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { z } from "zod";
import { metricNames } from "../../src/observability/metric-table.ts";
import { modern, partialClassic } from "./fixtures/topology.ts";
import { eventually } from "./resource.ts";
import { inScene, type Scene } from "./scene.ts";
import { type CollectedSpan, startTraceCollector, type TraceCollector } from "./trace-collector.ts";
import { startWebhook, type Webhook } from "./webhook.ts";

const eventSchema = z.object({
  items: z.array(
    z.object({
      // Controllers of the cluster write Events of the older form, without it.
      eventTime: z.string().nullable(),
      type: z.string(),
      reason: z.string(),
      note: z.string(),
      regarding: z.object({ kind: z.string() }),
    }),
  ),
});

/** The resource's Events, once it is complete, in the order in which they were written: reason and clause, warnings marked. */
async function storyOf(scene: Scene): Promise<readonly string[]> {
  let story: readonly string[] = [];
  const complete = async (): Promise<boolean> => {
    story = await eventsOf(scene);
    return story.at(-1) === "Completed";
  };
  await eventually(complete, () => `the last Event is Completed: ${story.join()}`, 30_000);
  return story;
}

/** What repeats at once is told once. */
async function eventsOf(scene: Scene): Promise<readonly string[]> {
  const list = await scene.kubectl("get", "events.events.k8s.io", "-o", "json");
  const events = eventSchema
    .parse(JSON.parse(list))
    .items.filter(({ regarding }) => regarding.kind === "CeilometerUpgrade")
    .toSorted((a, b) => ((a.eventTime ?? "") < (b.eventTime ?? "") ? -1 : 1));
  return events
    .map(({ type, reason, note }) => {
      const clause = / (\([FP]\d\))$/.exec(note)?.[0] ?? "";
      return `${type === "Warning" ? "! " : ""}${reason}${clause}`;
    })
    .filter((line, at, all) => line !== all[at - 1]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Names of the metrics that have a value. */
const emitted = (page: string): ReadonlySet<string> => {
  const histograms = [...page.matchAll(/^# TYPE (\S+) histogram$/gm)].map(([, name = ""]) => name);
  return new Set(
    [...page.matchAll(/^(\w+)(?:\{.*\})? \S+$/gm)].map(([, name = ""]) => {
      const base = name.replace(/_(bucket|sum|count)$/, "");
      return histograms.includes(base) ? base : name;
    }),
  );
};

const kinds = ({ received }: Webhook): readonly string[] =>
  received.map(({ type }) => type.replace("org.openstack.ceilometer.upgrade.", ""));

const arrives = (webhook: Webhook, kind: string): Promise<void> =>
  eventually(
    async () => kinds(webhook).at(-1) === kind,
    () => `the last notification is ${kind}: ${kinds(webhook).join()}`,
    30_000,
  );

test.concurrent("a full upgrade emits every metric and no other, tells its Events in order, and does not care for a webhook that hangs", async () => {
  await using webhook = await startWebhook();
  webhook.hang(true);
  const port = await freePort();
  const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const flags = [`--metrics-address=127.0.0.1:${port}`, "--leader-elect", `--notify=${webhook.file}`];
  const topology = modern();
  const { image } = topology.spec.target;
  await inScene({ topology, flags }, async (scene) => {
    await scene.apply(
      topology.wish((spec) => {
        spec.target.image = "elsewhere.example/ceilometer:2025.2";
        spec.maintenanceWindows = [{ schedule: "* * * * *", durationSeconds: 3600 }];
        spec.acceptedRisks = [
          { check: "DefinitionRemoved", object: "meters.yaml/a", reason: "known", expiresAt: "2099-01-01T00:00:00Z" },
        ];
      }),
    );
    await scene.stalled("ImageNotAllowed");
    const held = emitted(await scrape());
    scene.proxy.breakConnections();
    await scene.edit({ target: { image } });
    await scene.succeed();
    expect(webhook.asked).toBeGreaterThan(0);
    expect(webhook.received).toEqual([]);
    expect([...held.union(emitted(await scrape()))].toSorted()).toEqual(metricNames().toSorted());
    expect(await storyOf(scene)).toEqual([
      "! ImageNotAllowed",
      "AttemptStarted",
      "MigratingDatabase (F1)",
      "TakingDown (F3)",
      "Starting (F3)",
      "TakingDown (F4)",
      // For each of the three polling workloads.
      "StartingFirst (F4)",
      "StartingRest (F4)",
      "StartingFirst (F4)",
      "StartingRest (F4)",
      "StartingFirst (F4)",
      "StartingRest (F4)",
      "Completed",
    ]);
    webhook.hang(false);
    await arrives(webhook, "completed");
    expect(kinds(webhook)).toEqual(["held", "started", ...Array<string>(3).fill("step.succeeded"), "completed"]);
    await scene.kubectl("delete", "cmu", "ceilometer");
    const gone = async (): Promise<boolean> => !(await scrape()).includes(`namespace="${scene.namespace}"`);
    await eventually(gone, async () => `no series of the resource is left: ${await scrape()}`, 20_000);
  });
});

/** The attempt is a span with its five steps below, and every step that wrote has its writes below. */
async function traced({ spans }: TraceCollector): Promise<void> {
  const attempt = () => spans.find(({ name }) => name.startsWith("upgrade to "));
  await eventually(
    async () => attempt() !== undefined,
    () => `the attempt's span has come: ${spans.map(({ name }) => name).join()}`,
    30_000,
  );
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  const below = (parent: CollectedSpan | undefined) =>
    spans.filter(({ parentSpanId }) => parentSpanId !== undefined && parentSpanId === parent?.spanId);
  const step = (name: string) => below(attempt()).find((span) => span.name === name);
  expect(below(step("database")).map(({ name }) => name)).toEqual(["MigratingDatabase"]);
  expect(below(step("collector")).map(({ name }) => name)).toEqual(["Rolling"]);
  expect(below(step("api")).map(({ name }) => name)).toEqual(["TakingDown", "Starting"]);
  expect(step("notification")).toBeDefined();
  expect(step("polling")).toBeDefined();
}

test.concurrent("a partial upgrade tells its Events in order, is one trace, and an operator that was killed notifies under the same ids", async () => {
  await using webhook = await startWebhook();
  await using collector = await startTraceCollector();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
  await inScene({ topology: partialClassic(), flags: [`--notify=${webhook.file}`], env }, async (scene) => {
    await scene.apply();
    await scene.succeed();
    expect(await storyOf(scene)).toEqual([
      "AttemptStarted",
      "MigratingDatabase (F1)",
      "Rolling (P2)",
      "Rolling (P3)",
      "Rolling (P4)",
      "TakingDown (P5)",
      "Starting (P5)",
      "Completed",
    ]);
    await arrives(webhook, "completed");
    const before = webhook.received.map(({ id }) => id);
    expect(kinds(webhook)).toEqual(["started", ...Array<string>(5).fill("step.succeeded"), "completed"]);
    await traced(collector);
    await scene.crash();
    const again = async (): Promise<boolean> => webhook.received.length >= 2 * before.length;
    await eventually(again, () => `told again: ${kinds(webhook).join()}`, 30_000);
    expect(webhook.received.slice(before.length).map(({ id }) => id)).toEqual(before);
  });
});
