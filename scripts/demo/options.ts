/** What the demo is told on its command line. */
import { parseArgs } from "node:util";

/** The folders of examples/, each with a Ceilometer and an upgrade of it, and the namespace they live in. */
export const TOPOLOGIES = {
  classic: { namespace: "openstack-classic", tells: "all five components, Newton to Ocata" },
  modern: { namespace: "openstack", tells: "notification and polling agents, 2025.1 to 2025.2" },
  statefulset: { namespace: "openstack-stateful", tells: "agents as StatefulSets, 2025.1 to 2025.2" },
} as const;
export type Topology = keyof typeof TOPOLOGIES;

const STRATEGIES = ["Full"] as const;
const SPEEDS = ["real", "fast"] as const;
export type DemoSpeed = (typeof SPEEDS)[number];

export interface DemoOptions {
  readonly topology: Topology;
  readonly speed: DemoSpeed;
  readonly keep: boolean;
}

/** A flag that cannot be understood: the message names it and what it takes. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const HELP = `npm run demo -- [flags]: an upgrade of Ceilometer by the real operator on a real control plane with simulated nodes

  --topology NAME    which Ceilometer of examples/ is upgraded (default: classic)
${Object.entries(TOPOLOGIES)
  .map(([name, { tells }]) => `                       ${name.padEnd(12)} ${tells}`)
  .join("\n")}
  --strategy NAME    how it is upgraded: ${STRATEGIES.join(", ")} (default: Full)
  --speed SPEED      real: pods take seconds, as on a kubelet; fast: no time (default: real)
  --keep             leave everything running until Ctrl-C, to try the other examples and kubectl
  --help             show this

It needs Node with npm, and Go 1.24 or newer (or Docker, or Python with pip, to get one). The first run builds Kubernetes
from source, which takes some six minutes; the later ones start in seconds. It exits with 0 if the upgrade succeeded,
with 1 and the reason if not. Whatever ends it, nothing stays behind but the programs it built, in .cache/.
`;

/** @throws UsageError */
export function readOptions(args: readonly string[]): DemoOptions | "help" {
  const values = parsed(args);
  if (values.help) return "help";
  oneOf("strategy", STRATEGIES, values.strategy);
  return {
    topology: oneOf("topology", ["classic", "modern", "statefulset"], values.topology),
    speed: oneOf("speed", SPEEDS, values.speed),
    keep: values.keep,
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
