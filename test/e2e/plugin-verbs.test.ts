/** The plugin's verbs, through the real kubectl: what each of them writes. Nobody answers here: no operator runs. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { withCluster } from "../../src/cli/connection.ts";
import { storedOf, writeVerb } from "../../src/cli/verbs/write.ts";
import { UPGRADE } from "../../src/controllers/ceilometer-upgrade/resources.ts";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { modern } from "./fixtures/topology.ts";
import { installPlugin, type Plugin } from "./plugin.ts";
import { resourcePath } from "./resource.ts";
import { create, mergePatch, read, sharedCluster, uniqueName } from "./shared-cluster.ts";

const HASH = "0123456789abcdef";
const prefix = "ceilometer.openstack.org/";

let plugin: Plugin;
let cluster: ClusterAccess;
beforeAll(async () => {
  [plugin, cluster] = await Promise.all([installPlugin(), sharedCluster()]);
});
afterAll(() => plugin[Symbol.asyncDispose]());

const resourceSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.looseObject({}),
});

/** A namespace with resources that have a plan, and await an approval before polling. */
async function aPlace(...names: readonly string[]) {
  const namespace = uniqueName("verbs");
  await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (const name of names) {
    const metadata = { name, namespace };
    const spec = {
      ...modern().spec,
      approvals: [{ before: "polling" }],
      gates: [{ name: "quiet", before: "polling", job: { kind: "Job", name: "quiet" } }],
    };
    const collection = resourcePath(namespace, name).replace(/\/[^/]*$/, "");
    const object = { apiVersion: "ceilometer.openstack.org/v1alpha1", kind: "CeilometerUpgrade", metadata, spec };
    await create(cluster, collection, object);
    const awaiting = { type: "AwaitingApproval", status: "True", reason: "AwaitingApproval", message: "polling" };
    await mergePatch(cluster, `${resourcePath(namespace, name)}/status`, {
      status: {
        plan: { hash: HASH },
        conditions: [{ ...awaiting, lastTransitionTime: "2026-01-01T00:00:00Z" }],
        steps: [
          { name: "database", state: "Succeeded" },
          { name: "polling", state: "Waiting" },
        ],
      },
    });
  }
  const run = (...args: readonly string[]) => plugin.kubectl(cluster, [...args, "-n", namespace]);
  return {
    namespace,
    run,
    async ok(...args: readonly string[]): Promise<string> {
      const { code, stdout, stderr } = await run(...args);
      expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
      return stdout;
    },
    async now(name = names[0] ?? "") {
      const { metadata, spec } = resourceSchema.parse(await read(cluster, resourcePath(namespace, name)));
      const verbs = Object.entries(metadata.annotations).filter(([key]) => key.startsWith(prefix));
      return { spec, verbs: Object.fromEntries(verbs.map(([key, value]) => [key.slice(prefix.length), value])) };
    },
  };
}

test.concurrent("each verb is an annotation, says so, and says what belongs into Git", async () => {
  const { ok, now } = await aPlace("ceilometer");
  const said = await ok("pause");
  expect(said).toContain("ceilometerupgrade.ceilometer.openstack.org/ceilometer: pause is asked for\n");
  expect(said).toContain("annotation ceilometer.openstack.org/pause=true\n");
  expect(said).toContain("To make it last, put into Git\n  spec:\n    paused: true\n");
  expect((await now()).verbs).toEqual({ pause: "true" });

  await ok("resume");
  expect((await now()).verbs).toEqual({ resume: "true" });

  await ok("approve", "--plan-hash", HASH);
  await ok("approve", "--before", "api", "cmu/ceilometer");
  await ok("abort", "ceilometer");
  await ok("rollback");
  await ok("retry");
  const risk = ["accept-risk", "DefinitionRemoved", "--reason", "gone, EOL", "--expires-at", "2099-01-31T00:00:00Z"];
  await ok(...risk, "meters.yaml/cpu");
  await ok(...risk, "meters.yaml/memory");
  await ok("skip", "quiet", "--reason", "it is quiet");
  const { verbs, spec } = await now();
  expect(verbs).toMatchObject({
    resume: "true",
    approve: `polling@${HASH},api@${HASH}`,
    abort: "true",
    rollback: "true",
    retry: "true",
    "skip-gate": JSON.stringify([{ name: "quiet", planHash: HASH, reason: "it is quiet" }]),
  });
  expect(JSON.parse(verbs["accept-risk"] ?? "")).toMatchObject([
    { object: "meters.yaml/cpu", expiresAt: "2099-01-31T00:00:00Z" },
    { object: "meters.yaml/memory" },
  ]);
  expect(spec).toMatchObject({ paused: false, retryAttempt: 0, abort: false, rollback: false });
});

