/** Installing the chart where much is forbidden, and asking it afterwards whether it is well. */
import { expect, test } from "vitest";
import { z } from "zod";
import { run } from "../../tools/control-plane/process.ts";
import { CHART, helm, rendered } from "./chart.ts";
import { installRights, startOperator } from "./operator-process.ts";
import { create, sharedCluster, uniqueName } from "./shared-cluster.ts";

async function freshNamespace(labels: Readonly<Record<string, string>> = {}): Promise<string> {
  const name = uniqueName("home");
  await create(await sharedCluster(), "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels },
  });
  return name;
}

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await (await sharedCluster()).kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

test.concurrent("where pods must be restricted, both replicas run, spread, and helm test finds them well", async () => {
  const namespace = await freshNamespace({ "pod-security.kubernetes.io/enforce": "restricted" });
  const release = uniqueName("restricted");
  const where = ["--namespace", namespace];
  await helm(
    "install",
    release,
    CHART,
    ...where,
    "--set",
    "crds.install=false,singleNamespace=true",
    "--wait",
    "--timeout",
    "90s",
  );
  const nodes = await kubectl("get", "pods", ...where, "-o", "jsonpath={.items[*].spec.nodeName}");
  expect(new Set(nodes.split(" ")).size).toBe(2);
  expect(await helm("test", release, ...where, "--timeout", "90s")).toContain("Phase:          Succeeded");
  expect(await kubectl("get", "jobs", ...where, "-o", "name")).toBe("");
  // What would not be restricted is refused by the namespace, so that the above says something.
  await helm(
    "upgrade",
    release,
    CHART,
    ...where,
    "--reuse-values",
    "--set",
    "securityContext.allowPrivilegeEscalation=true",
  );
  await kubectl(
    "wait",
    "--for=condition=ReplicaFailure",
    `deployment/${release}-ceilometer-upgrade-operator`,
    ...where,
    "--timeout=60s",
  );
  // The pod of the removal is restricted, too, or it would not end.
  await helm("rollback", release, "1", ...where);
  await helm("uninstall", release, ...where);
});

test.concurrent("who may do anything in one namespace and nothing outside of it can install the chart there", async () => {
  const cluster = await sharedCluster();
  const namespace = await freshNamespace();
  const tenant = uniqueName("tenant");
  await kubectl(
    "create",
    "rolebinding",
    "tenant",
    "--clusterrole=cluster-admin",
    `--user=${tenant}`,
    "--namespace",
    namespace,
  );
  const as = ["--namespace", namespace, "--kube-as-user", tenant];
  await helm(
    "install",
    "mine",
    CHART,
    ...as,
    "--set",
    "singleNamespace=true,crds.install=false,networkPolicy.enabled=true,secrets={etc},podLogs.enabled=true",
    "--wait",
    "--timeout",
    "90s",
  );
  await helm("test", "mine", ...as, "--timeout", "90s");
  const refused = await cluster.helm(["upgrade", "mine", CHART, ...as, "--set", "crds.install=false"]);
  expect(refused.stderr).toMatch(/clusterroles?.* is forbidden/);
  await helm("uninstall", "mine", ...as);
});

const healthSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.tuple([
          z.object({
            command: z.tuple([z.literal("/nodejs/bin/node")]),
            args: z.array(z.string()),
            env: z.array(z.object({ name: z.string(), value: z.url() })),
          }),
        ]),
      }),
    }),
  }),
});

/** What the pod of `helm test` does, done here with the ports of an operator in the place of its Service. */
async function ask(
  ports: Readonly<Record<string, number>>,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const job = (await rendered()).find(({ metadata }) => metadata.name.endsWith("-health"));
  const [container] = healthSchema.parse(job).spec.template.spec.containers;
  const env = Object.fromEntries(
    container.env.map(({ name, value }) => {
      const url = new URL(value);
      return [name, `http://127.0.0.1:${ports[url.port]}${url.pathname}`];
    }),
  );
  const { code, stdout, stderr } = await run(process.execPath, container.args, { env });
  return { code, text: stdout + stderr };
}

test.concurrent("what helm test runs succeeds on an operator that is ready, and only then", async () => {
  const cluster = await sharedCluster();
  const namespace = await freshNamespace();
  const token = await installRights(cluster, namespace);
  await using operator = await startOperator({ cluster, namespace, token });
  await operator.ready;
  const port = (what: string): number =>
    z.object({ port: z.int() }).parse(operator.log.find(({ msg }) => msg === `serving ${what}`)).port;
  const ports = { 8081: port("/healthz and /readyz"), 8080: port("/metrics") };
  const well = await ask(ports);
  expect(well.text).toMatch(/readyz: 200\n[^]*metrics: 200\n$/);
  expect(well.code).toBe(0);
  const another = await ask({ ...ports, 8080: ports[8081] });
  expect(another.text).toContain("metrics: 404");
  expect(another.code).toBe(1);
  await operator.stop();
  const gone = await ask(ports);
  expect(gone.text).toContain("fetch failed");
  expect(gone.code).toBe(1);
});
