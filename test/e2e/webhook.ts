/** Somebody whom the operator notifies: what arrives is read as a CloudEvent, and the answer is the test's. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CloudEventV1, HTTP } from "cloudevents";

export interface Webhook extends AsyncDisposable {
  /** For `--notify`. */
  readonly file: string;
  /** What was answered well, in its order. */
  readonly received: readonly CloudEventV1<unknown>[];
  /** Requests, answered or not. */
  readonly asked: number;
  /** While true nothing is answered. */
  hang(on: boolean): void;
}

/** Seconds: what hangs is to be seen to hang. */
const TIMEOUT = 0.5;

export async function startWebhook(): Promise<Webhook> {
  const received: CloudEventV1<unknown>[] = [];
  let asked = 0;
  let hanging = false;
  const server = createServer((request, response) => {
    let body = "";
    asked += 1;
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      if (hanging) return;
      const event = HTTP.toEvent({ headers: request.headers, body });
      received.push(...(Array.isArray(event) ? event : [event]));
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const folder = await mkdtemp(join(tmpdir(), "notifications-"));
  const file = join(folder, "notifications.yaml");
  await writeFile(file, `url: http://127.0.0.1:${port}/\ntimeoutSeconds: ${TIMEOUT}\n`);
  return {
    file,
    received,
    get asked() {
      return asked;
    },
    hang(on) {
      hanging = on;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}
