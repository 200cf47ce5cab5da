/**
 * The operator as a process of its own, with the rights of the chart's ServiceAccount and no others: what the chart forgot
 * shows as a 403.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { run } from "../../tools/control-plane/process.ts";
import { create, uniqueName } from "./shared-cluster.ts";
import type { UnpackedImage } from "./unpacked-image.ts";

/** Where the kubeconfigs of the operators of one control plane are, by which they can be told from all other processes. */
export const operatorsOf = (directory: string): string => join(directory, "operators");

/** The environment variable that names what runs as the operator: the bundle that images carry, or by itself the sources. */
const PROGRAM = "E2E_OPERATOR";
const SOURCES = "src/main.ts";

/** Bundles the operator for this process and those that it starts, unless somebody has said what they are to run. */
export async function bundleOperator(directory: string): Promise<void> {
  if (process.env[PROGRAM] !== undefined) return;
  const outdir = join(directory, "bundle");
  const { code, stderr } = await run(process.execPath, ["scripts/bundle.ts", "--outdir", outdir]);
  if (code !== 0) throw new Error(`scripts/bundle.ts: ${stderr}`);
  process.env[PROGRAM] = join(outdir, "operator.mjs");
}

const CHART = "charts/ceilometer-upgrade-operator";
const RELEASE = "upgrades";
/** The full name of the release, by which the chart calls account and lease. */
export const FULL_NAME = `${RELEASE}-ceilometer-upgrade-operator`;
const PLACEHOLDER = "namespace-of-the-test";

export interface OperatorOptions {
  readonly cluster: ClusterAccess;
  readonly namespace: string;
  /** From `installRights`. */
  readonly token: string;
  /** Address of the fault proxy. Default: the API server itself. */
  readonly server?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Runs this in place of the bundle. */
  readonly image?: UnpackedImage;
  /** Modules that are loaded before the operator. */
  readonly imports?: readonly string[];
  /** A file with the token, which is read again when the token is refused. Default: the token is in the kubeconfig. */
  readonly tokenFile?: string;
  /** What a pod of the chart is given, in the place of what tests usually give. */
  readonly args?: readonly string[];
}

const lineSchema = z.looseObject({ level: z.string(), msg: z.string() });
export type LogLine = z.infer<typeof lineSchema>;

export interface OperatorProcess extends AsyncDisposable {
  /** Rejects when the process ends before it is ready. */
  readonly ready: Promise<void>;
  readonly log: readonly LogLine[];
  /** Its exit code when it has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Sent at once, to whatever is still there. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Asks it to end; rejects when it does not end well. */
  stop(): Promise<void>;
  /** Lines that no run may have: a refusal by the API server, an error, anything that is not the operator's own log. */
  complaints(): readonly string[];
}

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.enum([
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
  ]),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
type Manifest = z.infer<typeof manifestSchema>;

const renderings = new Map<string, Promise<readonly string[]>>();

/** The chart is rendered once in a worker for each list of Secrets; the namespace is put in for each test. */
async function manifests(
  cluster: ClusterAccess,
  namespace: string,
  secrets: readonly string[],
  confined: boolean,
): Promise<readonly Manifest[]> {
  const key = `${secrets.join(",")} ${confined}`;
  const rendered = renderings.get(key) ?? render(cluster, secrets, confined);
  renderings.set(key, rendered);
  return (await rendered).map((text) => manifestSchema.parse(JSON.parse(text.replaceAll(PLACEHOLDER, namespace))));
}

async function render(
  cluster: ClusterAccess,
  secrets: readonly string[],
  confined: boolean,
): Promise<readonly string[]> {
  const named = secrets.length === 0 ? "" : `,secrets={${secrets.join(",")}}`;
  const policy = confined ? ["--show-only", "templates/admissionpolicy.yaml"] : [];
  const { code, stdout, stderr } = await cluster.helm([
    "template",
    RELEASE,
    CHART,
    "--namespace",
    PLACEHOLDER,
    "--set",
    `watchNamespaces={${PLACEHOLDER}},podLogs.enabled=true,admissionPolicy.enabled=${confined}${named}`,
    "--show-only",
    "templates/serviceaccount.yaml",
    "--show-only",
    "templates/rbac.yaml",
    ...policy,
  ]);
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  return parseAllDocuments(stdout).flatMap((document) => {
    const object: unknown = document.toJS();
    return object === null ? [] : [JSON.stringify(object)];
  });
}

const PLURALS = {
  ServiceAccount: "serviceaccounts",
  Role: "roles",
  RoleBinding: "rolebindings",
  ValidatingAdmissionPolicy: "validatingadmissionpolicies",
  ValidatingAdmissionPolicyBinding: "validatingadmissionpolicybindings",
} as const;

/**
 * The chart's own ServiceAccount and RBAC for one namespace, and its admission policies where it is to be confined; answers a
 * token of that account.
 */
export async function installRights(
  cluster: ClusterAccess,
  namespace: string,
  secrets: readonly string[] = [],
  confined = false,
): Promise<string> {
  let account = "";
  for (const object of await manifests(cluster, namespace, secrets, confined)) {
    const group = object.kind === "ServiceAccount" ? "/api/v1" : `/apis/${object.apiVersion}`;
    const where = object.metadata.namespace === undefined ? group : `${group}/namespaces/${object.metadata.namespace}`;
    await create(cluster, `${where}/${PLURALS[object.kind]}`, object);
    if (object.kind === "ServiceAccount") account = object.metadata.name;
  }
  return tokenOf(cluster, namespace, account);
}

