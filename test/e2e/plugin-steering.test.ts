/** The plugin's verbs on a running operator: each is waited for until it is taken, and does what it says. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { modern } from "./fixtures/topology.ts";
import { installPlugin, type Plugin } from "./plugin.ts";
import { conditionOf } from "./resource.ts";
import { inScene, type Scene } from "./scene.ts";

let plugin: Plugin;
beforeAll(async () => {
  plugin = await installPlugin();
});
afterAll(() => plugin[Symbol.asyncDispose]());

/** Answers what it said; it has to end well. */
async function ok({ cluster, namespace }: Scene, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await plugin.kubectl(cluster, [...args, "-n", namespace]);
  expect(code, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

const awaitingPolling = () =>
  modern().wish((spec) => Object.assign(spec, { approvals: [{ before: "polling" }, { before: "notification" }] }));

test.concurrent("approve what is awaited, point by point, with a pause in between", () =>
  inScene({ topology: awaitingPolling() }, async (scene) => {
    await scene.apply();
    await scene.until({ type: "AwaitingApproval", status: "True" });
    expect(await ok(scene, "approve", "--wait")).toMatch(/: notification is approved for plan [0-9a-f]{16}\n/);
    await scene.until({ type: "NotificationUpgraded", status: "True" });
    await scene.until({ type: "AwaitingApproval", status: "True" });

    expect(await ok(scene, "pause", "--wait")).toContain("the operator has taken it\n");
    await ok(scene, "approve", "--before", "polling", "--wait", "-o", "name");
    await scene.until({ type: "Paused", status: "True" });
    const why = await plugin.kubectl(scene.cluster, ["why", "-n", scene.namespace]);
    expect(why.code).toBe(1);
    expect(why.stdout).toContain("Paused; one thing blocks it");
    await ok(scene, "resume", "--wait");
    await scene.succeed();
  }));

test.concurrent("abort, see it stopped, go back; then retry brings it to the target", () =>
  inScene({ topology: awaitingPolling() }, async (scene) => {
    await scene.apply();
    await scene.until({ type: "AwaitingApproval", status: "True" });
    await ok(scene, "approve", "--before", "notification", "--wait");
    await scene.until({ type: "NotificationUpgraded", status: "True" });
    await ok(scene, "abort", "--wait");
    await scene.until({ type: "Stalled", status: "True", reason: "Aborted" });
    const status = await plugin.kubectl(scene.cluster, ["status", "--exit-code", "-n", scene.namespace]);
    expect(status.code).toBe(1);
    expect(status.stdout).toContain("State              Aborted");

    await ok(scene, "rollback", "--wait");
    const watched = await plugin.kubectl(scene.cluster, ["status", "-w", "-n", scene.namespace]);
    expect(watched.code).toBe(1);
    expect(watched.stdout).toContain("upgrade: RolledBack");
    expect(await ok(scene, "history")).toMatch(/RolledBack/);

    await ok(scene, "retry", "--spec", "--wait");
    const awaiting = await scene.until({ type: "AwaitingApproval", status: "True" });
    expect(conditionOf(awaiting, "Succeeded")?.status).not.toBe("True");
    await ok(scene, "approve", "--before", "notification");
    await scene.until({ type: "NotificationUpgraded", status: "True" });
    await ok(scene, "approve", "--before", "polling");
    await scene.until({ type: "Succeeded", status: "True" });
  }));
