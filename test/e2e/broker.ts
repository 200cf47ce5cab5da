/** The one answer of a broker's management API that the operator asks for: how full the fullest of the internal queues is. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

export interface Broker extends AsyncDisposable {
  readonly url: string;
  /** For the operator's --providers: a file that calls it "rabbitmq". */
  readonly providers: string;
  /** Messages in the fullest queue. */
  messages: number;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
}

/** A broker whose internal queues hold this many messages. */
export async function startBroker(messages: number): Promise<Broker> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const items = [{ name: "ceilometer-pipe-meter_source:meter_sink-0", messages: broker.messages }];
    response.setHeader("content-type", "application/json").end(JSON.stringify({ items }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.int() }).parse(server.address());
  const providers = join(tmpdir(), `providers-${randomBytes(6).toString("hex")}.json`);
  await writeFile(providers, JSON.stringify({ providers: [{ name: "rabbitmq", url: `http://127.0.0.1:${port}` }] }));
  const broker: Broker = {
    url: `http://127.0.0.1:${port}`,
    providers,
    messages,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await rm(providers, { force: true });
    },
  };
  return broker;
}
