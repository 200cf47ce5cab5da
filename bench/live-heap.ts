/**
 * What is alive on the heap of a Node process that runs as it always does. RSS alone does not tell a leak from garbage that nobody has
 * had a reason to collect.
 */
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

const targetsSchema = z.tuple([z.object({ webSocketDebuggerUrl: z.string() })], z.unknown());
const answerSchema = z.object({ id: z.int(), result: z.unknown().optional(), error: z.unknown().optional() });
const usageSchema = z.object({ usedSize: z.number() });

/** What one collection frees may make more free in the next: weak references, finalizers. */
const COLLECTIONS = 3;
const TRIES = 100;
const POLL_INTERVAL = 50;

/**
 * MiB that are reachable, by Node's inspector, which is opened at the first call (SIGUSR1) at `port`: the process must have been started
 * with `--inspect-port=127.0.0.1:PORT`, which by itself costs nothing. Throws where the process does not answer.
 */
export async function liveHeapMib(pid: number, port: number): Promise<number> {
  process.kill(pid, "SIGUSR1");
  const socket = new WebSocket(await address(port));
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error(`the inspector at port ${port} refuses`)), { once: true });
  });
  try {
    for (let done = 0; done < COLLECTIONS; done += 1) await call(socket, done, "HeapProfiler.collectGarbage");
    return usageSchema.parse(await call(socket, COLLECTIONS, "Runtime.getHeapUsage")).usedSize / 2 ** 20;
  } finally {
    socket.close();
  }
}

async function address(port: number): Promise<string> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => undefined);
    if (answer?.ok === true) return targetsSchema.parse(await answer.json())[0].webSocketDebuggerUrl;
    await pause(POLL_INTERVAL);
  }
  throw new Error(`no inspector at port ${port}`);
}

function call(socket: WebSocket, id: number, method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const { signal } = over;
    const listen = (event: MessageEvent): void => {
      const answer = answerSchema.safeParse(JSON.parse(String(event.data)));
      if (!answer.success || answer.data.id !== id) return;
      over.abort();
      if (answer.data.error === undefined) resolve(answer.data.result);
      else reject(new Error(`${method}: ${JSON.stringify(answer.data.error)}`));
    };
    const closed = (): void => {
      over.abort();
      reject(new Error(`${method}: the process has ended`));
    };
    socket.addEventListener("message", listen, { signal });
    socket.addEventListener("close", closed, { signal });
    socket.send(JSON.stringify({ id, method }));
  });
}
