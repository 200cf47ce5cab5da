/** A second API server over the etcd of a cluster, as in a control plane of several, that can be kept from hearing anything. */
import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Api, connect, readKubeconfig } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { freePorts } from "./cluster-configuration.ts";
import { startDaemon } from "./daemon.ts";

export interface SecondApiServer extends AsyncDisposable {
  readonly server: string;
  /** The API as the administrator, by this server. */
  readonly api: Api;
  /** While true nothing passes between it and etcd: what it knows is old, and what it does not know is not answered. */
  cutOff(on: boolean): void;
}

/** Milliseconds. */
const READY_TIMEOUT = 60_000;

export async function startSecondApiServer(cluster: Cluster): Promise<SecondApiServer> {
  const [, ...first] = await cluster.apiServerCommand();
  const etcd = first.find((argument) => argument.startsWith(ETCD))?.slice(ETCD.length);
  if (etcd === undefined) throw new Error(`the API server was started without ${ETCD}`);
  const link = await startLink(Number(new URL(etcd).port));
  const [port = 0] = await freePorts(1);
  const pid = await startDaemon({
    directory: join(cluster.dir, "second"),
    name: "kube-apiserver",
    program: cluster.binaries["kube-apiserver"],
    args: [
      ...first.filter((argument) => !OWN.test(argument)),
      `${ETCD}http://127.0.0.1:${link.port}`,
      `--secure-port=${port}`,
    ],
  });
  const access = await readKubeconfig(cluster.kubeconfig);
  const server = `https://127.0.0.1:${port}`;
  const api = connect({ ...access, server });
  const isReady = async (): Promise<boolean> =>
    (await api.request("GET", "/readyz").catch(() => undefined))?.status === 200;
  const end = async (): Promise<void> => {
    api.close();
    process.kill(pid, "SIGKILL");
    await link[Symbol.asyncDispose]();
  };
  const deadline = performance.now() + READY_TIMEOUT;
  while (!(await isReady())) {
    if (performance.now() > deadline) {
      await end();
      throw new Error("the second API server does not become ready");
    }
    await pause(50);
  }
  return { server, api, cutOff: (on) => link.hold(on), [Symbol.asyncDispose]: end };
}

const ETCD = "--etcd-servers=";
/** What two servers cannot share. */
const OWN = /^--(?:etcd-servers|secure-port|audit-[a-z-]+)=/;

interface Link extends AsyncDisposable {
  readonly port: number;
  /** While true bytes wait on either side, and connections stay open. */
  hold(on: boolean): void;
}

async function startLink(target: number): Promise<Link> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let held = false;
  const join = ([near, far]: readonly [Socket, Socket]): void => {
    near.pipe(far);
    far.pipe(near);
  };
  const part = ([near, far]: readonly [Socket, Socket]): void => {
    near.unpipe(far);
    far.unpipe(near);
  };
  const server = createServer((near) => {
    const far = dial({ port: target, host: "127.0.0.1" });
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
    if (!held) join(pair);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a server without a port");
  return {
    port: address.port,
    hold(on) {
      if (on === held) return;
      held = on;
      for (const pair of pairs) (on ? part : join)(pair);
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await closed;
    },
  };
}
