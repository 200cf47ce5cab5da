/** What the operator may not do is said before it is needed, not when a half of the upgrade is done. */
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { ProbeRequest } from "../model/probe.ts";

export function rightsProbe(world: World): ProbeRequest {
  const { namespace } = world.upgrade.metadata;
  return { kind: "rights", id: `rights/${namespace}`, namespace };
}

export interface Rights {
  readonly violations: readonly Violation[];
  readonly asked: readonly ProbeRequest[];
  readonly open: number;
}

export function rights(world: World): Rights {
  const probe = rightsProbe(world);
  const result = world.probes.get(probe.id);
  if (result === undefined) return { violations: [], asked: [probe], open: 1 };
  if (result.verdict !== "fail") return { violations: [], asked: [], open: 0 };
  return {
    asked: [probe],
    open: 0,
    violations: [
      {
        gate: "Rights",
        object: `Namespace/${world.upgrade.metadata.namespace}`,
        reason: "Forbidden",
        message: `the operator's ServiceAccount may not: ${result.reason}`,
        remedy: "install the chart's RBAC for this namespace (watchNamespaces), or add the rights by hand",
        severity: "Error",
      },
    ],
  };
}
