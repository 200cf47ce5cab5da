/** What the demo is told on its command line. */
import { parseArgs } from "node:util";

/** A folder of examples/, with a Ceilometer and an upgrade of it, and the namespace they live in. */
export interface Example {
  readonly folder: string;
  readonly namespace: string;
  readonly tells: string;
}

const STRATEGIES = ["Full", "Partial"] as const;
export type Strategy = (typeof STRATEGIES)[number];

const TOPOLOGIES = ["classic", "modern", "statefulset"] as const;
type Topology = (typeof TOPOLOGIES)[number];

/** What can be shown: of each topology, the strategies that there is an example of. */
export const EXAMPLES: Readonly<Record<Topology, Readonly<Partial<Record<Strategy, Example>>>>> = {
  classic: {
    Full: { folder: "classic", namespace: "openstack-classic", tells: "all five components, Newton to Ocata" },
    Partial: {
      folder: "changed-pipeline",
      namespace: "openstack-changed",
      tells: "the same, with another pipeline under workload partitioning",
    },
  },
  modern: {
    Full: { folder: "modern", namespace: "openstack", tells: "notification and polling agents, 2025.1 to 2025.2" },
    Partial: {
      folder: "new-pollsters",
      namespace: "openstack-new-pollsters",
      tells: "the same, new pollsters in a polling group of their own first",
    },
  },
  statefulset: {
    Full: { folder: "statefulset", namespace: "openstack-stateful", tells: "agents as StatefulSets, 2025.1 to 2025.2" },
  },
};

const SPEEDS = ["real", "fast"] as const;
export type DemoSpeed = (typeof SPEEDS)[number];

export interface DemoOptions {
  readonly example: Example;
  readonly speed: DemoSpeed;
  readonly keep: boolean;
  /** On kubelets of kind in place of simulated ones. */
  readonly kind: boolean;
}

/** A flag that cannot be understood: the message names it and what it takes. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const HELP = `npm run demo -- [flags]: an upgrade of Ceilometer by the real operator on a real control plane with simulated nodes

  --topology NAME    which Ceilometer of examples/ is upgraded (default: classic)
  --strategy NAME    how: Full, everything in one pass, or Partial, old beside new (default: Full)
${examples()}
  --speed SPEED      real: pods take seconds, as on a kubelet; fast: no time (default: real)
  --kind             on real kubelets, by kind, with stand-ins for Ceilometer's agents; needs a container engine, and says so
                     where there is none. KIND_NODE_IMAGE names the node image
  --keep             leave everything running until Ctrl-C, to try the other examples and kubectl
  --help             show this

It needs Node with npm, and Go 1.24 or newer (or Docker, or Python with pip, to get one). The first run builds Kubernetes
from source, which takes some six minutes; the later ones start in seconds. It exits with 0 if the upgrade succeeded,
with 1 and the reason if not. Whatever ends it, nothing stays behind but the programs it built, in .cache/.
`;

function examples(): string {
  const lines = Object.entries(EXAMPLES).flatMap(([topology, of]) =>
    Object.entries(of).map(([strategy, { tells }]) => `${topology.padEnd(12)} ${strategy.padEnd(8)} ${tells}`),
  );
  return lines.map((line) => `                       ${line}`).join("\n");
}

/** @throws UsageError */
export function readOptions(args: readonly string[]): DemoOptions | "help" {
  const values = parsed(args);
  if (values.help) return "help";
  const topology = oneOf("topology", TOPOLOGIES, values.topology);
  const example = EXAMPLES[topology][oneOf("strategy", STRATEGIES, values.strategy)];
  if (example === undefined) {
    throw new UsageError(`--strategy ${values.strategy}: of the topology ${topology} there is no example of it`);
  }
  return {
    example,
    speed: oneOf("speed", SPEEDS, values.speed),
    keep: values.keep,
    kind: values.kind,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        topology: { type: "string", default: "classic" },
        strategy: { type: "string", default: "Full" },
        speed: { type: "string", default: "real" },
        keep: { type: "boolean", default: false },
        kind: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function oneOf<const Value extends string>(flag: string, known: readonly Value[], given: string): Value {
  const found = known.find((value) => value === given);
  if (found !== undefined) return found;
  const choice = known.length === 1 ? `only ${known[0]} is possible` : `possible are ${known.join(", ")}`;
  throw new UsageError(`--${flag} ${given}: ${choice}`);
}
