/** The chart itself: what it installs is accepted, and nothing of Ceilometer changes when it comes or goes. */
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { parseProviders } from "../../src/controllers/ceilometer-upgrade/providers.ts";
import { CHART, helm } from "./chart.ts";
import { settledState } from "./end-state.ts";
import { modern } from "./fixtures/topology.ts";
import { tokenOf } from "./operator-process.ts";
import { inScene, type Scene } from "./scene.ts";
import { sharedCluster, uniqueName } from "./shared-cluster.ts";

const PROVIDERS = [
  { name: "prometheus", url: "http://prometheus.monitoring:9090" },
  {
    name: "rabbitmq",
    url: "https://rabbitmq:15671/",
    secretName: "broker",
    secretKeys: ["username", "password", "ca.crt"],
    timeoutSeconds: 2,
  },
] as const;
const withProviders = ["--set-json", `providers=${JSON.stringify(PROVIDERS)}`] as const;

/** Generation and resourceVersion of every workload of Ceilometer: equal means that nobody wrote. */
async function versions(scene: Scene): Promise<unknown> {
  const list = await scene.kubectl("get", "deploy,ds,sts", "-l", "application=ceilometer", "-o", "json");
  const schema = z.object({
    items: z.array(z.object({ metadata: z.object({ name: z.string(), resourceVersion: z.string() }) })),
  });
  return schema.parse(JSON.parse(list)).items.map(({ metadata }) => metadata);
}

test.concurrent("install and uninstall leave the workloads as they are", () =>
  inScene({ topology: modern() }, async (scene) => {
    await scene.apply();
    await settledState(scene);
    const before = await versions(scene);
    const { namespace } = scene;
    const home = uniqueName("operators");
    const release = uniqueName("chart");
    const values = ["--set", `watchNamespaces={${namespace}},crds.install=false,podLogs.enabled=true`];
    await helm("install", release, CHART, "--namespace", home, "--create-namespace", ...values);
    await helm("upgrade", release, CHART, "--namespace", home, ...values, "--set", "log.level=debug", ...withProviders);
    await helm("uninstall", release, "--namespace", home);
    expect(await versions(scene)).toEqual(before);
    expect(await scene.kubectl("get", "cmu", "ceilometer", "-o", "name")).toContain("ceilometer");
  }));

const rendered = z.object({
  data: z.object({ "providers.yaml": z.string() }).optional(),
  spec: z
    .object({
      template: z.object({
        spec: z.object({
          containers: z.tuple([
            z.object({
              args: z.array(z.string()),
              volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
            }),
          ]),
          volumes: z.array(
            z.object({
              name: z.string(),
              secret: z.object({ items: z.array(z.object({ key: z.string(), path: z.string() })) }).optional(),
            }),
          ),
        }),
      }),
    })
    .optional(),
});

test.concurrent("the operator understands the providers of the chart, and every file that they name is mounted", async () => {
  const shown = ["deployment.yaml", "providers.yaml"].flatMap((file) => ["--show-only", `templates/${file}`]);
  const documents = parseAllDocuments(await helm("template", "x", CHART, ...withProviders, ...shown));
  const objects = documents.map((document) => rendered.parse(document.toJS()));
  const pod = objects.find(({ spec }) => spec !== undefined)?.spec?.template.spec;
  const [container] = pod?.containers ?? [];
  const flag = container?.args.find((arg) => arg.startsWith("--providers="))?.slice("--providers=".length) ?? "";
  const text = objects.find(({ data }) => data !== undefined)?.data?.["providers.yaml"] ?? "";
  const mounted = (container?.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const volume = pod?.volumes.find((each) => each.name === name);
    return (volume?.secret?.items ?? []).map(({ path }) => `${mountPath}/${path}`);
  });
  const [username, password, ca] = mounted;
  expect(parseProviders(text, flag)).toEqual([
    { name: "prometheus", url: "http://prometheus.monitoring:9090", credentials: { kind: "none" }, timeoutMs: 5000 },
    {
      name: "rabbitmq",
      url: "https://rabbitmq:15671",
      credentials: { kind: "basic", usernameFile: username, passwordFile: password },
      caFile: ca,
      timeoutMs: 2000,
    },
  ]);
  expect(container?.volumeMounts.map(({ mountPath }) => `${mountPath}/providers.yaml`)).toContain(flag);
});

/** What the account of a release may do, as the API server answers it. */
async function may(namespace: string, account: string, home: string, ...question: readonly string[]): Promise<string> {
  const cluster = await sharedCluster();
  const who = ["--as", `system:serviceaccount:${home}:${account}`, "-n", namespace];
  return (await cluster.kubectl(["auth", "can-i", ...question, ...who])).stdout.trim();
}

test.concurrent("the rights reach as far as the watched namespaces, and logs and Secrets only where they are asked for", async () => {
  const cluster = await sharedCluster();
  const watched = uniqueName("watched");
  const home = uniqueName("operators");
  for (const namespace of [watched, home]) await cluster.kubectl(["create", "namespace", namespace]);
  const release = uniqueName("chart");
  const fixed = ["--namespace", home, "--set", `watchNamespaces={${watched}},crds.install=false`];
  await helm("install", release, CHART, ...fixed);
  const account = `${release}-ceilometer-upgrade-operator`;
  await expect(tokenOf(cluster, home, account)).resolves.not.toBe("");
  const ask = (...question: readonly string[]): Promise<string> => may(watched, account, home, ...question);
  expect(await ask("patch", "deployments.apps")).toBe("yes");
  expect(await ask("create", "jobs.batch")).toBe("yes");
  expect(await ask("get", "pods", "--subresource=log")).toBe("no");
  expect(await ask("watch", "secrets/ceilometer-etc")).toBe("no");
  // What the operator itself created, it also removes; nothing else of these kinds has a right of its own.
  expect(await ask("delete", "deployments.apps")).toBe("yes");
  expect(await ask("delete", "statefulsets.apps")).toBe("no");
  expect(await ask("delete", "jobs.batch")).toBe("no");
  expect(await may("default", account, home, "patch", "deployments.apps")).toBe("no");
  await helm("upgrade", release, CHART, ...fixed, "--set", "podLogs.enabled=true,secrets={ceilometer-etc}");
  expect(await ask("get", "pods", "--subresource=log")).toBe("yes");
  expect(await ask("watch", "secrets/ceilometer-etc")).toBe("yes");
  expect(await ask("watch", "secrets/another")).toBe("no");
  await helm("uninstall", release, "--namespace", home);
});
