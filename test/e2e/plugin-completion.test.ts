/** Completions as each shell gets them, from the real programs; and as kubectl asks for them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SHELLS, type Shell } from "../../src/cli/completion/scripts.ts";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { run } from "../../tools/control-plane/process.ts";
import { modern } from "./fixtures/topology.ts";
import { installPlugin, type Plugin } from "./plugin.ts";
import { create, sharedCluster, uniqueName } from "./shared-cluster.ts";

const PROGRAM = "kubectl-ceilometer_upgrade";
const scriptOf = (shell: Shell): string => join(plugin.directory, `completion.${shell}`);
let plugin: Plugin;
let cluster: ClusterAccess;
const namespace = uniqueName("completion");
beforeAll(async () => {
  [plugin, cluster] = await Promise.all([installPlugin(), sharedCluster()]);
  // As a profile has them: asked for once.
  for (const shell of SHELLS) {
    const { stdout } = await run(join(plugin.directory, PROGRAM), ["completion", shell], { env: plugin.env(cluster) });
    await writeFile(scriptOf(shell), stdout);
  }
  await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (const name of ["first", "second"]) {
    await create(cluster, `/apis/ceilometer.openstack.org/v1alpha1/namespaces/${namespace}/ceilometerupgrades`, {
      apiVersion: "ceilometer.openstack.org/v1alpha1",
      kind: "CeilometerUpgrade",
      metadata: { name },
      spec: modern().spec,
    });
  }
});
afterAll(() => plugin[Symbol.asyncDispose]());

/** What a shell offers for these words, of which the last one is being written. */
type Offer = (words: readonly string[]) => Promise<readonly string[]>;

async function lines(program: string, args: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await run(program, args, { env: plugin.env(cluster) });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").filter(Boolean);
}

const quoted = (word: string): string => `'${word}'`;

const bash: Offer = (words) => {
  const all = [PROGRAM, ...words];
  const script = [
    // Twice, as a profile that is read again does.
    ...[1, 2].map(() => `source ${scriptOf("bash")}`),
    `COMP_WORDS=(${all.map(quoted).join(" ")}); COMP_CWORD=${all.length - 1}`,
    "_kubectl_ceilometer_upgrade",
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ];
  return lines("bash", ["--norc", "-c", script.join("\n")]);
};

/** zsh completes nothing without a line editor, so what its script hands over is printed instead. */
const zsh: Offer = (words) => {
  const all = [PROGRAM, ...words];
  const script = [
    "compdef() { :; }; compset() { :; }; _files() { :; }",
    '_describe() { print -rl -- "${(@)${(P)2}%%:*}"; }',
    `source ${scriptOf("zsh")}`,
    `words=(${all.map(quoted).join(" ")}); CURRENT=${all.length}`,
    "_kubectl_ceilometer_upgrade",
  ];
  return lines("zsh", ["-f", "-c", script.join("\n")]);
};

const fish: Offer = async (words) => {
  const script = `source ${scriptOf("fish")}; complete -C ${quoted([PROGRAM, ...words].join(" "))}`;
  return (await lines("fish", ["--no-config", "-c", script])).map((line) => line.split("\t")[0] ?? "");
};

const shells: readonly (readonly [Shell, Offer])[] = [
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
];

async function has(program: string): Promise<boolean> {
  const { code } = await run(program, ["--version"]);
  if (code !== 0) console.info(`completions of ${program} are not tested: there is no ${program} here`);
  return code === 0;
}

async function offersAll(offer: Offer, equals: (value: string) => string): Promise<void> {
  expect(await offer(["sta"])).toEqual(["status"]);
  expect(await offer(["abort", "--rol"])).toEqual(["--rollback"]);
  expect(await offer(["why", "-o", ""])).toEqual(["json", "yaml"]);
  expect(await offer(["status", "-n", namespace, ""])).toEqual(["first", "second"]);
  expect(await offer(["status", "-n", namespace, "s"])).toEqual(["second"]);
  expect(await offer(["history", "-n", namespace.slice(0, -2)])).toContain(namespace);
  expect(await offer(["why", "--output=y"])).toEqual([equals("yaml")]);
}

test.concurrent.each(shells)("%s", async (name, offer) => {
  if (!(await has(name))) return;
  await offersAll(offer, (value) => (name === "fish" ? `--output=${value}` : value));
});

test.concurrent("kubectl asks the program beside the plugin", async () => {
  const { stdout } = await run(cluster.binaries.kubectl, ["__complete", "ceilometer-upgrade", "sta"], {
    env: plugin.env(cluster),
  });
  expect(stdout).toContain("status\tShow where an upgrade stands");
  expect(stdout.trimEnd().split("\n").at(-1)).toBe(":4");
  const names = await run(cluster.binaries.kubectl, ["__complete", "ceilometer-upgrade", "why", "-n", namespace, ""], {
    env: plugin.env(cluster),
  });
  expect(names.stdout).toBe("first\nsecond\n:4\n");
});

test.concurrent("a cluster that does not answer is no error at a key", async () => {
  const env = { ...plugin.env(cluster), KUBECONFIG: "/none/at/all" };
  const asked = await run(join(plugin.directory, PROGRAM), ["complete", "--", "status", ""], { env });
  expect(asked).toEqual({ code: 0, stdout: ":4\n", stderr: "" });
});
