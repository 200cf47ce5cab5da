/**
 * An extra gate of the resource: what it asks, and what the answers say. It fails closed: no answer is no pass. Its questions are
 * bound to the plan, to the retry and to when it began to be asked, so that no answer is ever used for anything else.
 */
import type { ExtraGate } from "../api/v1alpha1/schema.ts";
import { type Agent, agentText } from "../model/agent.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import type { AgentComponent, Component } from "../model/component.ts";
import { digest } from "../model/digest.ts";
import type { Pod, World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { LogQuestion, ProbeRequest } from "../model/probe.ts";
import { hasExporter, logsFinishedPolls, type Release } from "../model/release.ts";
import { findJobTemplate } from "./job-template.ts";
import { releaseOf } from "./release-pair.ts";

export type GateAnswer =
  | { readonly kind: "pass"; readonly reason: string }
  | {
      readonly kind: "no";
      /** What was looked at. */
      readonly object: string;
      readonly reason: string;
      readonly probes: readonly ProbeRequest[];
      /** Somebody has not answered yet, since this operator began to ask. */
      readonly isOpen: boolean;
    };

/** Where the gate stands. Admission lets exactly one of both be set. */
export function placeOf({ before, after }: ExtraGate): {
  readonly at: "before" | "after";
  readonly component: Component;
} {
  return before === undefined ? { at: "after", component: after ?? "database" } : { at: "before", component: before };
}

/** How many pods of one workload are asked at the most. */
const SAMPLE = 16;

/** What is known of a gate that asks providers or pods; one with a Job is run by the reconciler. */
export function askGate(
  world: World,
  record: AttemptRecord,
  gate: ExtraGate,
  agents: readonly Agent[],
  target: Release,
): GateAnswer {
  const { retryAttempt } = world.upgrade.spec;
  const mark = record.gates[gate.name];
  const id = digest([record.plan, gate, retryAttempt, mark?.since ?? "", record.clock.length]).slice(0, 16);
  const { prometheus, http } = gate;
  const asked = prometheus ?? http;
  if (asked !== undefined) {
    const question =
      prometheus === undefined
        ? {
            kind: "http" as const,
            path: http?.path ?? "/",
            ...(http?.pointer === undefined ? {} : { pointer: http.pointer }),
          }
        : { kind: "prometheus" as const, query: prometheus.query };
    const { provider, min, max } = asked;
    const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
    const probe: ProbeRequest = { kind: "provider", id: `gate/${id}`, provider, question, ...bounds };
    return all(world, `Provider/${provider}`, [probe]);
  }
  const pods = agents.flatMap((agent) => sample(agent).map((pod) => ({ agent, pod })));
  const [agent] = agents;
  if (agent === undefined) return { kind: "pass", reason: "there is no agent to be asked" };
  if (pods.length === 0) {
    return {
      kind: "no",
      object: agentText(agent),
      reason: "none of its pods is ready to be asked",
      probes: [],
      isOpen: false,
    };
  }
  return all(
    world,
    agents.map(agentText).join(", "),
    pods.map((each) => podProbe(gate, each, askedRelease(gate, each.agent, world, target), id)),
  );
}

/** Before a component its old agents are there, and say what their release says. */
const askedRelease = (gate: ExtraGate, agent: Agent, world: World, target: Release): Release =>
  (placeOf(gate).at === "before" ? releaseOf(agent, world) : undefined) ?? target;

const sample = (agent: Agent): readonly Pod[] =>
  agent.pods
    .filter((pod) => pod.ready && pod.metadata.deletingSince === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .slice(0, SAMPLE);

function podProbe(
  gate: ExtraGate,
  { agent, pod }: { readonly agent: Agent; readonly pod: Pod },
  release: Release,
  id: string,
): ProbeRequest {
  const { namespace, name, uid } = pod.metadata;
  if (gate.exporter !== undefined) {
    // A pod without an address is asked when it has one: until then there is no answer, which is no pass.
    const address = pod.podIP ?? "";
    return { kind: "exporter", id: `gate/${id}/${uid}`, address, port: gate.exporter.port };
  }
  const question = questionOf(agent.component, gate.podLog?.text, release);
  return { kind: "podLog", id: `gate/${id}/${uid}`, namespace, pod: name, container: agent.container.name, question };
}

function questionOf(component: AgentComponent, text: string | undefined, release: Release): LogQuestion {
  if (text !== undefined) return { about: "text", text };
  return component === "polling"
    ? { about: "polling", finished: logsFinishedPolls(release) }
    : { about: "loading", agent: "notification" };
}

/** Every one of them must pass. */
function all({ probes }: World, object: string, requests: readonly ProbeRequest[]): GateAnswer {
  const open = requests.filter(({ id }) => probes.get(id)?.verdict !== "pass");
  const [first] = open;
  if (first === undefined) {
    const [request] = requests;
    return { kind: "pass", reason: (request && probes.get(request.id)?.reason) ?? "it passed" };
  }
  const reason = probes.get(first.id)?.reason ?? "no answer yet";
  const isOpen = open.some(({ id }) => !probes.has(id));
  return { kind: "no", object: "pod" in first ? `Pod/${first.pod}` : object, reason, probes: open, isOpen };
}

/** Gates that could never pass, or that nothing will ask, before anything is written. */
export function extraGateProblems(
  world: World,
  has: (component: Component) => boolean,
  target: Release,
  agentsOf: (component: Component) => readonly Agent[],
): readonly Violation[] {
  const { spec, metadata } = world.upgrade;
  return (spec.gates ?? []).flatMap((gate, index): readonly Violation[] => {
    const field = `spec.gates[${index}]`;
    const object = `CeilometerUpgrade/${metadata.name}`;
    const base = { gate: "ExtraGate", object, severity: "Error" } as const;
    const { at, component } = placeOf(gate);
    if (!has(component)) {
      const message = `${field} (${gate.name}) stands ${at} a component that this attempt does not have: ${component}`;
      return [{ ...base, reason: "GateUnused", message, remedy: "remove it, or correct it", severity: "Warning" }];
    }
    const provider = gate.prometheus?.provider ?? gate.http?.provider;
    if (provider !== undefined && !world.operator.providers.includes(provider)) {
      const known = world.operator.providers.join(", ") || "it has none";
      const message = `the operator is configured with no provider of that name (${known})`;
      const remedy = `add it to providers of the operator's chart, or correct ${field}`;
      return [{ ...base, object: `Provider/${provider}`, reason: "ProviderUnknown", message, remedy }];
    }
    if (gate.job !== undefined) {
      const template = findJobTemplate(world, gate.job, `${field}.job`);
      return "gate" in template ? [template] : [];
    }
    if (gate.podLog !== undefined && !world.operator.podLogs) {
      const message = `${field} (${gate.name}) looks into logs, which the operator may not read`;
      return [
        { ...base, reason: "GateBlind", message, remedy: "enable podLogs in the operator's chart, or ask otherwise" },
      ];
    }
    const asked = at === "after" ? [target] : agentsOf(component).flatMap((agent) => releaseOf(agent, world) ?? []);
    const without = asked.find((release) => !hasExporter(release));
    if (gate.exporter !== undefined && without !== undefined) {
      const message = `${field} (${gate.name}) asks an exporter, which agents of ${without.name} do not have`;
      return [{ ...base, reason: "GateBlind", message, remedy: "ask otherwise: exporters are there from 2025.1 on" }];
    }
    return [];
  });
}