/** The same rights in one more namespace, for the account of another. */
export async function lendRights(cluster: ClusterAccess, namespace: string, of: string): Promise<void> {
  const objects = await manifests(cluster, namespace, [], false);
  const account = objects.find(({ kind }) => kind === "ServiceAccount")?.metadata.name ?? "";
  for (const object of objects) {
    if (object.kind === "ServiceAccount") continue;
    const subjects = [{ kind: "ServiceAccount", name: account, namespace: of }];
    const bound = object.kind === "RoleBinding" ? { ...object, subjects } : object;
    await create(cluster, `/apis/${object.apiVersion}/namespaces/${namespace}/${PLURALS[object.kind]}`, bound);
  }
}

/** What `kubectl create token` does. */
export async function tokenOf(cluster: ClusterAccess, namespace: string, account: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 7200 } };
  const answer = z.object({ status: z.object({ token: z.string() }) });
  return answer.parse(await create(cluster, path, request)).status.token;
}

/** Writes a new token of the chart's account into the file that an operator reads. */
export async function renewToken(cluster: ClusterAccess, namespace: string, file: string): Promise<void> {
  const account = (await manifests(cluster, namespace, [], false)).find(({ kind }) => kind === "ServiceAccount");
  const fresh = `${file}.new`;
  await writeFile(fresh, await tokenOf(cluster, namespace, account?.metadata.name ?? ""), { mode: 0o600 });
  // At once, as a kubelet does: half a token makes the operator nobody.
  await rename(fresh, file);
}

/** A kubeconfig with the ServiceAccount as its only user. */
async function kubeconfigFor({ cluster, namespace, token, server, tokenFile }: OperatorOptions): Promise<string> {
  const directory = operatorsOf(cluster.dir);
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${uniqueName(namespace)}.json`);
  const authority =
    server === undefined ? { "certificate-authority-data": Buffer.from(cluster.api.access.ca).toString("base64") } : {};
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "e2e", cluster: { server: server ?? cluster.server, ...authority } }],
    users: [{ name: "operator", user: tokenFile === undefined ? { token } : { tokenFile } }],
    contexts: [{ name: "e2e", context: { cluster: "e2e", user: "operator", namespace } }],
    "current-context": "e2e",
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

const usual = (namespace: string): readonly string[] => [
  `--watch-namespaces=${namespace}`,
  "--pod-logs",
  `--lease-name=${FULL_NAME}`,
];

export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const { namespace, flags = [], args = usual(namespace) } = options;
  const kubeconfig = await kubeconfigFor(options);
  if (options.image !== undefined) await carryInto(options.image.root, kubeconfig);
  const parameters = [
    `--kubeconfig=${kubeconfig}`,
    "--health-address=127.0.0.1:0",
    "--metrics-address=127.0.0.1:0",
    ...args,
    "--log-format=json",
    "--log-level=debug",
    ...flags,
  ];
  const [program, first, env] = command(options);
  const child = spawn(program, [...first, ...parameters], { stdio: ["ignore", "pipe", "pipe"], env });
  const log: LogLine[] = [];
  const strange: string[] = [];
  const { promise: ready, resolve: nowReady, reject: neverReady } = Promise.withResolvers<void>();
  // Whoever never asks is not to be stopped by it.
  ready.catch(() => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (text) => {
      const line = parseLine(text);
      if (line === undefined) strange.push(text);
      else log.push(line);
      if (line?.msg === "ready") nowReady();
    });
  }
  const exited = once(child, "close");
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  void exited.then(() => neverReady(new Error(`the operator ended before it was ready:\n${strange.join("\n")}`)));
  return {
    ready,
    log,
    ended: exited.then(() => child.exitCode),
    signal: (name) => void child.kill(name),
    kill: () => end("SIGKILL"),
    async stop() {
      await end("SIGTERM");
      if (child.exitCode !== 0) throw new Error(`the operator ended with ${child.exitCode ?? child.signalCode}`);
    },
    complaints: () => [...strange, ...log.filter(isComplaint).map((line) => JSON.stringify(line))],
    [Symbol.asyncDispose]: () => end("SIGKILL"),
  };
}

function command({
  cluster,
  image,
  imports = [],
  env: own = {},
}: OperatorOptions): [string, readonly string[], NodeJS.ProcessEnv] {
  if (image !== undefined) {
    const [program = "", ...args] = image.command;
    return [program, args, { ...image.env, ...own }];
  }
  // The cache of compiled modules and the bundle quarter the time of a start, and there are hundreds of them.
  const env = { ...process.env, ...own, NODE_OPTIONS: "", NODE_COMPILE_CACHE: join(cluster.dir, "compiled") };
  return [process.execPath, [...imports.map((module) => `--import=${module}`), process.env[PROGRAM] ?? SOURCES], env];
}

/** To the same path, so that the process can be told by it; and readable for the image's user, which is nobody here. */
async function carryInto(root: string, file: string): Promise<void> {
  const copy = join(root, file);
  await mkdir(dirname(copy), { recursive: true });
  await cp(file, copy);
  await chmod(copy, 0o644);
}

function parseLine(text: string): LogLine | undefined {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function isComplaint(line: LogLine): boolean {
  if (line.level === "error" || line.level === "fatal") return true;
  // What Kubernetes says of others (a quota is "forbidden", too) is no refusal of the operator.
  return /"code":403|"reason":"(WriteRefused|Forbidden)"|is forbidden: User/.test(JSON.stringify(line));
}
