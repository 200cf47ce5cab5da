import { promises as files } from "node:fs";
import type { RequestOptions } from "node:https";
import { delimiter, join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import type { KubeConfig } from "@kubernetes/client-node";
import { readPlainKubeconfig } from "./kubeconfig.ts";
import type { Credentials, KubeConnection } from "./transport.ts";

export interface ConnectionSource {
  /** Path of a kubeconfig file; over `KUBECONFIG`, the service account and `~/.kube/config`, which are tried in that order. */
  readonly kubeconfig?: string | undefined;
  /** Context of the kubeconfig; default: its current one. */
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a pod finds its service account. */
  readonly serviceAccountDir?: string;
}

const SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Tokens are rotated long before they expire; client-go looks as often. */
const CREDENTIALS_AGE_MS = 60_000;

/** Where the API server is and who we are. Rejects with a message for the person who started the program. */
export async function loadKubeConnection(source: ConnectionSource): Promise<KubeConnection> {
  const { env } = source;
  const named = source.kubeconfig ?? env["KUBECONFIG"];
  const explicit = named !== undefined && named !== "";
  if (!explicit && env["KUBERNETES_SERVICE_HOST"]) return inCluster(source, env["KUBERNETES_SERVICE_HOST"]);
  return fromKubeconfig(explicit ? named : homeKubeconfig(env), source.context);
}

/** Where kubectl keeps a person's own kubeconfig. */
export const homeKubeconfig = (env: ConnectionSource["env"]): string => join(env["HOME"] ?? "/", ".kube", "config");

async function inCluster(
  { env, serviceAccountDir = SERVICE_ACCOUNT_DIR }: ConnectionSource,
  host: string,
): Promise<KubeConnection> {
  const read = async (file: string): Promise<string> =>
    (await files.readFile(join(serviceAccountDir, file), "utf8")).trim();
  const port = env["KUBERNETES_SERVICE_PORT_HTTPS"] ?? env["KUBERNETES_SERVICE_PORT"] ?? "443";
  const authority = host.includes(":") ? `[${host}]` : host;
  // One Secret volume holds all three; without the namespace the others are there all the same.
  const namespace = await read("namespace").catch(() => "default");
  return {
    server: new URL(`https://${authority}:${port}`),
    namespace,
    authenticate: remembering(async () => ({
      headers: { authorization: `Bearer ${await read("token")}` },
      tls: { ca: await read("ca.crt") },
    })),
  };
}

async function fromKubeconfig(path: string, context: string | undefined): Promise<KubeConnection> {
  const paths = await kubeconfigsIn(path);
  const [only = path] = paths;
  const plain = paths.length > 1 ? undefined : await readPlainKubeconfig(only, context);
  if (plain !== undefined) {
    const { server, namespace } = plain;
    return { server, namespace, authenticate: remembering(() => plain.load()) };
  }
  const { KubeConfig } = await clientNode(path, context);
  const config = new KubeConfig();
  for (const file of paths) {
    const other = new KubeConfig();
    const problem = problemIn(other, file);
    if (problem !== undefined) throw new Error(`${file}: ${problem}`);
    addTo(config, other);
  }
  if (context !== undefined) config.setCurrentContext(context);
  const wanted = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${path}: ${withoutCluster(config, wanted)}`);
  if (cluster.proxyUrl) throw new Error(`${path}: proxy-url is not supported`);
  const server = URL.parse(cluster.server);
  if (server === null) throw new Error(`${path}: the server of cluster ${JSON.stringify(cluster.name)} is no address`);
  const user = config.getCurrentUser() ?? { name: "" };
  if (server.protocol === "http:") {
    // Nothing to verify without TLS, but client-node gives no credentials for such a server unless told not to verify.
    config.loadFromClusterAndUser({ ...cluster, skipTLSVerify: true }, user);
  }
  return {
    server,
    namespace: config.getContextObject(wanted)?.namespace ?? "default",
    authenticate: remembering(() => credentialsOf(config)),
  };
}

function withoutCluster({ contexts }: KubeConfig, wanted: string): string {
  const known = contexts.map(({ name }) => name).join(", ") || "none";
  if (!wanted) return `there is no current context; choose one with --context: ${known}`;
  if (contexts.some(({ name }) => name === wanted)) return `context ${JSON.stringify(wanted)} names no cluster`;
  return `there is no context ${JSON.stringify(wanted)}; there are: ${known}`;
}

/** A parser shows the lines around what it does not understand, and in a kubeconfig these are tokens: the first line says what and where. */
function problemIn(config: KubeConfig, file: string): string | undefined {
  try {
    config.loadFromFile(file);
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split("\n")[0];
  }
}

/** Of a list of files, as KUBECONFIG may be, those that are there: kubectl passes over the others. */
async function kubeconfigsIn(path: string): Promise<readonly string[]> {
  const named = path.split(delimiter).filter(Boolean);
  if (named.length < 2) return named;
  const there = await Promise.all(
    named.map((file) =>
      files.access(file).then(
        () => true,
        // Whatever else is the matter with it is told when it is read.
        (error: unknown) => !(error instanceof Error && "code" in error && error.code === "ENOENT"),
      ),
    ),
  );
  const left = named.filter((_, index) => there[index] === true);
  if (left.length === 0) throw new Error(`${path}: none of these files is there`);
  return left;
}

/** Of two with the same name the first counts, as kubectl has it; client-node's own merge refuses them. */
function addTo(config: KubeConfig, other: KubeConfig): void {
  const isNew =
    (known: readonly { readonly name: string }[]) =>
    ({ name }: { readonly name: string }): boolean =>
      known.every((each) => each.name !== name);
  config.clusters = [...config.clusters, ...other.clusters.filter(isNew(config.clusters))];
  config.users = [...config.users, ...other.users.filter(isNew(config.users))];
  config.contexts = [...config.contexts, ...other.contexts.filter(isNew(config.contexts))];
  if (!config.currentContext) config.setCurrentContext(other.currentContext);
}

/** Imported only here: it costs more memory than the rest of the program, and in a cluster nothing needs it. The image has none. */
async function clientNode(path: string, context = "its current one") {
  try {
    return await import("@kubernetes/client-node");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    const message =
      `${path}: the context (${context}) is not there, or has more than a server with a token or a certificate, which is all that the image ` +
      "reads; give it one file with such a context (kubectl create token makes a token), or run the operator from a checkout";
    throw new Error(message, { cause: error });
  }
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options).catch((error: unknown) => withoutAnswer(error, config));
  // client-node brings an agent of its own without keep-alive; ours does the work.
  if (typeof options.agent === "object") options.agent.destroy();
  const headers: Record<string, string> = {};
  if (options.auth) headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === "string") headers[name.toLowerCase()] = value;
  }
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
  return { headers, tls: defined({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized }) };
}

/** What a credential plugin printed is quoted where it is no JSON, and may be the token itself. JSON of anything else has no status. */
function withoutAnswer(error: unknown, config: KubeConfig): never {
  const isOther = error instanceof TypeError && config.getCurrentUser()?.exec !== undefined;
  if (!(error instanceof SyntaxError) && !isOther) throw error;
  throw new Error("the credential plugin of the kubeconfig has not printed an ExecCredential in JSON");
}

/** An option that is present but undefined overrides Node's default, for `rejectUnauthorized` with "do not verify". */
function defined(options: { [K in keyof ConnectionOptions]: ConnectionOptions[K] | undefined }): ConnectionOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Looks again once a minute or when told to, and gives the same `tls` object as long as its content is the same. */
function remembering(load: () => Promise<Credentials>): KubeConnection["authenticate"] {
  let held: { credentials: Credentials; until: number } | undefined;
  let loading: Promise<Credentials> | undefined;
  const reload = async (): Promise<Credentials> => {
    const fresh = await load();
    const known = held?.credentials.tls;
    const tls = known !== undefined && JSON.stringify(known) === JSON.stringify(fresh.tls) ? known : fresh.tls;
    const credentials = { headers: fresh.headers, tls };
    held = { credentials, until: performance.now() + CREDENTIALS_AGE_MS };
    return credentials;
  };
  return async (refresh) => {
    if (!refresh && held !== undefined && performance.now() < held.until) return held.credentials;
    loading ??= reload().finally(() => {
      loading = undefined;
    });
    return loading;
  };
}
