/** The operator as the image has it: what is in it, and what it says of what is not. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { run } from "../../tools/control-plane/process.ts";

const root = join(import.meta.dirname, "..", "..");
const directory = await mkdtemp(join(tmpdir(), "bundle-"));
const built = await run(process.execPath, [join(root, "scripts", "bundle.ts"), "--outdir", directory], { cwd: root });
const operator = join(directory, "operator.mjs");

afterAll(() => rm(directory, { recursive: true }));

/** Why each of ours is there: docs/adr/0012-dependencies.md. One more is a decision, not an accident. */
const PACKAGES = 20;

test("few packages are in it, and each is named beside it", async () => {
  expect(built).toMatchObject({ code: 0 });
  const list = z
    .object({
      components: z.array(z.object({ name: z.string(), version: z.string().optional(), purl: z.string().optional() })),
    })
    .parse(JSON.parse(await readFile(join(directory, "sbom.cdx.json"), "utf8")));
  const names = list.components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["yaml", "zod", "pino"]));
  expect(names).not.toContain("client-node");
  // Whoever looks for known weaknesses looks for a name and a version.
  expect(list.components.filter(({ version, purl }) => !version || !purl)).toEqual([]);
  expect(names.length, names.join(" ")).toBeLessThanOrEqual(PACKAGES);
});

test("it says that it has a version, and nothing else is needed for that", async () => {
  const { code, stdout } = await run(process.execPath, [operator, "--version"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
});

test("a kubeconfig with a program in it is refused with a remedy", async () => {
  const kubeconfig = join(directory, "exec.yaml");
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "no-such-program", interactiveMode: "Never" };
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "a",
      contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
      clusters: [{ name: "a", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "a", user: { exec } }],
    }),
  );
  // Whatever the chart lets its log be written as: none takes what the image does not have.
  for (const format of ["json", "pretty", "auto"]) {
    const { code, stderr } = await run(process.execPath, [
      operator,
      "--kubeconfig",
      kubeconfig,
      "--log-format",
      format,
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(kubeconfig);
    expect(stderr).toContain("kubectl create token");
  }
});
