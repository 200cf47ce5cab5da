import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Place, withCluster } from "./connection.ts";
import { UsageError } from "./failures.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "plugin-home-"));
});
afterEach(() => rm(home, { recursive: true }));

async function atHome(): Promise<void> {
  await mkdir(join(home, ".kube"));
  await writeFile(
    join(home, ".kube", "config"),
    `
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: t, cluster: {server: "https://test"}}, {name: p, cluster: {server: "https://prod"}}]
contexts: [{name: test, context: {cluster: t, user: u}}, {name: prod, context: {cluster: p, user: u}}]
users: [{name: u, user: {token: a}}]
`,
  );
}

/** The server that is asked, from inside a pod. */
const inPod = (place: Place): Promise<string> =>
  withCluster(place, { env: { HOME: home, KUBERNETES_SERVICE_HOST: "10.0.0.1" } }, ({ server }) =>
    Promise.resolve(server),
  );

test("a pod's own cluster is asked only where nothing else is named, as kubectl has it", async () => {
  expect(await inPod({})).toBe("https://10.0.0.1/");
  await atHome();
  expect(await inPod({})).toBe("https://test/");
  expect(await inPod({ context: "prod" })).toBe("https://prod/");
});

test("a context that is not there is no reason to steer the pod's own cluster", async () => {
  await expect(inPod({ context: "prod" })).rejects.toThrow(UsageError);
  await atHome();
  await expect(inPod({ context: "other" })).rejects.toThrow('there is no context "other"');
});
