/**
 * From one version of the chart to the next, and away: the definition is upgraded with it, stays when it goes, and is taken over
 * by a release of another name. On a control plane of its own, because all other tests need the definition as it is.
 */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { z } from "zod";
import { VERSION } from "../../src/version.ts";
import { type Cluster, startCluster } from "../../tools/control-plane/cluster.ts";
import { CHART, helmOn } from "./chart.ts";
import { modern } from "./fixtures/topology.ts";
import { startOperator, tokenOf } from "./operator-process.ts";
import { createObject } from "./scene.ts";

const DEFINITION = "ceilometerupgrades.ceilometer.openstack.org";
const ADDED = ["spec", "versions", 0, "schema", "openAPIV3Schema", "properties", "spec", "properties", "onFailure"];

/** The chart as of a version before this one, whose resources had no `onFailure` yet; packaged, as people get charts. */
async function older(cluster: Cluster): Promise<string> {
  const folder = join(cluster.dir, "older", "ceilometer-upgrade-operator");
  await mkdir(folder, { recursive: true });
  await cp(CHART, folder, { recursive: true });
  const edit = async (file: string, change: (document: ReturnType<typeof parseDocument>) => void): Promise<void> => {
    const document = parseDocument(await readFile(join(folder, file), "utf8"));
    change(document);
    await writeFile(join(folder, file), document.toString());
  };
  await edit("Chart.yaml", (chart) => {
    chart.set("version", "0.0.9");
    chart.set("appVersion", "0.0.9");
  });
  await edit("files/crd.yaml", (crd) => {
    if (!crd.deleteIn(ADDED)) throw new Error("there is no onFailure to be left out");
  });
  await helmOn(cluster, "package", folder, "--destination", cluster.dir);
  return join(cluster.dir, "ceilometer-upgrade-operator-0.0.9.tgz");
}

async function newest(cluster: Cluster): Promise<string> {
  await helmOn(cluster, "package", CHART, "--destination", cluster.dir);
  return join(cluster.dir, `ceilometer-upgrade-operator-${VERSION}.tgz`);
}

test("the definition is upgraded with the chart, outlives it, and is taken over", async () => {
  await using cluster = await startCluster();
  const [before, after] = [await older(cluster), await newest(cluster)];
  const home = ["--namespace", "operators"];
  const get = async (...what: readonly string[]): Promise<string> => (await cluster.kubectl(["get", ...what])).stdout;
  const explained = async (): Promise<boolean> => {
    const { spec } = z.object({ spec: z.unknown() }).parse(JSON.parse(await get("crd", DEFINITION, "-o", "json")));
    return JSON.stringify(spec).includes('"onFailure"');
  };

  await helmOn(
    cluster,
    "install",
    "first",
    before,
    ...home,
    "--create-namespace",
    "--set",
    "singleNamespace=true",
    "--wait",
    "--timeout",
    "90s",
  );
  expect(await explained()).toBe(false);
  const { onFailure: _notYet, ...spec } = modern().spec;
  await createObject(cluster, "operators", {
    apiVersion: "ceilometer.openstack.org/v1alpha1",
    kind: "CeilometerUpgrade",
    metadata: { name: "ceilometer" },
    spec,
  });

  // The values of the release before are kept, new ones get their defaults.
  await helmOn(cluster, "upgrade", "first", after, ...home, "--reset-then-reuse-values", "--wait", "--timeout", "90s");
  expect(await explained()).toBe(true);
  expect(await get("cmu", "ceilometer", ...home, "-o", "jsonpath={.spec.onFailure}")).toBe("Hold");
  const images = await get(
    "pods",
    ...home,
    "-l",
    "app.kubernetes.io/name=ceilometer-upgrade-operator",
    "--field-selector=status.phase=Running",
    "-o",
    "jsonpath={.items[*].spec.containers[*].image}",
  );
  expect(images).toContain(`ceilometer-upgrade-operator:${VERSION}`);
  expect(await get("rolebindings", ...home, "-o", "name")).toContain("operators:first-ceilometer-upgrade-operator");

  await helmOn(cluster, "upgrade", "first", after, ...home, "--reuse-values", "--set", "crds.install=false");
  expect(await explained()).toBe(true);
  await helmOn(cluster, "uninstall", "first", ...home);
  expect(await get("all", ...home, "-o", "name")).not.toContain("first");
  expect(await get("cmu", "ceilometer", ...home, "-o", "name")).toContain("ceilometer");

  const refused = await cluster.helm(["install", "second", after, ...home, "--set", "singleNamespace=true"]);
  expect(refused.stderr).toMatch(/invalid ownership metadata/);
  await helmOn(cluster, "install", "second", after, ...home, "--set", "singleNamespace=true", "--take-ownership");

  // The definition goes first, as when somebody clears away in that order: there is nothing to give back, and nothing is in the way.
  await cluster.kubectl(["delete", "crd", DEFINITION]);
  const account = "second-ceilometer-upgrade-operator";
  const token = await tokenOf(cluster, "operators", account);
  const args = ["--watch-namespaces=operators", "--leader-elect", `--lease-name=${account}`, "--give-back"];
  await using giving = await startOperator({ cluster, namespace: "operators", token, args });
  expect(await giving.ended).toBe(0);
  await helmOn(cluster, "uninstall", "second", ...home);
});
