/** The image, assembled and run: its own root, its own Node, its own user, and an upgrade by it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { type BuiltImage, buildImage, type ImageOptions } from "../../scripts/image/build.ts";
import { VERSION } from "../../src/version.ts";
import { freePorts } from "../../tools/control-plane/cluster-configuration.ts";
import { run } from "../../tools/control-plane/process.ts";
import { modern } from "./fixtures/topology.ts";
import { installRights } from "./operator-process.ts";
import { eventually } from "./resource.ts";
import { inScene } from "./scene.ts";
import { create, sharedCluster, uniqueName } from "./shared-cluster.ts";
import { type UnpackedImage, unpackImage } from "./unpacked-image.ts";

const CHART = "charts/ceilometer-upgrade-operator";
const architecture = process.arch === "arm64" ? "arm64" : "amd64";
/** Milliseconds; the first time Debian's packages and Node are fetched and compressed. */
const BUILD = 240_000;

let directory: string;
let options: ImageOptions;
let built: BuiltImage;
let image: UnpackedImage;
/** Why this machine cannot run an image. */
let obstacle: string | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "image-"));
  options = {
    architectures: [architecture],
    version: VERSION,
    created: new Date("2026-11-22T00:00:00Z"),
    directory: join(directory, "built"),
    orNewest: (complaint) => console.info(`the image is built of newer packages than those of the lock:\n${complaint}`),
  };
  if (process.platform !== "linux" || (await run("dpkg-deb", ["--version"])).code !== 0) {
    obstacle = "an image is assembled and run on Debian or Ubuntu only";
    return;
  }
  built = await buildImage(options);
  image = await unpackImage(built.layout, join(directory, "root"));
  const { code, stderr } = await execute("--version");
  if (code !== 0 && process.getuid?.() !== 0 && /unshare/.test(stderr))
    obstacle = `only root, or who may create user namespaces, can change the root: ${stderr.trim()}`;
}, BUILD);

afterAll(() => rm(directory, { recursive: true, force: true }));

const execute = (...args: readonly string[]) => {
  const [program = "", ...rest] = image.command;
  return run(program, [...rest, ...args], { env: image.env });
};

test("has one digest, however often it is built", async (context) => {
  if (obstacle !== undefined) return context.skip(obstacle);
  const again = await buildImage({ ...options, directory: join(directory, "again") });
  expect(again.digest).toBe(built.digest);
  const [archive = "", twin = ""] = [built, again].map(({ platforms }) => platforms[0]?.archive ?? "");
  expect((await readFile(twin)).equals(await readFile(archive))).toBe(true);
});

test("says its version, and how it is told what to do", async (context) => {
  if (obstacle !== undefined) return context.skip(obstacle);
  expect(await execute("--version")).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  expect((await execute("--help")).stdout).toContain("--leader-elect");
  expect(image.labels["org.opencontainers.image.version"]).toBe(VERSION);
});

test("lists its own software, and Debian's and Node's with it", async (context) => {
  if (obstacle !== undefined) return context.skip(obstacle);
  const schema = z.object({ components: z.array(z.object({ name: z.string(), version: z.string().optional() })) });
  const { components } = schema.parse(JSON.parse(await readFile(join(image.root, "app", "sbom.cdx.json"), "utf8")));
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["zod", "pino", "node", "libc6", "libstdc++6"]));
  expect(names).not.toContain("vitest");
});

test("upgrades a Ceilometer", async (context) => {
  if (obstacle !== undefined) return context.skip(obstacle);
  await inScene({ topology: modern(), image }, async (scene) => {
    await scene.apply();
    await scene.succeed();
  });
});

const deploymentSchema = z.object({
  spec: z.object({
    template: z.object({ spec: z.object({ containers: z.tuple([z.object({ args: z.array(z.string()) })]) }) }),
  }),
});

test("starts with the chart's flags and a pod's ServiceAccount, answers its probes, leads, and ends when asked to", async (context) => {
  if (obstacle !== undefined) return context.skip(obstacle);
  const cluster = await sharedCluster();
  const namespace = uniqueName("in-pod");
  await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const mounted = join(image.root, "var/run/secrets/kubernetes.io/serviceaccount");
  await mkdir(mounted, { recursive: true });
  const account = { token: await installRights(cluster, namespace), "ca.crt": cluster.api.access.ca, namespace };
  for (const [name, content] of Object.entries(account)) await writeFile(join(mounted, name), content);
  const shown = ["--show-only", "templates/deployment.yaml"];
  const rendered = await cluster.helm([
    "template",
    "upgrades",
    CHART,
    "-n",
    namespace,
    ...shown,
    "--set",
    `watchNamespaces={${namespace}}`,
  ]);
  const [{ args }] = deploymentSchema.parse(parse(rendered.stdout)).spec.template.spec.containers;
  const { hostname, port } = new URL(cluster.server);
  const [health = 0, metrics = 0] = await freePorts(2);
  const env = {
    ...image.env,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT_HTTPS: port,
    POD_NAME: "upgrades-0",
    POD_NAMESPACE: namespace,
    // In a pod they are fixed; here others may have them.
    CEILOMETER_UPGRADE_HEALTH_ADDRESS: `127.0.0.1:${health}`,
    CEILOMETER_UPGRADE_METRICS_ADDRESS: `127.0.0.1:${metrics}`,
  };
  const [program = "", ...rest] = image.command;
  const operator = spawn(program, [...rest, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(operator, "close");
  let said = "";
  operator.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  try {
    const answers = async (path: string): Promise<boolean> =>
      fetch(`http://127.0.0.1:${health}${path}`).then(
        ({ status }) => status === 200,
        () => false,
      );
    await eventually(
      () => answers("/readyz"),
      () => said,
      60_000,
    );
    expect(await answers("/healthz")).toBe(true);
    const leads = async (): Promise<boolean> =>
      (
        await cluster.kubectl(["-n", namespace, "get", "leases", "-o", "jsonpath={..holderIdentity}"])
      ).stdout.startsWith("upgrades-0_");
    await eventually(leads, () => said, 60_000);
  } finally {
    operator.kill("SIGTERM");
    await ended;
  }
  expect(operator.exitCode, said).toBe(0);
});
