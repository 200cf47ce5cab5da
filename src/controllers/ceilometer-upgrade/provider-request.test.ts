/** Questions to a real server, through the way that the operator asks them: probes, ask, request. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { startStub } from "../../../test/support/stub-api-server.ts";
import { createKubeClient } from "../../kube/client.ts";
import type { ProviderQuestion } from "../../model/probe.ts";
import type { Bounds, ProviderVerdict } from "../../model/provider-answer.ts";
import type { Log } from "../../runtime/logger.ts";
import { createAsk } from "./ask.ts";
import { createProbes } from "./probes.ts";
import { targetOf } from "./provider-request.ts";
import type { Provider } from "./providers.ts";

const SECRET = "hunter2";
const PROMETHEUS: ProviderQuestion = { kind: "prometheus", query: 'sum(x{queue=~"ceilometer_ipc-.*"}) + 0' };
const HTTP: ProviderQuestion = {
  kind: "http",
  path: "/api/queues/%2F?page=1&sort=messages",
  pointer: "/items/0/messages",
};
const HEALTH: ProviderQuestion = { kind: "http", path: "/health" };
const EMPTY: Bounds = { max: "0" };

interface Seen {
  readonly url: string | undefined;
  readonly authorization: string | undefined;
}
let seen: Seen[] = [];
beforeEach(() => {
  seen = [];
});
let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "credentials-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function fileWith(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

interface Server extends AsyncDisposable {
  readonly url: string;
}

async function serve(answer: RequestListener): Promise<Server> {
  const server = createServer((request, response) => {
    seen.push({ url: request.url, authorization: request.headers.authorization });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const says =
  (body: string, status = 200): RequestListener =>
  (_, response) =>
    response.writeHead(status, { location: "/elsewhere", "www-authenticate": SECRET }).end(body);

type Changes = Partial<Omit<Provider, "name">>;

function providerAt(url: string, changes: Changes = {}): Provider {
  return { name: "one", url, credentials: { kind: "none" }, timeoutMs: 10_000, ...changes };
}

async function put(provider: Provider, question: ProviderQuestion, bounds: Bounds): Promise<ProviderVerdict> {
  await using stub = await startStub((_, response) => response.end());
  const client = createKubeClient(stub.connection(), { userAgent: "test", fieldManager: "test" });
  try {
    const ask = createAsk({ client, permissions: [], providers: [{ ...provider, name: "other" }, provider] });
    const request = { kind: "provider", id: "x", provider: "one", question, ...bounds } as const;
    const answer = await ask(request, new AbortController().signal);
    // Whatever else a test says: reasons are words of our own.
    expect(answer.reason).not.toContain(SECRET);
    return answer;
  } finally {
    client.close();
  }
}

async function asked(
  answer: RequestListener,
  { question = HTTP, bounds = EMPTY, ...changes }: Changes & { question?: ProviderQuestion; bounds?: Bounds } = {},
): Promise<ProviderVerdict> {
  await using server = await serve(answer);
  return await put(providerAt(server.url, changes), question, bounds);
}

const queues = (messages: unknown): string => JSON.stringify({ items: [{ name: SECRET, messages }] });
const vector = (...values: readonly string[]): string =>
  JSON.stringify({
    status: "success",
    data: { resultType: "vector", result: values.map((value) => ({ metric: { queue: SECRET }, value: [1, value] })) },
  });

describe("a Prometheus", () => {
  test("is asked for an instant, and its one sample is compared", async () => {
    expect(await asked(says(vector("0")), { question: PROMETHEUS })).toMatchObject({ verdict: "pass" });
    const query = new URL(seen[0]?.url ?? "", "http://x");
    expect(query.pathname).toBe("/api/v1/query");
    expect(query.searchParams.get("query")).toBe(PROMETHEUS.kind === "prometheus" ? PROMETHEUS.query : "");
    expect(await asked(says(vector("3")), { question: PROMETHEUS })).toEqual({
      verdict: "fail",
      reason: "3 is more than 0",
    });
  });

  test("that answers nothing, or several series, is inconclusive", async () => {
    const nothing = await asked(says(vector()), { question: PROMETHEUS });
    expect(nothing.verdict).toBe("inconclusive");
    expect(nothing.reason).toContain("the query answered nothing");
    const several = await asked(says(vector("0", "0")), { question: PROMETHEUS });
    expect(several).toMatchObject({ verdict: "inconclusive" });
  });

  test("that refuses the query is inconclusive", async () => {
    const answer = await asked(says(JSON.stringify({ status: "error", error: SECRET }), 400), { question: PROMETHEUS });
    expect(answer.verdict).toBe("inconclusive");
    expect(answer.reason).toContain("does not understand the question (400)");
  });

  test("is not asked what cannot be judged", async () => {
    expect(await asked(says(vector("0")), { question: PROMETHEUS, bounds: {} })).toMatchObject({
      verdict: "inconclusive",
    });
    expect(seen).toEqual([]);
  });
});

describe("a document", () => {
  test("passes and fails by the number at its pointer", async () => {
    expect(await asked(says(queues(0)))).toMatchObject({ verdict: "pass" });
    expect(seen[0]?.url).toBe("/api/queues/%2F?page=1&sort=messages");
    expect(await asked(says(queues("0")))).toMatchObject({ verdict: "pass" });
    expect(await asked(says(queues(12)))).toEqual({ verdict: "fail", reason: "12 is more than 0" });
  });

  test("without a pointer only has to answer 200, however much it says", async () => {
    const answer = await asked(says("x".repeat(2 * 1024 * 1024)), { question: HEALTH, bounds: {} });
    expect(answer).toMatchObject({ verdict: "pass" });
    expect(await asked(says("", 503), { question: HEALTH, bounds: {} })).toMatchObject({ verdict: "inconclusive" });
    expect(await asked(says("", 204), { question: HEALTH, bounds: {} })).toMatchObject({ verdict: "inconclusive" });
  });

  test.each<[what: string, answer: RequestListener, reason: string]>([
    ["no JSON", says(`<html>${SECRET}`), "the answer is no JSON"],
    ["nothing at the pointer", says(JSON.stringify({ items: [], secret: SECRET })), "leads to nothing"],
    ["no number at the pointer", says(queues(SECRET)), "no finite number"],
    ["401", says(SECRET, 401), "that these credentials may not ask this (401)"],
    ["403", says(SECRET, 403), "that these credentials may not ask this (403)"],
    ["404", says(SECRET, 404), "that nothing is at this path (404)"],
    ["500", says(queues(0), 500), "without success (500)"],
    ["a redirect", says(queues(0), 302), "which is not done: correct its url (302)"],
    ["a permanent redirect", says(queues(0), 308), "(308)"],
    ["too much", says(`${" ".repeat(256 * 1024)}${queues(0)}`), "larger than 256 KiB"],
  ])("with %s is inconclusive", async (_, answer, reason) => {
    const verdict = await asked(answer);
    expect(verdict.verdict).toBe("inconclusive");
    expect(verdict.reason).toContain(reason);
    expect(seen).toHaveLength(1);
  });

  test("that says it is too large is read no further than 256 KiB", async () => {
    let written = 0;
    const endless: RequestListener = (_, response) => {
      const more = (): void => {
        while (!response.destroyed) {
          written += 64 * 1024;
          if (!response.write(" ".repeat(64 * 1024))) return;
        }
      };
      response.writeHead(200).on("drain", more);
      more();
    };
    expect(await asked(endless)).toMatchObject({ verdict: "inconclusive" });
    // What is in the sockets' buffers comes on top.
    expect(written).toBeLessThan(32 * 1024 * 1024);
  });
});

describe("a provider that does not answer", () => {
  test.each<[what: string, answer: RequestListener]>([
    ["at all", () => {}],
    ["to its end", (_, response) => void response.writeHead(200).write('{"items": [')],
  ])("%s is inconclusive after its time", async (_, answer) => {
    expect(await asked(answer, { timeoutMs: 100 })).toEqual({
      verdict: "inconclusive",
      reason: "the provider did not answer within 0.1 s",
    });
  });

  test("breaks off in the middle, or speaks no HTTP", async () => {
    const broken = await asked((_, response) => {
      response.writeHead(200, { "content-length": 100 }).write("{", () => response.destroy());
    });
    expect(broken).toEqual({ verdict: "inconclusive", reason: "the provider cannot be reached (ECONNRESET)" });
    const garbled = await asked((request) => void request.socket.end(`${SECRET}\r\n\r\n`));
    expect(garbled.verdict).toBe("inconclusive");
    expect(garbled.reason).toMatch(/cannot be reached \(HPE_\w+\)/);
  });

  test("is not there", async () => {
    const server = await serve(says(""));
    await server[Symbol.asyncDispose]();
    expect(await put(providerAt(server.url), HTTP, EMPTY)).toEqual({
      verdict: "inconclusive",
      reason: "the provider cannot be reached (ECONNREFUSED)",
    });
  });

  test("is https at an address that speaks http", async () => {
    await using server = await serve(says(queues(0)));
    const answer = await put(providerAt(server.url.replace("http:", "https:")), HTTP, EMPTY);
    expect(answer.verdict).toBe("inconclusive");
    expect(answer.reason).toContain("cannot be reached");
  });

  test("is not configured", async () => {
    const stranger = { ...providerAt("http://127.0.0.1:1"), name: "two" };
    expect(await put(stranger, HTTP, EMPTY)).toEqual({ verdict: "inconclusive", reason: "no provider is called one" });
  });
});

describe("credentials", () => {
  const authorizations = (): readonly (string | undefined)[] => seen.map(({ authorization }) => authorization);

  test("none are sent where none are configured", async () => {
    await asked(says(queues(0)));
    expect(authorizations()).toEqual([undefined]);
  });

  test("a token is sent, and one that was rotated from the next question on", async () => {
    const tokenFile = await fileWith("token", `${SECRET}-1\n`);
    await using server = await serve(says(queues(0)));
    const provider = providerAt(server.url, { credentials: { kind: "bearer", tokenFile } });
    await put(provider, HTTP, EMPTY);
    await fileWith("token", `${SECRET}-2`);
    await put(provider, HTTP, EMPTY);
    expect(authorizations()).toEqual([`Bearer ${SECRET}-1`, `Bearer ${SECRET}-2`]);
  });

  test("a user and a password are sent; of a password only one line's end is cut off", async () => {
    const usernameFile = await fileWith("username", "reader\n");
    const passwordFile = await fileWith("password", ` ${SECRET}: ü\r\n`);
    await asked(says(queues(0)), { credentials: { kind: "basic", usernameFile, passwordFile } });
    const [, base64 = ""] = (authorizations()[0] ?? "").split(" ");
    expect(Buffer.from(base64, "base64").toString("utf8")).toBe(`reader: ${SECRET}: ü`);
  });

  test.each<[what: string, content: string, reason: string]>([
    ["an empty file", "\n", "the provider's bearerTokenFile is empty"],
    ["several lines", `${SECRET}\n${SECRET}\n`, "holds more than one token"],
    ["no ASCII", `${SECRET}ü`, "holds more than one token, or something else"],
  ])("%s is no token: nothing is sent", async (_, content, reason) => {
    const tokenFile = await fileWith("bad-token", content);
    const answer = await asked(says(queues(0)), { credentials: { kind: "bearer", tokenFile } });
    expect(answer.verdict).toBe("inconclusive");
    expect(answer.reason).toContain(reason);
    expect(seen).toEqual([]);
  });

  test("a file that is not there is named by its field, and nothing is sent without it", async () => {
    const none = join(directory, "none");
    const usernameFile = await fileWith("username", "reader");
    const reasons = [
      await asked(says(queues(0)), { credentials: { kind: "bearer", tokenFile: none } }),
      await asked(says(queues(0)), { credentials: { kind: "basic", usernameFile, passwordFile: none } }),
      await asked(says(queues(0)), { caFile: none }),
    ].map(({ reason }) => reason);
    expect(reasons).toEqual([
      "the operator cannot read the provider's bearerTokenFile (ENOENT)",
      "the operator cannot read the provider's passwordFile (ENOENT)",
      "the operator cannot read the provider's caFile (ENOENT)",
    ]);
    expect(seen).toEqual([]);
  });

  test("stay at their address when it redirects to another host", async () => {
    const tokenFile = await fileWith("token", SECRET);
    await using elsewhere = await serve(says(queues(0)));
    const answer = await asked((_, response) => response.writeHead(307, { location: `${elsewhere.url}/api` }).end(), {
      credentials: { kind: "bearer", tokenFile },
    });
    expect(answer.verdict).toBe("inconclusive");
    expect(seen).toHaveLength(1);
  });
});

test("a log of a question that got no answer holds no credential and nothing of what the provider said", async () => {
  const tokenFile = await fileWith("token", SECRET);
  const lines: unknown[] = [];
  const note = (fields: object, msg: string): void => void lines.push(fields, msg);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  await using server = await serve((request) => void request.socket.end(`HTTP/1.1 ${SECRET}\r\n\r\n`));
  const provider = providerAt(server.url, { credentials: { kind: "bearer", tokenFile } });
  const told = Promise.withResolvers<void>();
  await using stub = await startStub((_, response) => response.end());
  const client = createKubeClient(stub.connection(), { userAgent: "test", fieldManager: "test" });
  const ask = createAsk({ client, permissions: [], providers: [provider] });
  const probes = createProbes({ ask, clock: new FakeClock(), log, onAnswer: () => told.resolve() });
  probes.want("a/one", [{ kind: "provider", id: "x", provider: "one", question: HTTP, ...EMPTY }]);
  await told.promise;
  await probes.stop();
  client.close();
  expect(seen).toHaveLength(1);
  expect(probes.results.get("x")?.reason).toMatch(/cannot be reached/);
  expect(inspect([lines, ...probes.results.values()], { depth: Infinity })).not.toContain(SECRET);
});

describe("a path stays below the address", () => {
  const provider = providerAt("http://rabbitmq:15672/base");
  const target = (path: string) => targetOf(provider, { kind: "http", path });

  test.each<[path: string, href: string]>([
    ["/api/queues/%2F", "http://rabbitmq:15672/base/api/queues/%2F"],
    ["/", "http://rabbitmq:15672/base/"],
    ["/...", "http://rabbitmq:15672/base/..."],
    ["/a..b/.c", "http://rabbitmq:15672/base/a..b/.c"],
    ["//evil", "http://rabbitmq:15672/base//evil"],
    ["/@evil", "http://rabbitmq:15672/base/@evil"],
    ["/api?name=%5Eceilometer-pipe-&up=/../..", "http://rabbitmq:15672/base/api?name=%5Eceilometer-pipe-&up=/../.."],
    ["/100%", "http://rabbitmq:15672/base/100%"],
  ])("%s is asked", (path, href) => expect(target(path).href).toBe(href));

  test.each([
    "http://evil/",
    "evil",
    "@evil/",
    ":80/",
    ".evil/",
    "/..",
    "/../other",
    "/a/../../other",
    "/./a",
    "/%2e%2e/other",
    "/.%2E/other",
    "/..%2fother",
    "/a%2f..%2f..%2fother",
    "/%252e%252e/other",
    "/%25252e%25252e/other",
    "/..\\other",
    "/..%5cother",
    "/..;x=1/other",
    "/a b",
    "/a#b",
    "/.\t./other",
  ])("%j is refused", (path) => expect(() => target(path)).toThrow("leaves the provider's address"));

  test("so that a refused one is not asked", async () => {
    const answer = await asked(says("0"), { question: { kind: "http", path: "/../x", pointer: "" } });
    expect(answer).toMatchObject({ verdict: "inconclusive" });
    expect(seen).toEqual([]);
  });
});
