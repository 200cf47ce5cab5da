import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { readPlainKubeconfig } from "./kubeconfig.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
afterAll(() => rm(directory, { recursive: true }));

const base64 = (content: string): string => Buffer.from(content).toString("base64");

async function write(cluster: object, user: object, context: object = {}): Promise<string> {
  const path = join(directory, `${Math.random().toString(36).slice(2)}.yaml`);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "one",
    contexts: [
      { name: "one", context: { cluster: "c", user: "u", ...context } },
      { name: "two", context: { cluster: "other", user: "u" } },
    ],
    clusters: [
      { name: "c", cluster: { server: "https://127.0.0.1:6443", ...cluster } },
      { name: "other", cluster: { server: "https://127.0.0.2:6443" } },
    ],
    users: [{ name: "u", user }],
  };
  await writeFile(path, stringify(config));
  return path;
}

test("a token and a certificate authority in the file", async () => {
  const path = await write({ "certificate-authority-data": base64("CA") }, { token: "t" }, { namespace: "openstack" });
  const plain = await readPlainKubeconfig(path);
  expect(plain?.server.href).toBe("https://127.0.0.1:6443/");
  expect(plain?.namespace).toBe("openstack");
  expect(await plain?.load()).toEqual({ headers: { authorization: "Bearer t" }, tls: { ca: "CA" } });
});

test("files beside it, read anew each time, so that what was rotated is found", async () => {
  const path = await write(
    { "certificate-authority": "ca.crt" },
    { "client-certificate": "c.crt", "client-key": "c.key" },
  );
  for (const name of ["ca.crt", "c.crt", "c.key"]) await writeFile(join(directory, name), name);
  const plain = await readPlainKubeconfig(path);
  expect(await plain?.load()).toEqual({ headers: {}, tls: { ca: "ca.crt", cert: "c.crt", key: "c.key" } });
  await writeFile(join(directory, "c.crt"), "new");
  expect((await plain?.load())?.tls.cert).toBe("new");
});

test("a token file wins over a token, as for kubectl", async () => {
  await writeFile(join(directory, "token"), "fresh\n");
  const path = await write({}, { token: "stale", tokenFile: join(directory, "token") });
  const plain = await readPlainKubeconfig(path);
  expect((await plain?.load())?.headers).toEqual({ authorization: "Bearer fresh" });
});

test("another context than the current one", async () => {
  const plain = await readPlainKubeconfig(await write({}, { token: "t" }), "two");
  expect(plain?.server.hostname).toBe("127.0.0.2");
});

test.each([
  ["an exec plugin", {}, { exec: { command: "aws" } }],
  ["a provider", {}, { "auth-provider": { name: "oidc" } }],
  ["a password", {}, { username: "u", password: "p" }],
  ["a proxy", { "proxy-url": "http://proxy" }, { token: "t" }],
  ["an unverified server", { "insecure-skip-tls-verify": true }, { token: "t" }],
  ["another server name", { "tls-server-name": "api" }, { token: "t" }],
  ["impersonation", {}, { token: "t", as: "admin" }],
])("%s is not plain, so it is left to client-node", async (_, cluster, user) => {
  expect(await readPlainKubeconfig(await write(cluster, user))).toBeUndefined();
});

test("a context that does not exist, and a file that is no kubeconfig, are left to client-node's words", async () => {
  expect(await readPlainKubeconfig(await write({}, { token: "t" }), "three")).toBeUndefined();
  const path = join(directory, "broken.yaml");
  await writeFile(path, "{");
  expect(await readPlainKubeconfig(path)).toBeUndefined();
});