test.concurrent("each verb is a change of spec with --spec", async () => {
  const { ok, now } = await aPlace("ceilometer");
  expect(await ok("pause", "--spec")).toContain("Put the same into Git, or it is taken back\n");
  expect((await now()).spec).toMatchObject({ paused: true });
  await ok("resume", "--spec");
  await ok("approve", "--spec");
  await ok("abort", "--rollback", "--spec");
  await ok("retry", "--spec");
  const risk = ["accept-risk", "DefinitionAltered", "meters.yaml/cpu", "--reason", "meant so", "--expires-in", "7d"];
  await ok(...risk, "--spec");
  await ok("skip", "quiet", "--reason", "it is quiet", "--spec");
  const { verbs, spec } = await now();
  expect(verbs).toEqual({});
  expect(spec).toMatchObject({
    paused: false,
    approved: [{ before: "polling", planHash: HASH }],
    abort: true,
    rollback: true,
    retryAttempt: 1,
    acceptedRisks: [{ check: "DefinitionAltered", object: "meters.yaml/cpu", reason: "meant so" }],
    skipGates: [{ name: "quiet", planHash: HASH }],
  });
});

test.concurrent("--spec is not held against by an annotation that says the contrary", async () => {
  const { ok, now } = await aPlace("ceilometer");
  await ok("pause");
  expect(await ok("resume", "--spec")).toContain("annotation ceilometer.openstack.org/pause removed\n");
  expect(await now()).toMatchObject({ verbs: {}, spec: { paused: false } });
  await ok("resume");
  await ok("pause", "--spec");
  expect(await now()).toMatchObject({ verbs: {}, spec: { paused: true } });
  await ok("abort", "--spec");
  await ok("abort");
  await ok("retry", "--spec");
  const { verbs, spec } = await now();
  expect(verbs).toEqual({});
  expect(spec).toMatchObject({ abort: false, retryAttempt: 1 });
});

test.concurrent("what cannot be meant is refused, with what there is", async () => {
  const { run, now, namespace } = await aPlace("first", "second");
  const twice = await run("pause");
  expect(twice).toMatchObject({ code: 2, stdout: "" });
  expect(twice.stderr).toContain(`there are 2 in namespace ${namespace}, name one of them: first, second`);
  const third = await run("pause", "third");
  expect(third.code).toBe(2);
  expect(third.stderr).toContain("there is no CeilometerUpgrade third");
  expect(third.stderr).toContain("there are: first, second");
  const stale = await run("approve", "first", "--plan-hash", "fedcba9876543210");
  expect(stale.code).toBe(1);
  expect(stale.stderr).toContain(`the plan is ${HASH} now`);
  const unknown = await run("skip", "loud", "first", "--reason", "none");
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("the resource has no gate loud; it has: quiet");
  expect((await now("first")).verbs).toEqual({});

  const { run: elsewhere } = await aPlace();
  const none = await elsewhere("pause");
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("there is no CeilometerUpgrade in namespace");
});

