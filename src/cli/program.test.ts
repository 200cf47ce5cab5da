/** The command line as a whole, with streams of its own; no cluster is there. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { anUpgrade } from "../../test/support/builders.ts";
import { startStub } from "../../test/support/stub-api-server.ts";
import { runPlugin } from "./program.ts";
import type { Surroundings } from "./surroundings.ts";

const NOWHERE = "/none/at/all";
const plugin = (...args: readonly string[]) => pluginAt(NOWHERE, ...args);

async function pluginAt(
  kubeconfig: string,
  ...args: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const stream = (name: "out" | "err") => ({
    write(text: string): void {
      said[name] += text;
    },
  });
  const around: Surroundings = {
    out: stream("out"),
    err: stream("err"),
    answers: undefined,
    env: { KUBECONFIG: kubeconfig },
    now: () => Date.UTC(2026, 0, 1),
    signal: new AbortController().signal,
    home: ".",
    node: "node",
  };
  return { code: await runPlugin(args, around), ...said };
}

test("help is no failure, and names every command", async () => {
  const { code, out } = await plugin("--help");
  expect(code).toBe(0);
  for (const name of ["plan", "pause", "approve", "version"]) expect(out).toContain(`  ${name} `);
});

test("the help of a command has the flags that all share", async () => {
  const { code, out } = await plugin("pause", "--help");
  expect(code).toBe(0);
  expect(out).toContain("Usage: kubectl ceilometer-upgrade pause [options] [name]");
  for (const flag of ["--namespace", "--context", "--kubeconfig", "--wait", "--spec"]) expect(out).toContain(flag);
});

test("the help of completion says for which shells", async () => {
  expect((await plugin("completion", "--help")).out).toMatch(/shell .*"bash", "zsh", "fish"/);
});

test.each([
  [["pasue"], "Did you mean pause?"],
  [["pause", "--wiat"], "Did you mean --wait?"],
  [["pause", "one", "two"], "too many arguments"],
  [["abort", "-o", "xml"], "Allowed choices are json, yaml, name"],
  [["approve", "--before", "lunch"], "Allowed choices are database"],
  [["accept-risk", "Anything", "a", "--reason", "b"], "Allowed choices are DefinitionRemoved"],
  [["accept-risk", "DefinitionRemoved", "a", "--reason", "b"], "give one of --expires-at and --expires-in"],
  [["accept-risk", "DefinitionRemoved", "a", "--reason", "b", "--expires-in", "soon"], "give a number and a unit"],
  [
    ["accept-risk", "DefinitionRemoved", "a", "--reason", "b", "--expires-at", "2025-01-01T00:00:00Z"],
    "that is over already",
  ],
  [["skip", "quiet"], "--reason <text>"],
  [["plan", "a", "-f", "b"], "not both"],
  [["plan", "--manifests", "."], "-f FILE is missing"],
  [["plan", "-f", "a", "--manifests", ".", "--context", "b"], "excludes --kubeconfig and --context"],
  [["pause"], "no cluster can be asked"],
  [["rehearse", "--checkout", "src"], "is no checkout of the project"],
  [["lint", "none/at/all.yaml"], "cannot be read"],
  [["status", "-w", "-o", "json"], "--watch excludes -o"],
  [[], "Usage:"],
])("not understood, so nothing is done: %j", async (args, says) => {
  const { code, out, err } = await plugin(...args);
  expect(err).toContain(says);
  expect(out).toBe("");
  expect(code).toBe(2);
});

test.each([
  ["lint", "examples/modern"],
  ["plan", "-f", "examples/modern/upgrade.yaml", "--manifests", "examples/modern"],
])("what the chart allows is not known to %s, which says how to say it", async (...args) => {
  const { code, out } = await plugin(...args);
  expect(code).toBe(1);
  expect(out).toMatch(/may not read pod logs[^]*is not looked up; say it: --pod-logs/);
  const { out: told } = await plugin(...args, "--pod-logs");
  expect(told).not.toContain("is not looked up");
});

test("the version is told without a cluster", async () => {
  expect(await plugin("version")).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse((await plugin("version", "-o", "json")).out)).toMatchObject({
    api: "ceilometer.openstack.org/v1alpha1",
  });
});

type Answer = Parameters<typeof startStub>[0];

async function kubeconfigIn(folder: string, server: string): Promise<string> {
  const kubeconfig = join(folder, "config");
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      users: [{ name: "u", user: { token: "t" } }],
      "current-context": "c",
    }),
  );
  return kubeconfig;
}

/** The command against a server that answers so; with everything that it was asked. */
async function pluginOf(answer: Answer, ...args: readonly string[]) {
  await using stub = await startStub(answer);
  const folder = await mkdtemp(join(tmpdir(), "plugin-"));
  const kubeconfig = await kubeconfigIn(folder, stub.url.href);
  const ended = await pluginAt(kubeconfig, ...args.map((word) => word.replace("FOLDER", folder)));
  await rm(folder, { recursive: true });
  return { ...ended, asked: stub.requests.map(({ path }) => path) };
}

