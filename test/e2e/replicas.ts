/**
 * Several replicas of the operator that elect a leader, each behind a fault proxy of its own, so that one alone can be cut off.
 * One that ends is started again under another name, as a kubelet does.
 */
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import {
  type Fault,
  type FaultProxy,
  type Phase,
  type RecordedWrite,
  startFaultProxy,
  type WriteRequest,
} from "../support/fault-proxy.ts";
import { type LogLine, type OperatorProcess, startOperator } from "./operator-process.ts";
import { eventually } from "./resource.ts";

/** Milliseconds, and short: a loss shows in seconds. Whole seconds for the lease, as its object has no others. */
export const LEASE = { duration: 6000, renewDeadline: 5000, retryPeriod: 500 } as const;

export interface ReplicasOptions {
  readonly cluster: ClusterAccess;
  readonly namespace: string;
  readonly token: string;
  readonly flags: readonly string[];
  /** How far the wall clock of each is ahead, in milliseconds; as many as there are replicas. The first one leads at first. */
  readonly skews: readonly number[];
}

export interface Replica {
  readonly proxy: FaultProxy;
  /** Of the process that runs at present. */
  readonly name: string;
  signal(name: NodeJS.Signals): void;
}

/** A write that was made, in the order of the server's answers. */
export interface Commit {
  /** The process that sent it. */
  readonly author: string;
  readonly method: string;
  readonly path: string;
}

export interface Ending {
  readonly name: string;
  readonly code: number | null;
}

export type ReplicaHook = (
  replica: Replica,
  n: number,
  phase: Phase,
  request: WriteRequest,
) => Fault | undefined | Promise<Fault | undefined>;

export interface Replicas extends AsyncDisposable {
  readonly all: readonly Replica[];
  readonly commits: readonly Commit[];
  /** Processes that ended before they were asked to by disposal. */
  readonly endings: readonly Ending[];
  readonly processes: readonly OperatorProcess[];
  setHook(hook: ReplicaHook): void;
  writes(): readonly RecordedWrite[];
  /** Names of processes that were ever elected, by their own logs. */
  elected(): ReadonlySet<string>;
  linesOf(name: string): readonly LogLine[];
}

interface Running {
  readonly name: string;
  readonly process: OperatorProcess;
}

/** Answers when the first replica leads and the others stand by. */
export async function startReplicas(options: ReplicasOptions): Promise<Replicas> {
  await using stack = new AsyncDisposableStack();
  const { cluster } = options;
  const commits: Commit[] = [];
  const endings: Ending[] = [];
  const started: Running[] = [];
  let hook: ReplicaHook | undefined;
  let isClosing = false;

  const follow = async (index: number): Promise<Replica & { end(): Promise<void> }> => {
    const proxy = stack.use(
      await startFaultProxy({ server: cluster.server, ca: cluster.api.access.ca, keepsStatus: true }),
    );
    const authors = new Map<number, string>();
    let generation = 0;
    const begin = async (): Promise<Running> => {
      const name = `replica-${index}-${generation}`;
      generation += 1;
      const process = await startReplica(options, { name, server: proxy.url, skew: options.skews[index] ?? 0 });
      const running = { name, process };
      started.push(running);
      return running;
    };
    let current = await begin();
    const replica: Replica = {
      proxy,
      get name() {
        return current.name;
      },
      signal: (name) => current.process.signal(name),
    };
    proxy.setHook((n, phase, request) => {
      const author = authors.get(n) ?? current.name;
      authors.set(n, author);
      if (phase === "after-commit" && (proxy.writes[n - 1]?.committed ?? 500) < 300)
        commits.push({ author, method: request.method, path: request.path });
      return hook?.(replica, n, phase, request);
    });
    const supervising = (async () => {
      while (true) {
        const code = await current.process.ended;
        if (isClosing) return;
        endings.push({ name: current.name, code });
        current = await begin();
      }
    })();
    const end = async (): Promise<void> => {
      await current.process.ready;
      await current.process.stop();
      await supervising;
    };
    return Object.assign(replica, { end });
  };

  stack.defer(async () => {
    for (const { process } of started) await process.kill();
  });
  const first = await follow(0);
  const leads = async (): Promise<boolean> => started.some(({ process }) => isLeading(process));
  await eventually(leads, () => "the first replica does not lead", 60_000);
  const others: Awaited<ReturnType<typeof follow>>[] = [];
  for (const index of options.skews.keys()) if (index > 0) others.push(await follow(index));
  await Promise.all(started.map(({ process }) => process.ready));
  const all = [first, ...others];
  const owned = stack.move();
  return {
    all,
    commits,
    endings,
    get processes() {
      return started.map(({ process }) => process);
    },
    setHook(next) {
      hook = next;
    },
    writes: () => all.flatMap(({ proxy }) => proxy.writes),
    elected: () => new Set(started.filter(({ process }) => isLeading(process)).map(({ name }) => name)),
    linesOf: (name) => started.find((each) => each.name === name)?.process.log ?? [],
    async [Symbol.asyncDispose]() {
      isClosing = true;
      try {
        await Promise.all(all.map((replica) => replica.end()));
      } finally {
        await owned.disposeAsync();
      }
    },
  };
}

const isLeading = ({ log }: OperatorProcess): boolean => log.some(({ msg }) => msg === "leading");

function startReplica(
  { cluster, namespace, token, flags }: ReplicasOptions,
  { name, server, skew }: { readonly name: string; readonly server: string; readonly skew: number },
): Promise<OperatorProcess> {
  const times = [
    `--lease-duration=${LEASE.duration}ms`,
    `--lease-renew-deadline=${LEASE.renewDeadline}ms`,
    `--lease-retry-period=${LEASE.retryPeriod}ms`,
  ];
  const clock = skew === 0 ? {} : { imports: ["./test/e2e/skewed-clock.ts"], env: { SKEW_MS: String(skew) } };
  const env = { POD_NAME: name, ...clock.env };
  return startOperator({
    cluster,
    namespace,
    token,
    server,
    flags: [...flags, "--leader-elect", ...times],
    ...clock,
    env,
  });
}
