/**
 * Clause P3 and invariant I6: no message is left in an internal queue that nobody will read. Before agents are restarted with
 * other pipelines, or as a release that names its queues otherwise, a gate has to see the queues empty, or a person gives their
 * word for this very plan. It fails closed: no answer is no pass.
 */
import type { Drain } from "../api/v1alpha1/schema.ts";
import { digest } from "../model/digest.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { ProbeRequest } from "../model/probe.ts";

export type QueuesEmpty =
  | { readonly kind: "pass"; readonly reason: string }
  /** `isOpen`: it has not been heard yet, since this operator began to ask. */
  | {
      readonly kind: "ask";
      readonly probes: readonly ProbeRequest[];
      readonly reason: string;
      readonly isOpen: boolean;
    }
  | { readonly kind: "no"; readonly violation: Violation; readonly probes: readonly ProbeRequest[] };

/**
 * Whether a pass of what a provider is asked can mean that queues are empty: only a number that is bounded from above does. Admission
 * refuses others as gates of a drain; one that was stored before is no gate.
 */
export const canSeeEmpty = ({ prometheus, http }: NonNullable<Drain["gate"]>): boolean =>
  prometheus === undefined ? http?.pointer !== undefined && http.max !== undefined : prometheus.max !== undefined;

/**
 * The question of the gate, bound to the plan and to the moments at which the intake went off: an answer is never used again for
 * another plan, nor when somebody has let messages in since.
 */
function probeOf(drain: Drain, plan: string, since: readonly string[]): ProbeRequest | undefined {
  if (drain.gate === undefined || !canSeeEmpty(drain.gate)) return undefined;
  const { prometheus, http } = drain.gate;
  const asked = prometheus ?? http;
  if (asked === undefined) return undefined;
  const question =
    prometheus === undefined
      ? {
          kind: "http" as const,
          path: http?.path ?? "/",
          ...(http?.pointer === undefined ? {} : { pointer: http.pointer }),
        }
      : { kind: "prometheus" as const, query: prometheus.query };
  return {
    kind: "provider",
    id: `provider/${digest([plan, drain.gate, since]).slice(0, 16)}`,
    provider: asked.provider,
    question,
    ...(asked.min === undefined ? {} : { min: asked.min }),
    ...(asked.max === undefined ? {} : { max: asked.max }),
  };
}

/** `since`: when each of the agents was started with its intake off. */
export function queuesEmpty(world: World, plan: string, why: readonly string[], since: readonly string[]): QueuesEmpty {
  const drain = world.upgrade.spec.components.notification?.drain;
  if (drain?.acknowledged === plan) return { kind: "pass", reason: "a person says that the internal queues are empty" };
  const probe = drain === undefined ? undefined : probeOf(drain, plan, since);
  if (probe !== undefined) {
    const answer = world.probes.get(probe.id);
    if (answer?.verdict === "pass") return { kind: "pass", reason: answer.reason };
    const reason = answer?.reason ?? "the gate has not answered yet";
    return { kind: "ask", probes: [probe], reason, isOpen: answer === undefined };
  }
  const field = "spec.components.notification.drain";
  const blind =
    drain?.gate === undefined ? "" : `; ${field}.gate would pass with full ones: it needs a max, and by http a pointer`;
  return {
    kind: "no",
    probes: [],
    violation: {
      gate: "QueuesEmpty",
      object: `CeilometerUpgrade/${world.upgrade.metadata.name}`,
      reason: "DrainNotConfirmed",
      message: `nothing shows that the internal queues are empty: ${why.join("; ")}${blind}`,
      remedy: `look at the broker; when ceilometer-pipe-* and ceilometer_ipc-* are empty, set ${field}.acknowledged: "${plan}"`,
      severity: "Error",
    },
  };
}