test.concurrent("a dry run stores nothing, and programs get what they ask for", async () => {
  const { ok, now } = await aPlace("ceilometer");
  expect(await ok("pause", "--dry-run")).toContain("(dry run: nothing was stored)");
  expect(await ok("pause", "--dry-run", "-o", "name")).toBe("ceilometerupgrade.ceilometer.openstack.org/ceilometer\n");
  const json = z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) });
  expect(json.parse(JSON.parse(await ok("pause", "--dry-run", "-o", "json"))).metadata.annotations).toEqual({
    [`${prefix}pause`]: "true",
  });
  expect((await now()).verbs).toEqual({});
});

test.concurrent("--wait says when nobody takes it", async () => {
  const { run } = await aPlace("ceilometer");
  const { code, stderr } = await run("retry", "--wait", "--timeout", "1s");
  expect(code).toBe(1);
  expect(stderr).toContain("the operator has not taken it within 1 s; it stays written");
});

test.concurrent.each([false, true])(
  "somebody wrote in between: it is decided once more (by spec: %s)",
  async (bySpec) => {
    const { namespace, now } = await aPlace("ceilometer");
    await withCluster({ kubeconfig: cluster.kubeconfig }, { env: {} }, async ({ client }) => {
      const stale = storedOf(await client.get(UPGRADE, { namespace, name: "ceilometer" }));
      await mergePatch(cluster, resourcePath(namespace, "ceilometer"), {
        metadata: { annotations: { [`${prefix}approve`]: `api@${HASH}` } },
        spec: { approved: [{ before: "api", planHash: HASH }] },
      });
      const approval = { before: "polling", planHash: HASH } as const;
      await writeVerb(client, { verb: "approve", approval }, stale, { bySpec, dryRun: false });
    });
    const { verbs, spec } = await now();
    if (bySpec) {
      expect(spec["approved"]).toEqual([
        { before: "api", planHash: HASH },
        { before: "polling", planHash: HASH },
      ]);
    } else expect(verbs["approve"]).toBe(`api@${HASH},polling@${HASH}`);
  },
);

test.concurrent("what needs no cluster works without one, and a wrong word is answered with the right one", async () => {
  const nowhere = { ...cluster, kubeconfig: "/none/at/all" };
  const version = await plugin.kubectl(nowhere, ["version", "-o", "json"]);
  expect(JSON.parse(version.stdout)).toMatchObject({ api: "ceilometer.openstack.org/v1alpha1" });
  const good = await plugin.kubectl(nowhere, ["lint", "examples/statefulset", "--pod-logs"]);
  expect(good.code, good.stdout).toBe(0);
  expect(good.stdout).toContain("every check before the first write");
  const bad = await plugin.kubectl(nowhere, ["lint", "examples/statefulset"]);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/^examples\/statefulset\/ceilometer\.yaml:\d+: error: .*VerificationBlind/);
  const misspelt = await plugin.kubectl(nowhere, ["statsu"]);
  expect(misspelt).toMatchObject({
    code: 2,
    stdout: "",
    stderr: "error: unknown command 'statsu'\n(Did you mean status?)\n",
  });
  const help = await plugin.kubectl(nowhere, ["approve", "--help"]);
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("Usage: kubectl ceilometer-upgrade approve [options] [name]");
});

test.concurrent("all namespaces at once, for people and for programs", async () => {
  const { namespace } = await aPlace("ceilometer");
  const list = z.array(z.object({ namespace: z.string(), name: z.string() }));
  for (const command of ["status", "why", "history"]) {
    const { stdout, stderr } = await plugin.kubectl(cluster, [command, "-A", "-o", "json"]);
    expect(stderr).toBe("");
    const found = list.parse(JSON.parse(stdout)).filter((each) => each.namespace === namespace);
    expect(found.map(({ name }) => name)).toEqual(command === "history" ? [] : ["ceilometer"]);
  }
  const { stdout } = await plugin.kubectl(cluster, ["why", "-A"]);
  expect(stdout).toContain(`CeilometerUpgrade/ceilometer in ${namespace}: Unseen`);
});
