import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import {
  type StubApiServer,
  type StubRequest,
  sendJson,
  startStub,
  statusBody,
} from "../../test/support/stub-api-server.ts";
import { createKubeClient, type KubeClient } from "./client.ts";
import { failureOf, type KubeFailure } from "./errors.ts";
import type { Resource } from "./resource.ts";
import type { WatchEvent } from "./watch-stream.ts";

const widgets: Resource = { group: "example.org", version: "v1", plural: "widgets", kind: "Widget", namespaced: true };
const widget = (
  name: string,
  version = "1",
): { metadata: { name: string; namespace: string; resourceVersion: string } } => ({
  metadata: { name, namespace: "ns", resourceVersion: version },
});
const at = { namespace: "ns", name: "a" };
const base = "/apis/example.org/v1/namespaces/ns/widgets";

async function withClient(
  answer: (request: StubRequest, response: ServerResponse) => void,
  use: (client: KubeClient, stub: StubApiServer) => Promise<void>,
  tokens?: readonly string[],
): Promise<void> {
  await using stub = await startStub(answer);
  const client = createKubeClient(stub.connection(tokens), { userAgent: "agent/1", fieldManager: "manager" });
  try {
    await use(client, stub);
  } finally {
    client.close();
  }
}

async function failureIn(call: Promise<unknown>): Promise<KubeFailure | undefined> {
  try {
    await call;
  } catch (error) {
    return failureOf(error);
  }
  return undefined;
}

