import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, type RequestOptions, request } from "node:https";
import { parse } from "yaml";
import { z } from "zod";

/** Where an API server is and who asks it. Certificates in PEM. */
export interface Access {
  readonly server: string;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface PatchOptions {
  readonly contentType?: string;
}

/**
 * The API server in its own terms: a path in, a status and a text out. It shares nothing with the operator's client, so that
 * what watches the operator cannot inherit its mistakes.
 */
export interface Api {
  readonly server: string;
  readonly access: Access;
  /** @throws Error when the server cannot be reached or breaks the connection; never for a status. */
  request(method: string, path: string, body?: unknown, options?: PatchOptions): Promise<Answer>;
  /** The lines of a response as they come, until the server ends it or the signal aborts. */
  lines(path: string, signal: AbortSignal): AsyncGenerator<string, number>;
  close(): void;
}

const kubeconfigSchema = z.object({
  clusters: z.tuple(
    [
      z.object({
        cluster: z.object({
          server: z.string(),
          "certificate-authority": z.string().optional(),
          "certificate-authority-data": z.string().optional(),
        }),
      }),
    ],
    z.unknown(),
  ),
  users: z.tuple(
    [
      z.object({
        user: z.object({
          "client-certificate": z.string().optional(),
          "client-certificate-data": z.string().optional(),
          "client-key": z.string().optional(),
          "client-key-data": z.string().optional(),
          token: z.string().optional(),
        }),
      }),
    ],
    z.unknown(),
  ),
});

/** The first cluster and user of a kubeconfig that holds just one, as a cluster's own does. */
export async function readKubeconfig(path: string): Promise<Access> {
  const { clusters, users } = kubeconfigSchema.parse(parse(await readFile(path, "utf8")));
  const { cluster } = clusters[0];
  const { user } = users[0];
  const pem = async (file: string | undefined, data: string | undefined): Promise<string | undefined> =>
    data === undefined ? file && (await readFile(file, "utf8")) : Buffer.from(data, "base64").toString();
  const cert = await pem(user["client-certificate"], user["client-certificate-data"]);
  const key = await pem(user["client-key"], user["client-key-data"]);
  return {
    server: cluster.server,
    ca: (await pem(cluster["certificate-authority"], cluster["certificate-authority-data"])) ?? "",
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(user.token === undefined ? {} : { token: user.token }),
  };
}

export function connect(access: Access): Api {
  const agent = new Agent({ keepAlive: true, ca: access.ca, cert: access.cert, key: access.key });
  const headers = access.token === undefined ? {} : { authorization: `Bearer ${access.token}` };
  const url = (path: string): URL => new URL(path, access.server);
  return {
    server: access.server,
    access,
    request: (method, path, body, { contentType = "application/json" } = {}) => {
      const content = body === undefined ? undefined : JSON.stringify(body);
      // Without a length Node sends the body of a DELETE unframed, and the next request on the connection is garbled.
      const length = content === undefined ? 0 : Buffer.byteLength(content);
      const typed =
        content === undefined ? headers : { ...headers, "content-type": contentType, "content-length": String(length) };
      return exchange(url(path), { method, agent, headers: { ...typed, accept: "application/json" } }, content);
    },
    lines: (path, signal) => streamLines(url(path), { agent, headers, signal }),
    close: () => agent.destroy(),
  };
}

function exchange(url: URL, options: RequestOptions, content: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, timeout: 30_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within 30 s")));
    asked.on("error", reject);
    asked.end(content);
  });
}

async function* streamLines(url: URL, options: RequestOptions): AsyncGenerator<string, number> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(url, options, resolve);
    asked.on("error", reject);
    asked.end();
  });
  let rest = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    const pieces = (rest + String(chunk)).split("\n");
    rest = pieces.pop() ?? "";
    for (const line of pieces) if (line !== "") yield line;
  }
  if (rest !== "") yield rest;
  return response.statusCode ?? 0;
}
