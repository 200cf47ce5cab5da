import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HTTP } from "cloudevents";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Log } from "../runtime/logger.ts";
import type { Notification } from "./notification.ts";
import { checkWebhook, parseWebhook, readWebhook, sendTo, type WebhookSource, webhookSource } from "./webhook.ts";

const notification: Notification = {
  specversion: "1.0",
  id: "uid/plan/started/2026-01-01T00:00:00Z",
  source: "/apis/ceilometer.openstack.org/v1alpha1/namespaces/openstack/ceilometerupgrades/ceilometer",
  type: "org.openstack.ceilometer.upgrade.started",
  time: "2026-01-01T00:00:00Z",
  datacontenttype: "application/json",
  data: { namespace: "openstack", name: "ceilometer", uid: "uid" },
};
const forever = new AbortController().signal;
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "webhook-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Received {
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

async function receiving<T>(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  play: (url: string, received: readonly Received[]) => Promise<T>,
): Promise<T> {
  const received: Received[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    return await play(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/hook?key=s3cret`, received);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
const status =
  (code: number, headers: Readonly<Record<string, string>> = {}) =>
  (_: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(code, headers).end("hunter2");

async function fileWith(text: string): Promise<string> {
  const path = join(folder, `${Math.random()}.yaml`);
  await writeFile(path, text);
  return path;
}

test("the receiver reads a CloudEvent in structured mode", () =>
  receiving(status(204), async (url, received) => {
    expect(await sendTo({ url }, notification, forever)).toEqual({ kind: "done" });
    const [{ headers, body } = { headers: {}, body: "" }] = received;
    expect(headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
    expect(headers["content-length"]).toBe(String(body.length));
    expect(HTTP.toEvent({ headers, body })).toMatchObject({ id: notification.id, data: notification.data });
  }));

test("headers come from the file, which is read anew each time", () =>
  receiving(status(200), async (url, received) => {
    const file = await fileWith(JSON.stringify({ url, headers: { Authorization: "Bearer one" } }));
    await sendTo({ file }, notification, forever);
    await writeFile(file, `url: ${url}\nheaders:\n  Authorization: Bearer two\n`);
    await sendTo({ file }, notification, forever);
    expect(received.map(({ headers }) => headers.authorization)).toEqual(["Bearer one", "Bearer two"]);
  }));

test.each([
  [200, {}, { kind: "done" }],
  [302, { location: "http://169.254.169.254/" }, { kind: "never" }],
  [307, { location: "http://169.254.169.254/" }, { kind: "never" }],
  [400, {}, { kind: "never" }],
  [401, {}, { kind: "again" }],
  [410, {}, { kind: "never" }],
  [429, { "retry-after": "7" }, { kind: "again", afterMs: 7000 }],
  [503, { "retry-after": "soon" }, { kind: "again" }],
] as const)(
  "an answer %i means what it should, is asked once, and nothing of it is repeated",
  (code, headers, expected) =>
    receiving(status(code, headers), async (url, received) => {
      const sent = await sendTo({ url }, notification, forever);
      expect(sent).toMatchObject(expected);
      expect(received).toHaveLength(1);
      expect(JSON.stringify(sent)).not.toMatch(/hunter2|s3cret|169\.254/);
    }),
);

test("no answer in time, and nobody there, are tried again", async () => {
  await receiving(
    () => undefined,
    async (url) => {
      const file = await fileWith(JSON.stringify({ url, timeoutSeconds: 0.1 }));
      expect(await sendTo({ file }, notification, forever)).toEqual({
        kind: "again",
        why: "the webhook did not answer in time",
      });
    },
  );
  const gone = await receiving(status(200), async (url) => url);
  expect(await sendTo({ url: gone }, notification, forever)).toEqual({
    kind: "again",
    why: "the webhook cannot be reached (ECONNREFUSED)",
  });
});

test.each([
  ["url: ftp://a", "url is no address"],
  ["url: https://user:hunter2@a", "url is no address"],
  ["headers: {a: b}", "url is no address"],
  ['{url: "http://a", headers: {"a b": "hunter2"}}', "headers"],
  ['{url: "http://a", headers: {Host: "hunter2"}}', "sets itself"],
  ['{url: "http://a", headers: {A: "hunter2\\r\\nB: c"}}', "one line of ASCII"],
  ['{url: "http://a", timeoutSeconds: 0}', "timeoutSeconds"],
  ['{url: "http://a", hunter2: 0}', "the fields url"],
  ["url: [", "cannot be used"],
])("%s is refused with the place and without what stands there", (text, says) => {
  expect(() => parseWebhook(text, "/etc/notify.yaml")).toThrow(says);
  expect(() => parseWebhook(text, "/etc/notify.yaml")).not.toThrow("hunter2");
});

test("a flag that names no address is an error at the start, a file that cannot be used is told and read again", async () => {
  const warned: unknown[] = [];
  const nothing = (): void => undefined;
  const log: Log = { debug: nothing, info: nothing, warn: (fields) => void warned.push(fields), error: nothing };
  await expect(checkWebhook(webhookSource("http://u:p@a"), log)).rejects.toThrow("--notify");
  const file: WebhookSource = { file: join(folder, "not-there.yaml") };
  await checkWebhook(file, log);
  expect(warned).toHaveLength(1);
  expect(await sendTo(file, notification, forever)).toMatchObject({ kind: "again" });
  await expect(readWebhook(file)).rejects.toThrow("ENOENT");
});
