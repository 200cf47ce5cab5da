import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ProvidersError, parseProviders, readProviders } from "./providers.ts";

const PATH = "/etc/operator/providers.yaml";
const parse = (...lines: readonly string[]) => parseProviders(lines.join("\n"), PATH);
const one = (entry: object) => parseProviders(JSON.stringify({ providers: [entry] }), PATH);

test("a file in YAML: what is left out has its default, a slash at the end of an address means nothing", () => {
  const providers = parse(
    "providers:",
    "- name: prometheus",
    "  url: https://prometheus.monitoring.svc:9090/tenant/",
    "  bearerTokenFile: /secrets/token",
    "  caFile: ca.crt",
    "- {name: rabbitmq, url: 'http://rabbitmq:15672', usernameFile: u, passwordFile: p, timeoutSeconds: 0.5}",
  );
  expect(providers).toEqual([
    {
      name: "prometheus",
      url: "https://prometheus.monitoring.svc:9090/tenant",
      credentials: { kind: "bearer", tokenFile: "/secrets/token" },
      caFile: "/etc/operator/ca.crt",
      timeoutMs: 5000,
    },
    {
      name: "rabbitmq",
      url: "http://rabbitmq:15672",
      credentials: { kind: "basic", usernameFile: "/etc/operator/u", passwordFile: "/etc/operator/p" },
      timeoutMs: 500,
    },
  ]);
});

test("a file in JSON, and an empty list", () => {
  expect(one({ name: "a", url: "http://[::1]:9090" })).toEqual([
    { name: "a", url: "http://[::1]:9090", credentials: { kind: "none" }, timeoutMs: 5000 },
  ]);
  expect(parse("providers: []")).toEqual([]);
});

const good = { name: "a", url: "https://a" };

test.each<[what: string, entry: object, field: string, remedy: string]>([
  ["no name", { url: "https://a" }, "providers[0].name", "give it a name"],
  ["a name that no resource can write", { ...good, name: "A_b" }, "providers[0].name", "lower-case"],
  ["a number as a name", { ...good, name: 1 }, "providers[0].name", "in quotes"],
  ["a long name", { ...good, name: "a".repeat(64) }, "providers[0].name", "at most 63"],
  ["no address", { name: "a" }, "providers[0].url", "write http:// or https://"],
  ["another scheme", { ...good, url: "file:///etc/passwd" }, "providers[0].url", "write http:// or https://"],
  ["no scheme", { ...good, url: "prometheus:9090" }, "providers[0].url", "write http:// or https://"],
  ["credentials in an address", { ...good, url: "https://u:hunter2@a" }, "providers[0].url", "without user"],
  ["a query in an address", { ...good, url: "https://a/?token=hunter2" }, "providers[0].url", "without user, query"],
  ["a fragment in an address", { ...good, url: "https://a/#x" }, "providers[0].url", "fragment"],
  [
    "a credential itself",
    { ...good, password: "hunter2" },
    "providers[0] has an unknown field password",
    "never stands",
  ],
  ["a user alone", { ...good, usernameFile: "u" }, "providers[0].usernameFile", "name both files or none"],
  ["a password alone", { ...good, passwordFile: "p" }, "providers[0].passwordFile", "name both files or none"],
  [
    "two credentials",
    { ...good, bearerTokenFile: "t", usernameFile: "u", passwordFile: "p" },
    "bearerTokenFile",
    "keep",
  ],
  ["an empty path", { ...good, caFile: "" }, "providers[0].caFile", "write the path"],
  ["an authority for http", { ...good, url: "http://a", caFile: "c" }, "providers[0].caFile", "write https://"],
  ["no time at all", { ...good, timeoutSeconds: 0 }, "providers[0].timeoutSeconds", "0.1 to 30"],
  ["too much time", { ...good, timeoutSeconds: 31 }, "providers[0].timeoutSeconds", "0.1 to 30"],
  ["a time as text", { ...good, timeoutSeconds: "hunter2" }, "providers[0].timeoutSeconds", "0.1 to 30"],
])("%s is refused by field and remedy, without what was written", (_, entry, field, remedy) => {
  const refused = refusalOf(() => one(entry));
  expect(refused).toContain(PATH);
  expect(refused).toContain(field);
  expect(refused).toContain(remedy);
  expect(refused).not.toContain("hunter2");
});

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ProvidersError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

test.each<[what: string, text: string, told: string]>([
  ["no YAML", "providers: [", "line 1"],
  ["no mapping", "- name: a", 'write a list: "providers:"'],
  ["nothing", "", 'write a list: "providers:"'],
  ["no list", "providers: {name: a}", "line 1: providers is no list"],
  ["another key", "providers: []\nsecrets: []", "unknown field secrets"],
  ["an entry that is no mapping", "providers:\n- a", "line 2: providers[0] is no mapping"],
])("%s is refused", (_, text, told) => {
  expect(refusalOf(() => parseProviders(text, PATH))).toContain(told);
});

test("every mistake is told at once, with its line", () => {
  const refused = refusalOf(() =>
    parse("providers:", "- {name: a, url: 'https://a'}", "- name: a", "  url: https://b", "- name: c", "  url: c"),
  );
  expect(refused).toContain("line 6: providers[2].url is no address");
  const twice = refusalOf(() => parse("providers:", "- {name: a, url: 'https://a'}", "- name: a", "  url: https://b"));
  expect(twice).toContain("line 3: providers[1].name is taken");
});

test("no file means no providers, and a file that is named has to be there", async () => {
  expect(await readProviders(undefined)).toEqual([]);
  const directory = await mkdtemp(join(tmpdir(), "providers-"));
  try {
    await expect(readProviders(join(directory, "none.yaml"))).rejects.toThrow(/none\.yaml cannot be read \(ENOENT\)/);
    const path = join(directory, "providers.yaml");
    await writeFile(path, "providers: [{name: a, url: 'https://a', caFile: ca.crt}]");
    expect(await readProviders(path)).toMatchObject([{ name: "a", caFile: join(directory, "ca.crt") }]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
