/**
 * Every command of the documentation, run as it is written, page by page, on a control plane where namespaces and names are
 * as a reader has them. Where a page takes an operator for granted, it runs beside the cluster as the chart's ServiceAccount.
 */
import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deploySample, installChart, operatorKubeconfig } from "../../scripts/demo/installation.ts";
import { startOperator } from "../../scripts/demo/operator-process.ts";
import { type Cluster, type ClusterAccess, startCluster } from "../../tools/control-plane/cluster.ts";
import { startPodLogs } from "../../tools/control-plane/pod-logs.ts";
import { commandsOf, type PageCommands } from "../support/page-commands.ts";
import { installPlugin, type Plugin } from "./plugin.ts";
import { startReader } from "./reader.ts";

const CEILOMETER = "examples/modern/ceilometer.yaml";
const NAMESPACE = "openstack";
/** What its agents have their configuration in. */
const SECRET = "ceilometer-etc";

interface Page extends PageCommands {
  readonly path: string;
}

const pages: Page[] = [];
for await (const path of glob(["README.md", "docs/**/*.md"])) {
  pages.push({ path, ...commandsOf(await readFile(path, "utf8")) });
}
pages.sort((a, b) => (a.path < b.path ? -1 : 1));
const read = pages.filter(({ pieces }) => pieces.some(({ kind }) => kind === "run"));

let plugin: Plugin;
let home: string;
const started = new AsyncDisposableStack();
beforeAll(async () => {
  plugin = started.use(await installPlugin());
  home = await mkdtemp(join(tmpdir(), "home-"));
  started.defer(() => rm(home, { recursive: true, force: true }));
});
afterAll(() => started.disposeAsync());

async function freshCluster(stack: AsyncDisposableStack): Promise<Cluster> {
  const cluster = stack.use(await startCluster());
  stack.use(await startPodLogs(cluster, { interval: 1000 }));
  return cluster;
}

/** Everything that a reader has at hand; nothing of it is the machine's. */
async function surroundings(cluster: ClusterAccess): Promise<NodeJS.ProcessEnv> {
  const helm = (folder: string): string => join(home, "helm", folder);
  return {
    ...plugin.env(cluster),
    HELM_CACHE_HOME: helm("cache"),
    HELM_CONFIG_HOME: helm("config"),
    HELM_DATA_HOME: helm("data"),
    GIT_AUTHOR_NAME: "Reader",
    GIT_AUTHOR_EMAIL: "reader@example.com",
    GIT_COMMITTER_NAME: "Reader",
    GIT_COMMITTER_EMAIL: "reader@example.com",
    // Fixed ports may be taken where tests run.
    CEILOMETER_UPGRADE_HEALTH_ADDRESS: "127.0.0.1:0",
    CEILOMETER_UPGRADE_METRICS_ADDRESS: "127.0.0.1:0",
  };
}

async function readOn(cluster: ClusterAccess, { path, ...page }: Page): Promise<void> {
  await using reader = await startReader(await surroundings(cluster));
  await reader.read(path, page);
}

describe("beside an operator and a Ceilometer,", () => {
  let cluster: Cluster;
  const beside = new AsyncDisposableStack();
  beforeAll(async () => {
    cluster = await freshCluster(beside);
    await installChart(cluster, undefined, { secrets: [SECRET] });
    const kubeconfig = await operatorKubeconfig(cluster);
    const log = join(cluster.dir, "operator.log");
    beside.use(await startOperator({ kubeconfig, watchNamespace: undefined, log, flags: [`--secrets=${SECRET}`] }));
    await cluster.kubectl(["config", "set-context", "--current", "--namespace", NAMESPACE]);
  });
  afterAll(() => beside.disposeAsync());

  const here = read.filter(({ beginsWithNothing }) => !beginsWithNothing);
  test.each(here)("$path does as it says", async (page) => {
    const { code, stderr } = await cluster.kubectl(["delete", "cmu", "--all", "--all-namespaces", "--timeout=60s"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await deploySample(cluster, CEILOMETER, NAMESPACE);
    await readOn(cluster, page);
  });
});

describe("in an empty cluster,", () => {
  const here = read.filter(({ beginsWithNothing }) => beginsWithNothing);
  test.concurrent.each(here)("$path does as it says", async (page) => {
    await using stack = new AsyncDisposableStack();
    await readOn(await freshCluster(stack), page);
  });
});

test("what is not run says why, and most is run", () => {
  const blocks = pages.flatMap(({ path, pieces }) => pieces.map((piece) => ({ path, piece })));
  const left = blocks.flatMap(({ path, piece }) =>
    piece.kind === "notRun" ? [`not run: ${path}, line ${piece.line}: ${piece.reason}`] : [],
  );
  console.info(left.join("\n"));
  expect(blocks.filter(({ piece }) => piece.kind === "run").length).toBeGreaterThan(left.length);
});
