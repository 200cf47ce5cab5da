/** A rehearsal of what runs: on a control plane of its own, and without a write where it was taken from. */
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { modern } from "./fixtures/topology.ts";
import { installPlugin, type Plugin } from "./plugin.ts";
import { inScene } from "./scene.ts";

let plugin: Plugin;
beforeAll(async () => {
  plugin = await installPlugin();
});
afterAll(() => plugin[Symbol.asyncDispose]());

test("what runs is upgraded in a copy, shown step by step, and left alone itself", () => {
  const topology = modern().wish((spec) => Object.assign(spec, { mode: "Plan", approvals: [{ before: "polling" }] }));
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    await scene.until({ type: "Ready", status: "False", reason: "Planned" });
    const versions = () =>
      scene.kubectl("get", "deployments,daemonsets,configmaps", "-o", "jsonpath={.items[*].metadata.resourceVersion}");
    const before = await versions();
    const args = ["rehearse", "-n", scene.namespace, "--checkout", resolve("."), "--nodes", "2"];
    const { code, stdout, stderr } = await plugin.kubectl(scene.cluster, args);
    expect(code, stdout + stderr).toBe(0);
    expect(stderr).toContain("not as in the cluster: spec.approvals: nobody is waited for\n");
    expect(stdout).toContain("What happened to the pods");
    expect(stdout).toMatch(/polling +DaemonSet\/ceilometer-compute +2025\.1 x2 -> 2025\.2 x2/);
    expect(stdout).toMatch(/Succeeded after .* s: every component was brought to 2025\.2\n$/);
    expect(await versions()).toBe(before);
    expect(scene.effects()).toEqual([]);
  });
});