async function readAllEvents(events: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const all: WatchEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe("what goes over the wire", () => {
  const calls: [string, (client: KubeClient) => Promise<unknown>, Partial<StubRequest>][] = [
    ["get", (c) => c.get(widgets, at), { method: "GET", path: `${base}/a`, query: {} }],
    [
      "create",
      (c) => c.create(widgets, widget("a")),
      { method: "POST", path: base, query: { fieldManager: "manager" } },
    ],
    [
      "patch of a subresource",
      (c) => c.patchJson(widgets, at, [], { subresource: "status" }),
      { method: "PATCH", path: `${base}/a/status`, query: { fieldManager: "manager" } },
    ],
    [
      "dry run",
      (c) => c.replace(widgets, widget("a"), { dryRun: true }),
      { method: "PUT", path: `${base}/a`, query: { fieldManager: "manager", dryRun: "All" } },
    ],
    [
      "json patch",
      (c) => c.patchJson(widgets, at, [{ op: "test", path: "/x", value: 1 }]),
      {
        method: "PATCH",
        path: `${base}/a`,
        query: { fieldManager: "manager" },
        body: '[{"op":"test","path":"/x","value":1}]',
      },
    ],
    [
      "merge patch",
      (c) => c.patchMerge(widgets, at, { x: null }),
      { method: "PATCH", path: `${base}/a`, body: '{"x":null}' },
    ],
    [
      "remove",
      (c) => c.remove(widgets, at, { preconditions: { uid: "u" }, propagationPolicy: "Orphan" }),
      {
        method: "DELETE",
        path: `${base}/a`,
        body: '{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u"},"propagationPolicy":"Orphan"}',
      },
    ],
  ];
  test.each(calls)("%s", async (_, call, expected) => {
    await withClient(
      (__, response) => sendJson(response, 200, widget("a")),
      async (client, stub) => {
        await call(client);
        expect(stub.requests).toHaveLength(1);
        expect(stub.requests[0]).toMatchObject(expected);
        expect(stub.requests[0]?.headers).toMatchObject({ "user-agent": "agent/1", authorization: "Bearer token" });
      },
    );
  });

  test.each([
    ["a Status", { kind: "Status", apiVersion: "v1", status: "Success" }, true],
    ["the object itself", widget("a"), false],
  ])("a removal that is answered by %s says whether it is no more", async (_, answer, isGone) => {
    await withClient(
      (__, response) => sendJson(response, 200, answer),
      async (client) => {
        expect(await client.remove(widgets, at)).toBe(isGone);
      },
    );
  });

  test("each kind of patch says what it is, and bodies say their kind", async () => {
    await withClient(
      (_, response) => sendJson(response, 200, widget("a")),
      async (client, stub) => {
        await client.replace(widgets, widget("a"));
        await client.patchJson(widgets, at, []);
        await client.patchMerge(widgets, at, {});
        expect(stub.requests.map(({ headers }) => headers["content-type"])).toEqual([
          "application/json",
          "application/json-patch+json",
          "application/merge-patch+json",
        ]);
        expect(JSON.parse(stub.requests[0]?.body ?? "")).toMatchObject({
          apiVersion: "example.org/v1",
          kind: "Widget",
        });
      },
    );
  });

  test("logs are text, with the options asked for", async () => {
    await withClient(
      (_, response) => response.end("one\ntwo\n"),
      async (client, stub) => {
        const text = await client.logs(at, { container: "c", tailLines: 5, limitBytes: 100, previous: true });
        expect(text).toBe("one\ntwo\n");
        expect(stub.requests[0]).toMatchObject({
          path: "/api/v1/namespaces/ns/pods/a/log",
          query: { container: "c", tailLines: "5", limitBytes: "100", previous: "true" },
        });
      },
    );
  });
});

test("a list reads all pages, asks for no version, and gives items their kind", async () => {
  await withClient(
    ({ query }, response) =>
      query["continue"] === undefined
        ? sendJson(response, 200, { metadata: { resourceVersion: "9", continue: "more" }, items: [widget("a")] })
        : sendJson(response, 200, { metadata: { resourceVersion: "9" }, items: [widget("b")] }),
    async (client, stub) => {
      const { items, resourceVersion } = await client.list(widgets, { labelSelector: "x=y" });
      expect(items.map(({ kind, apiVersion, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
        ["example.org/v1", "Widget", "a"],
        ["example.org/v1", "Widget", "b"],
      ]);
      expect(resourceVersion).toBe("9");
      expect(stub.requests.map(({ query }) => query)).toEqual([
        { limit: "500", labelSelector: "x=y" },
        { limit: "500", labelSelector: "x=y", continue: "more" },
      ]);
    },
  );
});

test("many calls share few connections", async () => {
  await withClient(
    (_, response) => sendJson(response, 200, widget("a")),
    async (client, stub) => {
      for (let i = 0; i < 50; i++) await client.get(widgets, at);
      expect(stub.connections).toBe(1);
      await Promise.all(Array.from({ length: 50 }, () => client.get(widgets, at)));
      expect(stub.connections).toBeLessThanOrEqual(16);
    },
  );
});

describe("failures", () => {
  test("a status is read, with its Retry-After", async () => {
    await withClient(
      (_, response) => sendJson(response, 429, statusBody(429, "TooManyRequests"), { "retry-after": "1" }),
      async (client) => {
        expect(await failureIn(client.get(widgets, at))).toEqual({
          kind: "throttled",
          code: 429,
          reason: "TooManyRequests",
          message: "TooManyRequests it is",
          retryAfterMs: 1_000,
        });
      },
    );
  });

  test("a connection cut after the request was sent leaves the outcome unknown, and a write is not repeated", async () => {
    await withClient(
      ({ method }, response) => {
        if (method === "GET") sendJson(response, 200, widget("a"));
        else response.socket?.destroy();
      },
      async (client, stub) => {
        expect((await failureIn(client.create(widgets, widget("a"))))?.kind).toBe("lost");
        await client.get(widgets, at);
        expect((await failureIn(client.patchMerge(widgets, at, {})))?.kind).toBe("lost");
        expect(stub.requests.map(({ method }) => method)).toEqual(["POST", "GET", "PATCH"]);
      },
    );
  });

  test("a read on a kept connection that the server has just closed is asked again", async () => {
    let cut = false;
    await withClient(
      (_, response) => {
        if (cut) {
          cut = false;
          response.socket?.destroy();
        } else sendJson(response, 200, widget("a"));
      },
      async (client, stub) => {
        await client.get(widgets, at);
        cut = true;
        await client.get(widgets, at);
        expect(stub.requests).toHaveLength(3);
      },
    );
  });

  test("a server that is not there has not been sent anything", async () => {
    const { connection } = await (async () => {
      await using stub = await startStub(() => {});
      return { connection: stub.connection() };
    })();
    const client = createKubeClient(connection, { userAgent: "a", fieldManager: "m" });
    expect(await failureIn(client.create(widgets, widget("a")))).toMatchObject({
      kind: "unavailable",
      code: 0,
      reason: "ConnectionFailed",
    });
  });

  test("an aborted call ends at once, with an unknown outcome", async () => {
    const abort = new AbortController();
    await withClient(
      () => abort.abort(),
      async (client) => {
        const call = client.create(widgets, widget("a"), { signal: abort.signal });
        expect(await failureIn(call)).toMatchObject({ kind: "lost", reason: "Aborted" });
        expect((await failureIn(client.get(widgets, at, { signal: abort.signal })))?.reason).toBe("Aborted");
      },
    );
  });

  test("an answer that is not JSON, or no object, is garbled", async () => {
    const bodies = ["<html>", "[]", '{"metadata":{}}'];
    await withClient(
      (_, response) => response.end(bodies.shift()),
      async (client) => {
        for (let i = 0; i < 3; i++) {
          expect(await failureIn(client.get(widgets, at))).toMatchObject({ kind: "other", reason: "Garbled" });
        }
      },
    );
  });

  test("a body cut short leaves the outcome unknown", async () => {
    await withClient(
      (_, response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write("{");
        setImmediate(() => response.socket?.destroy());
      },
      async (client) => expect((await failureIn(client.get(widgets, at)))?.kind).toBe("lost"),
    );
  });
});

describe("a refused token", () => {
  const answer = ({ headers }: StubRequest, response: ServerResponse): void => {
    if (headers.authorization === "Bearer new") sendJson(response, 200, widget("a"));
    else sendJson(response, 401, statusBody(401, "Unauthorized"));
  };
  test("is read anew, once, and the request repeated, also a write", async () => {
    await withClient(
      answer,
      async (client, stub) => {
        await client.create(widgets, widget("a"));
        expect(stub.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
      },
      ["old", "new"],
    );
  });
  test("that stays refused is a failure", async () => {
    await withClient(
      answer,
      async (client, stub) => {
        expect((await failureIn(client.get(widgets, at)))?.kind).toBe("unauthorized");
        expect(stub.requests).toHaveLength(2);
      },
      ["old"],
    );
  });
});

describe("watch", () => {
  const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;

  test("gives events as they come, on a connection of its own, which it closes", async () => {
    await withClient(
      ({ query }, response) => {
        if (query["watch"] === undefined) {
          sendJson(response, 200, widget("a"));
          return;
        }
        response.write(line("ADDED", widget("a\u2028", "5")));
        const bookmark = line("BOOKMARK", { metadata: { resourceVersion: "8" } });
        response.write(bookmark.slice(0, 10));
        setImmediate(() => response.write(bookmark.slice(10)));
      },
      async (client, stub) => {
        await client.get(widgets, at);
        const seen: string[] = [];
        for await (const event of client.watch(widgets, {
          namespace: "ns",
          resourceVersion: "4",
          timeoutSeconds: 300,
        })) {
          if (event.type === "ERROR") break;
          seen.push(`${event.type} ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`);
          if (event.type === "BOOKMARK") break;
        }
        expect(seen).toEqual(["ADDED a\u2028 5", "BOOKMARK  8"]);
        expect(stub.requests[1]).toMatchObject({
          path: base,
          query: { watch: "true", allowWatchBookmarks: "true", resourceVersion: "4", timeoutSeconds: "300" },
          headers: { "user-agent": "agent/1" },
        });
        expect(stub.connections).toBe(2);
        await expect.poll(() => stub.open).toBe(1);
      },
    );
  });

  test("an ERROR event carries the failure", async () => {
    await withClient(
      (_, response) => response.end(line("ERROR", statusBody(410, "Expired"))),
      async (client) => {
        expect(await readAllEvents(client.watch(widgets, { resourceVersion: "4" }))).toMatchObject([
          { type: "ERROR", object: { kind: "gone", code: 410 } },
        ]);
      },
    );
  });

  test.each([
    ["not JSON", "{oops\n", "Garbled"],
    ["no event", "1\n", "Garbled"],
    ["an unknown type", line("RENAMED", widget("a")), "Garbled"],
    ["cut within a line", line("ADDED", widget("a")).slice(0, 20), "Garbled"],
  ])("%s throws", async (_, text, reason) => {
    await withClient(
      (__, response) => response.end(text),
      async (client) => {
        expect((await failureIn(readAllEvents(client.watch(widgets, { resourceVersion: "4" }))))?.reason).toBe(reason);
      },
    );
  });

  test("a refusal is a failure like that of any call, and no yes", async () => {
    await withClient(
      (_, response) => sendJson(response, 403, statusBody(403, "Forbidden")),
      async (client) => {
        let opened = 0;
        const asked = { resourceVersion: "4", onOpen: () => (opened += 1) };
        expect((await failureIn(readAllEvents(client.watch(widgets, asked))))?.kind).toBe("forbidden");
        expect(opened).toBe(0);
      },
    );
  });

  test("a yes is told before any event", async () => {
    await withClient(
      (_, response) => response.flushHeaders(),
      async (client) => {
        const abort = new AbortController();
        const asked = { resourceVersion: "4", signal: abort.signal, onOpen: () => abort.abort() };
        expect((await failureIn(readAllEvents(client.watch(widgets, asked))))?.reason).toBe("Aborted");
      },
    );
  });

  test("a cut connection is lost; an abort ends the reading at once", async () => {
    await withClient(
      (_, response) => response.write(line("ADDED", widget("a"))),
      async (client, stub) => {
        const abort = new AbortController();
        const watchUntil = async (act: () => void): Promise<void> => {
          for await (const _ of client.watch(widgets, { resourceVersion: "4", signal: abort.signal })) act();
        };
        expect(await failureIn(watchUntil(() => stub.cut()))).toMatchObject({
          kind: "lost",
          reason: "ConnectionFailed",
        });
        expect(await failureIn(watchUntil(() => abort.abort()))).toMatchObject({ kind: "lost", reason: "Aborted" });
        await expect.poll(() => stub.open).toBe(0);
      },
    );
  });
});

test("answers to reads, writes and watches are told of, refused writes too; not that nothing came, nor a failure of the server", async () => {
  const answer = (code: number) => (_: StubRequest, response: ServerResponse) =>
    code === 0 ? void response.destroy() : sendJson(response, code, code === 200 ? widget("a") : statusBody(code, ""));
  const toldOf = async (code: number, call: (client: KubeClient) => Promise<unknown>): Promise<number> => {
    let told = 0;
    await withClient(answer(code), async (client) => {
      const stop = client.subscribeAnswers(() => {
        told += 1;
      });
      await failureIn(call(client));
      stop();
      await failureIn(call(client));
    });
    return told;
  };
  const patch = (client: KubeClient) => client.patchJson(widgets, at, []);
  const watch = (client: KubeClient) => readAllEvents(client.watch(widgets, { resourceVersion: "4" }));
  expect(await toldOf(200, (client) => client.get(widgets, at))).toBe(1);
  expect(await toldOf(200, watch)).toBe(1);
  for (const code of [200, 404, 409, 422]) expect(await toldOf(code, patch)).toBe(1);
  for (const code of [0, 403, 500, 503]) {
    expect(await toldOf(code, patch)).toBe(0);
    expect(await toldOf(code, watch)).toBe(0);
  }
});
