/**
 * Small operators that do the same ordered steps and nothing else, as a team would write them with the frameworks that most
 * operators are written with (bench/peers). Made ready once, in `.cache/bench/peers`; whoever cannot be made is left out.
 */
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot } from "../tools/control-plane/binaries.ts";
import type { Cluster } from "../tools/control-plane/cluster.ts";
import { ensurePrograms } from "../tools/control-plane/go-programs.ts";
import { run } from "../tools/control-plane/process.ts";
import { credentials } from "./ground.ts";
import { must, type Scene } from "./scene.ts";

export interface PeerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Peer {
  readonly name: string;
  /** Beginnings of the user agents that it asks with. */
  readonly agents: readonly string[];
  /** Namespaces: empty for all of them. */
  command(kubeconfig: string, namespaces: readonly string[], scenes: readonly Scene[]): PeerCommand;
}

const SOURCES = join(import.meta.dirname, "peers");
const PYTHON = process.env["CEILOMETER_PYTHON"] ?? "python3";
const ACCOUNT = "bench-peer";

/** Those that this machine can make; says of the others why they are missing. */
export async function ensurePeers(say: (line: string) => void): Promise<readonly Peer[]> {
  const peers: Peer[] = [];
  for (const [name, make] of [
    ["controller-runtime", controllerRuntime],
    ["kopf", kopf],
  ] as const) {
    try {
      peers.push(await make(say));
    } catch (error) {
      say(`left out: ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return peers;
}

async function controllerRuntime(say: (line: string) => void): Promise<Peer> {
  const directory = await ensurePrograms(
    {
      name: "bench/peers/controller-runtime",
      about: "building the peer that uses controller-runtime; the first time takes about two minutes",
      module: join(SOURCES, "controller-runtime"),
      sources: ["main.go"],
      packages: { peer: "." },
      linkerFlags: () => "-s -w",
    },
    { onProgress: say },
  );
  return {
    name: "controller-runtime (Go)",
    agents: ["bench-peer-go"],
    command: (kubeconfig, namespaces) => ({
      program: join(directory, "peer"),
      args: ["-namespaces", namespaces.join(",")],
      env: { KUBECONFIG: kubeconfig },
    }),
  };
}

async function kopf(say: (line: string) => void): Promise<Peer> {
  const libraries = await ensureLibraries(say);
  return {
    name: "kopf (Python)",
    // The framework's own requests, and those of the handler.
    agents: ["kopf/", "bench-peer-kopf"],
    command: (kubeconfig, namespaces, scenes) => ({
      program: PYTHON,
      args: [
        "-m",
        "kopf",
        "run",
        "--standalone",
        "--quiet",
        ...(namespaces.length === 0 ? ["--all-namespaces"] : namespaces.flatMap((each) => ["--namespace", each])),
        join(SOURCES, "kopf", "main.py"),
      ],
      env: {
        KUBECONFIG: kubeconfig,
        PYTHONPATH: libraries,
        PYTHONDONTWRITEBYTECODE: "1",
        // It says that it is ready when it knows that many Deployments.
        BENCH_DEPLOYMENTS: `${scenes.length * 4}`,
      },
    }),
  };
}

async function ensureLibraries(say: (line: string) => void): Promise<string> {
  const requirements = join(SOURCES, "kopf", "requirements.txt");
  const interpreter = await run(PYTHON, ["-c", "import sys; print(sys.version)"]);
  if (interpreter.code !== 0) throw new Error(`${PYTHON} cannot be run: ${interpreter.stderr.trim()}`);
  const hash = createHash("sha256")
    .update(interpreter.stdout)
    .update(await readFile(requirements));
  const root = join(cacheRoot, "bench", "peers", "kopf");
  const directory = join(root, hash.digest("hex").slice(0, 16));
  const there = await access(directory).then(
    () => true,
    () => false,
  );
  if (there) return directory;
  say("installing the libraries of the peer that uses kopf, once");
  await mkdir(root, { recursive: true });
  const unfinished = await mkdtemp(`${directory}.`);
  try {
    const args = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--no-input",
      "--target",
      unfinished,
      "--requirement",
      requirements,
    ];
    const { code, stderr } = await run(PYTHON, args);
    if (code !== 0) throw new Error(`pip failed: ${stderr.trim()}`);
    await rename(unfinished, directory);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return directory;
}

/** The peers' ServiceAccount: what they need, in every namespace. */
export async function installPeers(cluster: Cluster): Promise<string> {
  const metadata = { name: ACCOUNT };
  const watched = ["get", "list", "watch"];
  const rules = [
    { apiGroups: ["ceilometer.openstack.org"], resources: ["*"], verbs: [...watched, "patch"] },
    { apiGroups: ["apps"], resources: ["deployments"], verbs: [...watched, "patch"] },
    { apiGroups: ["batch"], resources: ["jobs"], verbs: [...watched, "create"] },
    { apiGroups: [""], resources: ["pods", "pods/log", "namespaces"], verbs: watched },
    { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: watched },
  ];
  const group = "rbac.authorization.k8s.io";
  const subjects = [{ kind: "ServiceAccount", name: ACCOUNT, namespace: "default" }];
  const roleRef = { apiGroup: group, kind: "ClusterRole", name: ACCOUNT };
  const roles = `/apis/${group}/v1/clusterroles`;
  await must(cluster, "POST", "/api/v1/namespaces/default/serviceaccounts", { metadata });
  await must(cluster, "POST", roles, { metadata, rules });
  await must(cluster, "POST", `/apis/${group}/v1/clusterrolebindings`, { metadata, subjects, roleRef });
  return credentials(cluster, "default", ACCOUNT, join(cluster.dir, "bench", "peers", "serviceaccount"));
}
