/**
 * Kubeconfigs whose credentials are plain: a token, or a certificate and its key, in the file or beside it. That is what
 * ServiceAccounts, kind and most clusters give; reading it takes no library. Whatever is not plain (exec plugins, providers,
 * passwords, proxies, merged files) is left to client-node, which costs 80 MB to load, and is refused in the image, which has none.
 */
import { promises as files } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { parse } from "yaml";
import { z } from "zod";
import type { Credentials } from "./transport.ts";

export interface PlainKubeconfig {
  readonly server: URL;
  readonly namespace: string;
  /** Reads again what lies in files of its own, so that a rotated token or certificate is found. */
  load(): Promise<Credentials>;
}

const text = z.string().min(1);
/** Strict on purpose: a field that is not known here may change what the connection means. */
const cluster = z.strictObject({
  server: z.url(),
  "certificate-authority": text.optional(),
  "certificate-authority-data": text.optional(),
  extensions: z.unknown().optional(),
});
const user = z.strictObject({
  "client-certificate": text.optional(),
  "client-certificate-data": text.optional(),
  "client-key": text.optional(),
  "client-key-data": text.optional(),
  token: text.optional(),
  tokenFile: text.optional(),
});
const contextSchema = z.looseObject({ cluster: text, user: text, namespace: text.optional() });
const kubeconfig = z.looseObject({
  "current-context": z.string().optional(),
  contexts: z.array(z.looseObject({ name: text, context: contextSchema })),
  clusters: z.array(z.looseObject({ name: text, cluster: z.unknown() })),
  users: z.array(z.looseObject({ name: text, user: z.unknown() })),
});

/** Undefined where the file says anything that is not plain. Rejects where it cannot be read. */
export async function readPlainKubeconfig(path: string, context?: string): Promise<PlainKubeconfig | undefined> {
  const parsed = kubeconfig.safeParse(parseOrNothing(await textOf(path))).data;
  const wanted = context ?? parsed?.["current-context"];
  const chosen = parsed?.contexts.find((each) => each.name === wanted)?.context;
  const place = cluster.safeParse(parsed?.clusters.find((each) => each.name === chosen?.cluster)?.cluster).data;
  const who = user.safeParse(parsed?.users.find((each) => each.name === chosen?.user)?.user).data;
  if (chosen === undefined || place === undefined || who === undefined) return undefined;
  const read = fieldReader(dirname(path));
  return {
    server: new URL(place.server),
    namespace: chosen.namespace ?? "default",
    async load() {
      const token = (who.tokenFile === undefined ? who.token : await read(who.tokenFile, undefined))?.trim();
      const tls: ConnectionOptions = {};
      const ca = await read(place["certificate-authority"], place["certificate-authority-data"]);
      const cert = await read(who["client-certificate"], who["client-certificate-data"]);
      const key = await read(who["client-key"], who["client-key-data"]);
      if (ca !== undefined) tls.ca = ca;
      if (cert !== undefined) tls.cert = cert;
      if (key !== undefined) tls.key = key;
      return { headers: token === undefined ? {} : { authorization: `Bearer ${token}` }, tls };
    },
  };
}

/** Of a folder Node says neither what it is nor where. */
const textOf = (path: string): Promise<string> =>
  files.readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "EISDIR") throw new Error(`${path} is a folder`);
    throw error;
  });

/** A file that is not YAML is for client-node to complain about: its words are those that people know. */
function parseOrNothing(content: string): unknown {
  try {
    return parse(content);
  } catch {
    return undefined;
  }
}

/** Data in the file wins over a path, as kubectl has it; a path is relative to the kubeconfig. */
function fieldReader(directory: string) {
  return async (file: string | undefined, data: string | undefined): Promise<string | undefined> => {
    if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
    return file === undefined ? undefined : files.readFile(resolve(directory, file), "utf8");
  };
}
