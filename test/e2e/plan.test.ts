/** `mode: Plan` on a real control plane: nothing is written but status; Apply then does what the plan said, step for step. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { classic, modern, type Topology } from "./fixtures/topology.ts";
import { conditionOf, eventually } from "./resource.ts";
import { inScene, type Scene } from "./scene.ts";

const planned = (topology: Topology): Topology => topology.wish((spec) => Object.assign(spec, { mode: "Plan" }));

const eventsSchema = z.object({
  items: z.array(
    z.object({
      reason: z.string(),
      note: z.string(),
      eventTime: z.string().nullable(),
      regarding: z.object({ kind: z.string() }),
    }),
  ),
});

/** What the operator did, in its own words and order: `<action> <clause>: <sentence>`, as a step of a plan says it. */
async function deeds(scene: Scene): Promise<readonly string[]> {
  const { items } = eventsSchema.parse(JSON.parse(await scene.kubectl("get", "events.events.k8s.io", "-o", "json")));
  return items
    .filter(({ regarding, note }) => regarding.kind === "CeilometerUpgrade" && / \([A-Z]\d\)$/.test(note))
    .filter(({ reason }) => reason !== "AttemptStarted")
    .toSorted((a, b) => ((a.eventTime ?? "") < (b.eventTime ?? "") ? -1 : 1))
    .map(({ reason, note }) => `${reason} ${note.slice(-3, -1)}: ${note.slice(0, -5)}`);
}

/** Which host is the first may change until the attempt begins: it is one on which an agent has been seen to poll by then. */
const onSomeHost = (said: unknown): unknown => JSON.parse(JSON.stringify(said).replaceAll(/host worker-\d/g, "a host"));

const planSchema = z.object({
  hash: z.string(),
  steps: z.array(z.object({ action: z.string(), object: z.string() })),
});

/** What `npm run plan` prints from the cluster, without the first hosts: it asks no agent whether it polls. */
async function printed(scene: Scene): Promise<z.infer<typeof planSchema>> {
  const folder = await mkdtemp(join(tmpdir(), "plan-"));
  try {
    const file = join(folder, "upgrade.json");
    const metadata = { name: "ceilometer", namespace: scene.namespace };
    const resource = { apiVersion: "ceilometer.openstack.org/v1alpha1", kind: "CeilometerUpgrade", metadata };
    await writeFile(file, JSON.stringify({ ...resource, spec: scene.topology.spec }));
    const flags = ["-f", file, "--kubeconfig", scene.cluster.kubeconfig, "--pod-logs", "-o", "json"];
    const { stdout } = await promisify(execFile)(process.execPath, ["src/cli/main.ts", "plan", ...flags]);
    return planSchema.parse(JSON.parse(stdout));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test.concurrent.each([
  ["a Ceilometer of today", modern],
  ["all five components", classic],
] as const)("the plan of %s is what is done", (_, topology) =>
  inScene({ topology: planned(topology()) }, async (scene) => {
    await scene.apply();
    const seen = await scene.until({ type: "Ready", status: "False", reason: "Planned" });
    expect(scene.effects()).toEqual([]);
    expect(seen.metadata.finalizers).toEqual([]);
    expect(conditionOf(seen, "PreflightPassed")?.status).toBe("True");
    expect(conditionOf(seen, "Reconciling")?.status).toBe("False");
    const { hash, steps = [] } = seen.status.plan ?? {};
    expect(hash).toMatch(/^[0-9a-f]{16}$/);

    expect(await printed(scene)).toEqual({ hash, steps: steps.map(({ action, object }) => ({ action, object })) });

    await scene.edit({ mode: "Apply" });
    const done = await scene.succeed();
    expect(onSomeHost(done.status.plan)).toEqual(onSomeHost(seen.status.plan));
    const said = onSomeHost(steps.map(({ action, why }) => `${action} ${why}`));
    let did: readonly string[] = [];
    const told = async (): Promise<boolean> => {
      did = await deeds(scene);
      return did.length >= steps.length;
    };
    await eventually(told, () => `the Events tell only of ${JSON.stringify(did)}`, 30_000);
    expect(onSomeHost(did)).toEqual(said);
  }),
);

test.concurrent("a plan that is held names what holds it, and writes nothing either", () => {
  const topology = planned(modern()).wish(({ components }) => {
    components.notification?.targets.push({ kind: "Deployment", name: "ceilometer-none" });
  });
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    const hold = await scene.stalled("TargetNotFound");
    expect(hold.object).toBe("Deployment/ceilometer-none");
    expect(hold.resource.status.plan).toBeUndefined();
    expect(scene.effects()).toEqual([]);
  });
});
