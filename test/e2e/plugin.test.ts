/** The plugin beside a running operator, through the real kubectl: what it shows of an upgrade, and that it ends with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { modern } from "./fixtures/topology.ts";
import { installPlugin, type Plugin } from "./plugin.ts";
import { inScene, type Scene } from "./scene.ts";

let plugin: Plugin;
beforeAll(async () => {
  plugin = await installPlugin();
});
afterAll(() => plugin[Symbol.asyncDispose]());

const call = ({ cluster, namespace }: Scene, ...args: readonly string[]) =>
  plugin.kubectl(cluster, [...args, "-n", namespace]);

const statusSchema = z.object({
  state: z.string(),
  steps: z.array(z.object({ name: z.string(), state: z.string(), children: z.array(z.object({ name: z.string() })) })),
});

test.concurrent("a watched upgrade ends by itself, having told every step; afterwards it is history", () =>
  inScene({ topology: modern() }, async (scene) => {
    await scene.apply();
    const watched = await call(scene, "status", "--watch");
    expect(watched.stderr).toBe("");
    expect(watched.code).toBe(0);
    const lines = watched.stdout.split("\n").map((line) => line.slice(10));
    expect(lines).toContain("database: Succeeded");
    expect(lines).toContain("polling: Succeeded");
    expect(lines.filter((line) => line.startsWith("DaemonSet/ceilometer-compute: new, 2025.2, "))).not.toEqual([]);
    expect(lines.filter((line) => line.startsWith("upgrade: Succeeded: Completed"))).toHaveLength(1);

    const { code, stdout } = await call(scene, "status", "--exit-code", "-o", "json");
    expect(code).toBe(0);
    const { state, steps } = statusSchema.parse(JSON.parse(stdout));
    expect(state).toBe("Succeeded");
    expect(steps.map(({ name }) => name)).toEqual(["database", "notification", "polling"]);
    expect(steps[0]?.children[0]?.name).toMatch(/^Job\//);

    const why = await call(scene, "why");
    expect(why.code).toBe(0);
    expect(why.stdout).toContain("Succeeded; nothing blocks it");

    const history = await call(scene, "history");
    expect(history.stdout).toMatch(
      /^NAMESPACE +NAME +PLAN .*\n\S+ +ceilometer +[0-9a-f]{16} +2025\.1 +2025\.2 +Completed /,
    );
    const all = await call(scene, "status", "-A");
    expect(all.stdout).toMatch(new RegExp(`^${scene.namespace} +ceilometer +2025\\.2 +2025\\.2 +Done +Succeeded`, "m"));
    expect(await scene.verdict()).toEqual([]);
  }));

test.concurrent("what holds an upgrade is named with its remedy, and the watch gives up when it stays", () => {
  const topology = modern().wish(({ components }) => {
    components.notification?.targets.push({ kind: "Deployment", name: "ceilometer-none" });
  });
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    await scene.stalled("TargetNotFound");
    const why = await call(scene, "why");
    expect(why.code).toBe(1);
    expect(why.stdout).toContain("Held; one thing blocks it\n\nTargetNotFound  Deployment/ceilometer-none\n");
    expect(why.stdout).toContain("more  docs/runbook.md#targetnotfound\n");
    expect((await call(scene, "status", "--exit-code")).code).toBe(1);
    expect((await call(scene, "status", "--watch", "--patience", "1s")).code).toBe(1);
    const plan = await call(scene, "plan", "--pod-logs");
    expect(plan.code).toBe(1);
    expect(plan.stdout).toContain("held before the first write: TargetNotFound");
    expect((await call(scene, "history")).stderr).toBe("no attempt has ended yet\n");
  });
});

test.concurrent("whoever interrupts a watch gets the prompt back, and 130", () =>
  inScene({ topology: modern().wish((spec) => Object.assign(spec, { paused: true })) }, async (scene) => {
    await scene.apply();
    await scene.until({ type: "Paused", status: "True" });
    const program = join(plugin.directory, "kubectl-ceilometer_upgrade");
    const child = spawn(program, ["status", "-w", "-n", scene.namespace], { env: plugin.env(scene.cluster) });
    const ended = once(child, "close");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await ended).toEqual([130, null]);
  }));