test.each([
  [["status", "--exit-code"], 4],
  [["status", "-w"], 4],
  [["why"], 4],
  [["why", "-A"], 4],
  [["status"], 1],
] as const)("a cluster that does not answer is no failed upgrade: %j ends with %i", async (args, expected) => {
  const busy: Answer = (_, response) => {
    response.statusCode = 503;
    response.end("busy \u001B[2J");
  };
  const { code, err } = await pluginOf(busy, ...args);
  expect(code).toBe(expected);
  expect(err).toBe("busy \uFFFD[2J\n");
});

const json =
  (statusCode: number, body: object): Answer =>
  (_, response) => {
    response.statusCode = statusCode;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(body));
  };
const notThere = json(404, { kind: "Status", status: "Failure", reason: "NotFound", code: 404, message: "not found" });
const nothing = json(200, { kind: "List", metadata: { resourceVersion: "1" }, items: [] });

test.each([["status", "--exit-code"], ["status", "-w"], ["why"], ["plan"], ["pause"]] as const)(
  "nothing to work on is no upgrade that is held: %j",
  async (...args) => {
    const unknown = await pluginOf(notThere, ...args);
    expect(unknown.err).toContain("this cluster does not know CeilometerUpgrade");
    expect(unknown.code).toBe(2);
    const none = await pluginOf(nothing, ...args);
    expect(none.err).toContain("there is no CeilometerUpgrade in namespace default");
    expect(none.code).toBe(2);
    const other: Answer = (request, response) =>
      (request.path.endsWith("/missing") ? notThere : nothing)(request, response);
    const missing = await pluginOf(other, ...args, "missing");
    expect(missing.err).toContain("there is no CeilometerUpgrade missing in namespace default; there is none");
    expect(missing.code).toBe(2);
  },
);

test.each([["why"], ["abort", "--yes"], ["plan"]] as const)(
  "a flag that is empty names nothing, as with kubectl, and least of all every namespace: %j",
  async (...args) => {
    const { asked, err } = await pluginOf(nothing, ...args, "-n", "", "--context", "", "--kubeconfig", "");
    expect(asked).toEqual([`/apis/ceilometer.openstack.org/v1alpha1/namespaces/default/ceilometerupgrades`]);
    expect(err).toContain("in namespace default");
  },
);

test.each(["", "cmu/", "cmu/a/b", "deployment/a"])("%j is no name, and no mistake of the program", async (name) => {
  const { asked, code, err } = await pluginOf(nothing, "why", name);
  expect(asked).toEqual([]);
  expect(err).toContain(`${JSON.stringify(name)} is no name of a CeilometerUpgrade`);
  expect(code).toBe(2);
});

test("the operator is looked for in the namespace that is named, else in all", async () => {
  const { metadata, spec } = anUpgrade();
  const { name, uid, resourceVersion } = metadata;
  const resource = { kind: "CeilometerUpgrade", metadata: { name, uid, resourceVersion, namespace: "default" }, spec };
  const answer: Answer = (request, response) =>
    (request.path.endsWith(`/${name}`) ? json(200, resource) : nothing)(request, response);
  const report = (...more: readonly string[]) => pluginOf(answer, "report", name, "--to", "FOLDER/report", ...more);
  const all = await report();
  expect(all.code).toBe(0);
  expect(all.asked).toEqual(expect.arrayContaining(["/api/v1/pods", "/apis/apps/v1/deployments"]));
  const { asked } = await report("--operator-namespace", "operators");
  expect(asked).toEqual(
    expect.arrayContaining([
      "/api/v1/namespaces/operators/pods",
      "/apis/apps/v1/namespaces/operators/deployments",
      "/api/v1/namespaces/default/pods",
    ]),
  );
  for (const path of asked) expect(path).not.toMatch(/^\/(api|apis\/[^/]+)\/v1\/(pods|deployments)$/);
});

test("an upgrade that is watched into a pipe which nobody reads any more has not succeeded", async () => {
  const { metadata, spec } = anUpgrade();
  const { name, uid, resourceVersion } = metadata;
  const resource = { kind: "CeilometerUpgrade", metadata: { name, uid, resourceVersion, namespace: "default" }, spec };
  const list = json(200, { metadata: { resourceVersion: "1" }, items: [resource] });
  const answer: Answer = (request, response) => {
    if (request.query["watch"] === "true") response.writeHead(200).flushHeaders();
    else if (request.path.endsWith(`/${name}`)) json(200, resource)(request, response);
    else (request.path.endsWith("/ceilometerupgrades") ? list : nothing)(request, response);
  };
  await using stub = await startStub(answer);
  const folder = await mkdtemp(join(tmpdir(), "plugin-"));
  const kubeconfig = await kubeconfigIn(folder, stub.url.href);
  const args = [join(import.meta.dirname, "main.ts"), "--kubeconfig", kubeconfig, "status", name, "-w"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.destroy();
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(141);
  await rm(folder, { recursive: true });
}, 20_000);

test("what went wrong, told to a pipe which nobody reads any more, does not say that an upgrade is blocked", async () => {
  const args = [join(import.meta.dirname, "main.ts"), "--kubeconfig", NOWHERE, "why"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "pipe"] });
  child.stderr.destroy();
  // As soon as the write has failed, or when everything has ended: either is no 1.
  expect([2, 141]).toContain(await new Promise((resolve) => child.once("close", resolve)));
}, 20_000);
