import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import net from "node:net";
import { expect, test } from "vitest";
import { ok, serve, unavailable } from "./server.ts";

const at = { host: "127.0.0.1", port: 0 };

test("serves exactly its pages, to GET only", async () => {
  await using server = await serve(at, { "/readyz": () => unavailable("not yet"), "/healthz": () => ok() });
  const ask = async (path: string, method = "GET") => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return [response.status, (await response.text()).trim()];
  };
  expect(await ask("/healthz")).toEqual([200, "ok"]);
  expect(await ask("/healthz?verbose")).toEqual([200, "ok"]);
  expect(await ask("/readyz")).toEqual([503, "not yet"]);
  expect(await ask("/debug/pprof")).toEqual([404, "not found"]);
  expect(await ask("/healthz", "POST")).toEqual([405, "GET only"]);
});

test("a page that fails answers 500 and the server lives on", async () => {
  await using server = await serve(at, {
    "/metrics": () => Promise.reject(new Error("broken")),
    "/healthz": () => ok(),
  });
  const broken = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  expect(broken.status).toBe(500);
  await broken.text();
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
});

test("an address that is taken is an error at once", async () => {
  await using server = await serve(at, {});
  await expect(serve({ host: "127.0.0.1", port: server.port }, {})).rejects.toThrow("EADDRINUSE");
});

const GET = "GET /metrics HTTP/1.1\r\nHost: operator\r\n\r\n";

test("a page is made once for all who ask in one turn of the event loop, and anew for whoever comes later", async () => {
  let made = 0;
  await using server = await serve(at, {
    "/metrics": () => {
      made += 1;
      return Promise.resolve(ok(`made ${made}`));
    },
  });
  const client = net.connect(server.port, at.host);
  client.setEncoding("utf8").write(GET.repeat(200));
  let read = "";
  client.on("data", (text: string) => {
    read += text;
  });
  await expect.poll(() => read.split("made 1\n").length).toBe(201);
  expect(made).toBe(1);
  client.destroy();
  expect(await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()).toBe("made 2\n");
});

test("whoever asks and does not read what is answered is not waited for", async () => {
  const accepted: net.Socket[] = [];
  const onSocket = (message: unknown): void => {
    if (typeof message === "object" && message !== null && "socket" in message && message.socket instanceof net.Socket)
      accepted.push(message.socket);
  };
  subscribe("net.server.socket", onSocket);
  await using server = await serve(at, { "/metrics": () => ok("x".repeat(64 * 1024 * 1024)) }, { idleMs: 50 });
  const client = net.connect(server.port, at.host);
  client.pause();
  client.write(GET);
  await expect.poll(() => accepted.length).toBe(1);
  unsubscribe("net.server.socket", onSocket);
  const [socket] = accepted;
  if (socket === undefined) throw new Error("nobody has come");
  await once(socket, "close");
  client.destroy();
});
