import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadKubeConnection } from "./config.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "kube-config-"));
});
afterEach(() => rm(dir, { recursive: true }));

const put = (name: string, text: string): Promise<void> => writeFile(join(dir, name), text);

describe("in a cluster", () => {
  const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "6443" };
  beforeEach(async () => {
    await put("token", "first\n");
    await put("ca.crt", "CA");
    await put("namespace", "operators");
  });

  test("the service account says who we are; a refresh reads a rotated token without new connections", async () => {
    const connection = await loadKubeConnection({ env, serviceAccountDir: dir });
    expect(connection.server.href).toBe("https://10.0.0.1:6443/");
    expect(connection.namespace).toBe("operators");
    const first = await connection.authenticate(false);
    expect(first).toEqual({ headers: { authorization: "Bearer first" }, tls: { ca: "CA" } });
    await put("token", "second");
    expect((await connection.authenticate(false)).headers).toEqual({ authorization: "Bearer first" });
    const second = await connection.authenticate(true);
    expect(second.headers).toEqual({ authorization: "Bearer second" });
    expect(second.tls).toBe(first.tls);
    await put("ca.crt", "CA2");
    expect((await connection.authenticate(true)).tls).toEqual({ ca: "CA2" });
  });

  test("an IPv6 address makes a URL", async () => {
    const connection = await loadKubeConnection({
      env: { KUBERNETES_SERVICE_HOST: "fd00::1" },
      serviceAccountDir: dir,
    });
    expect(connection.server.href).toBe("https://[fd00::1]/");
  });
});

describe("with a kubeconfig", () => {
  const kubeconfig = (server: string, cluster = ""): string => `
apiVersion: v1
kind: Config
current-context: one
clusters: [{name: c, cluster: {server: "${server}"${cluster}}}]
contexts: [{name: one, context: {cluster: c, user: u, namespace: there}}, {name: two, context: {cluster: c, user: basic}}]
users: [{name: u, user: {token: secret}}, {name: basic, user: {username: a, password: b}}]
`;

  test("server, namespace and credentials are those of the context", async () => {
    await put("config", kubeconfig("https://example.org:6443/prefix"));
    const path = join(dir, "config");
    const one = await loadKubeConnection({ env: { KUBECONFIG: path, KUBERNETES_SERVICE_HOST: "10.0.0.1" } });
    expect(one.server.href).toBe("https://example.org:6443/prefix");
    expect(one.namespace).toBe("there");
    expect((await one.authenticate(false)).headers).toEqual({ authorization: "Bearer secret" });
    const two = await loadKubeConnection({ kubeconfig: path, context: "two", env: {} });
    expect(two.namespace).toBe("default");
    expect((await two.authenticate(false)).headers).toEqual({ authorization: `Basic ${btoa("a:b")}` });
  });

  test("of several files those count that are there, and of equal names the first", async () => {
    const of = (server: string, token: string, current: string): string => `
apiVersion: v1
kind: Config
${current === "" ? "" : `current-context: ${current}`}
clusters: [{name: kubernetes, cluster: {server: "${server}"}}]
contexts: [{name: same, context: {cluster: kubernetes, user: admin, namespace: ${token}}}, {name: ${token}, context: {cluster: kubernetes, user: admin}}]
users: [{name: admin, user: {token: ${token}}}]
`;
    await put("one", of("https://one", "first", ""));
    await put("two", of("https://two", "second", "same"));
    const load = (context: string | undefined, ...names: readonly string[]) =>
      loadKubeConnection({ env: { KUBECONFIG: names.map((name) => join(dir, name)).join(delimiter) }, context });
    const both = await load(undefined, "one", "none", "two");
    expect([both.server.href, both.namespace]).toEqual(["https://one/", "first"]);
    expect((await both.authenticate(false)).headers).toEqual({ authorization: "Bearer first" });
    expect((await load("second", "one", "two")).server.href).toBe("https://one/");
    expect((await load(undefined, "none", "two")).server.href).toBe("https://two/");
    await expect(load(undefined, "none", "neither")).rejects.toThrow("none of these files is there");
  });

  test("a plain http server, as a proxy in a test is, gets the same credentials", async () => {
    await put("config", kubeconfig("http://127.0.0.1:1"));
    const connection = await loadKubeConnection({ kubeconfig: join(dir, "config"), env: {} });
    expect((await connection.authenticate(false)).headers).toEqual({ authorization: "Bearer secret" });
  });

  test("what cannot be honoured is refused with a reason", async () => {
    await put("config", kubeconfig("https://example.org", ", proxy-url: http://proxy"));
    const path = join(dir, "config");
    await expect(loadKubeConnection({ kubeconfig: path, env: {} })).rejects.toThrow("proxy-url is not supported");
    await expect(loadKubeConnection({ kubeconfig: path, context: "three", env: {} })).rejects.toThrow(
      'there is no context "three"; there are: one, two',
    );
    await expect(loadKubeConnection({ kubeconfig: join(dir, "none"), env: {} })).rejects.toThrow("none");
  });

  test("what is missing or wrong in it is told with its name, and what there is instead", async () => {
    const path = join(dir, "config");
    const failing = (context?: string) => expect(loadKubeConnection({ kubeconfig: path, context, env: {} })).rejects;
    await put("config", kubeconfig("https://example.org").replace("current-context: one", ""));
    await failing().toThrow(`${path}: there is no current context; choose one with --context: one, two`);
    await put("config", kubeconfig("https://example.org").replaceAll("cluster: c,", "cluster: d,"));
    await failing("one").toThrow(`${path}: context "one" names no cluster`);
    await put("config", kubeconfig("example.org"));
    await failing("one").toThrow(`${path}: the server of cluster "c" is no address`);
    await expect(loadKubeConnection({ kubeconfig: dir, env: {} })).rejects.toThrow(`${dir} is a folder`);
  });

  test("one that is broken is told by what and where, and no token of the lines around is", async () => {
    await put("config", "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: hunter2\n   bad: [\n");
    const error: unknown = await loadKubeConnection({ kubeconfig: join(dir, "config"), env: {} }).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(error)).toContain(`${join(dir, "config")}: bad indentation`);
    expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
  });

  test.each(["hunter2", "{}", '{"a": "hunter2"}'])(
    "what a credential plugin prints is not told: %s",
    async (printed) => {
      const exec = {
        apiVersion: "client.authentication.k8s.io/v1",
        command: process.execPath,
        args: ["--eval", `console.info(${JSON.stringify(printed)})`],
        interactiveMode: "Never",
      };
      await put("config", kubeconfig("https://example.org").replace("{token: secret}", JSON.stringify({ exec })));
      const connection = await loadKubeConnection({ kubeconfig: join(dir, "config"), env: {} });
      const error: unknown = await connection.authenticate(false).catch((thrown: unknown) => thrown);
      expect(String(error)).toContain("ExecCredential");
      expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
    },
  );
});
