/** What the operator measures of itself and of the upgrades, for Prometheus. Every metric says what it is for. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type Decision, PHASES } from "../model/decision.ts";

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  reconciled(controller: string, result: string, seconds: number): void;
  wrote(kind: string, result: string): void;
  decided(namespace: string, name: string, decision: Decision): void;
  forgotten(namespace: string, name: string): void;
  watchFault(kind: string, fault: string): void;
  leading(leads: boolean): void;
}

export function createMetrics(sources: { readonly queueDepth: () => number }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const reconciles = new Counter({
    name: "ceilometer_upgrade_reconcile_total",
    help: "Looks at a resource, by how they ended.",
    labelNames: ["controller", "result"],
    registers,
  });
  const seconds = new Histogram({
    name: "ceilometer_upgrade_reconcile_seconds",
    help: "How long one look at a resource takes, with its write, in seconds.",
    labelNames: ["controller"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    registers,
  });
  const writes = new Counter({
    name: "ceilometer_upgrade_writes_total",
    help: "Writes to the API server, by kind of write and by what came of them.",
    labelNames: ["kind", "result"],
    registers,
  });
  const phase = new Gauge({
    name: "ceilometer_upgrade_phase",
    help: "1 for the phase that a resource is in, 0 for the others.",
    labelNames: ["namespace", "name", "phase"],
    registers,
  });
  const faults = new Counter({
    name: "ceilometer_upgrade_watch_faults_total",
    help: "Lists and watches that ended otherwise than planned, by kind of object and of fault.",
    labelNames: ["kind", "fault"],
    registers,
  });
  const leader = new Gauge({
    name: "ceilometer_upgrade_leader",
    help: "1 while this process leads.",
    registers,
  });
  const depth = new Gauge({
    name: "ceilometer_upgrade_queue_depth",
    help: "Resources that wait to be looked at.",
    registers,
    collect() {
      this.set(sources.queueDepth());
    },
  });
  depth.set(0);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    reconciled(controller, result, duration) {
      reconciles.inc({ controller, result });
      seconds.observe({ controller }, duration);
    },
    wrote: (kind, result) => writes.inc({ kind, result }),
    decided(namespace, name, decision) {
      for (const each of PHASES) phase.set({ namespace, name, phase: each }, each === decision.phase ? 1 : 0);
    },
    forgotten(namespace, name) {
      for (const each of PHASES) phase.remove({ namespace, name, phase: each });
    },
    watchFault: (kind, fault) => faults.inc({ kind, fault }),
    leading: (leads) => leader.set(leads ? 1 : 0),
  };
}
