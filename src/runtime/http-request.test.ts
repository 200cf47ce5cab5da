import net from "node:net";
import { expect, test } from "vitest";
import { requestOnce } from "./http-request.ts";

/** A server that says just this to whatever it is asked. */
async function saying<T>(answer: string, play: (target: URL) => Promise<T>): Promise<T> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", () => socket.write(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    return await play(new URL(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`));
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

const ask = (target: URL): Promise<unknown> =>
  requestOnce(target, {
    method: "POST",
    headers: {},
    body: "asked",
    ca: undefined,
    signal: new AbortController().signal,
  });

test("whoever answers that it speaks another protocol now has not answered, and is not waited for", () =>
  saying("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", (target) =>
    expect(ask(target)).rejects.toMatchObject({ code: "NO_ANSWER" }),
  ));

test("any other status is an answer", () =>
  saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", (target) =>
    expect(ask(target)).resolves.toMatchObject({ statusCode: 404 }),
  ));
