/**
 * What an operator would read over the shoulder of an upgrade: at each look what runs, and what is done about it and by which
 * clause, or what is waited for. A look that shows and says the same as the one before is not told again.
 */
import { ANNOTATION, HOSTNAME_NODE_SELECTOR, OFFLINE_NODE_SELECTOR } from "../../src/api/v1alpha1/names.ts";
import { isRecord } from "../../src/kube/object.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { Effect } from "../../src/model/outcome.ts";
import type { KubePatchOperation } from "../../src/model/patch.ts";
import { formatDuration } from "../../src/model/time.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import { hasEnded, isDeleting, isReady, type PodObject, type WorkloadObject } from "../sim/objects.ts";
import { type Topology } from "../sim/topology.ts";

const MOST_ROUNDS = 400;

export class Transcript {
  readonly cluster: ModelCluster;
  readonly #lines: string[] = [];
  #said = "";
  #seen = "";
  #start: number;

  constructor(topology: Topology, spec?: Parameters<ModelCluster["wish"]>[0]) {
    this.cluster = new ModelCluster(topology, decide);
    this.#start = this.cluster.now;
    this.cluster.wish(spec);
  }

  /** Something that a person does. */
  tell(what: string): void {
    this.#lines.push("", `# ${what}`, "");
    this.#said = "";
  }

  /** Goes on until this is so, or until nothing moves any more. */
  until(isSo: (cluster: ModelCluster, decision: Decision | undefined) => boolean = () => false): void {
    const { cluster } = this;
    let last: Decision | undefined;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      cluster.deliverAll();
      const look = cluster.isDue ? cluster.look() : undefined;
      if (look === undefined) cluster.operator.dirty = false;
      else {
        last = look.decision;
        this.#look(look.decision);
        cluster.send(look);
      }
      if (isSo(cluster, last)) return;
      const answered = [cluster.answer(0), cluster.giveWord()].includes(true);
      const moved = cluster.stepOthers();
      cluster.now += 5000;
      if (answered || moved || cluster.operator.dirty || cluster.operator.behind.length > 0) continue;
      const { recheckAt } = cluster.operator;
      if (recheckAt === undefined || recheckAt <= cluster.now) return;
      cluster.now = recheckAt;
    }
    throw new Error("the story has no end");
  }

  get text(): string {
    return `${this.#lines.join("\n").trim()}\n`;
  }

  #look(decision: Decision): void {
    const { effect, headline, phase, findings } = decision;
    const clause =
      (effect?.why.clause ?? headline.clause) === undefined ? "" : ` ${effect?.why.clause ?? headline.clause}`;
    const said =
      effect === undefined
        ? [`${phase === "Progressing" ? "wait" : phase.toLowerCase()} ${headline.reason}${clause}: ${headline.message}`]
        : [
            `${effect.kind} ${objectOf(effect)}`,
            `${effect.why.reason}${clause}: ${effect.why.message}`,
            ...fields(effect),
          ];
    for (const finding of findings.slice(1)) {
      said.push(`and ${finding.reason}: ${finding.object}: ${finding.message}; ${finding.remedy}`);
    }
    const text = said.map((line, index) => `${index === 0 ? "  " : "      "}${line}`).join("\n");
    if (text === this.#said) return;
    this.#said = text;
    const seen = this.cluster.workloads.map((workload) => brief(workload, this.cluster.pods)).join("  ");
    if (seen !== this.#seen) this.#lines.push(`[${formatDuration(this.cluster.now - this.#start)}] ${seen}`);
    this.#seen = seen;
    this.#lines.push(text);
  }
}

const tagOf = (image: string): string => image.slice(image.lastIndexOf(":") + 1);

/** "ceilometer-collector newton 3, 1 stopping": what runs, by release. */
function brief({ metadata, kind, spec }: WorkloadObject, pods: readonly PodObject[]): string {
  const own = pods.filter((pod) => pod.metadata.labels?.["app"] === spec.selector.matchLabels["app"] && !hasEnded(pod));
  const counts = new Map<string, number>();
  for (const pod of own) {
    const state = isDeleting(pod) ? " stopping" : isReady(pod) ? "" : " starting";
    const key = `${tagOf(pod.spec.containers[0]?.image ?? "")}${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const running = [...counts].map(([what, count]) => `${count} ${what}`).join(", ");
  const selector = spec.template.spec.nodeSelector ?? {};
  const host = selector[HOSTNAME_NODE_SELECTOR];
  const where = kind !== "DaemonSet" ? "" : OFFLINE_NODE_SELECTOR in selector ? " offline" : host ? ` on ${host}` : "";
  return `${metadata.name.replace("ceilometer-", "")}${where}: ${running || "none"};`;
}

function objectOf(effect: Effect): string {
  const { kind, name } =
    effect.kind === "create" ? { kind: effect.object.kind, name: effect.object.metadata.name } : effect.ref;
  return `${kind}/${name}`;
}

/** The fields that a patch changes, as a person would say them. Marks of the operator's own are told by their names. */
function fields(effect: Effect): readonly string[] {
  if (effect.kind !== "patch") return [];
  const tests = new Map(effect.operations.flatMap((each) => (each.op === "test" ? [[each.path, each.value]] : [])));
  return effect.operations.flatMap((operation) => {
    if (operation.op === "test") return [];
    const path = operation.path.replaceAll("~1", "/");
    const mark = Object.entries(ANNOTATION).find(([, key]) => path.endsWith(key));
    if (mark !== undefined)
      return mark[0] === "borrowed" ? [`${operation.op} the note of what was borrowed${valueOf(operation)}`] : [];
    if (path.includes("/managedFields/")) return ["give up the ownership of the fields"];
    const before = tests.has(operation.path) ? `${shown(tests.get(operation.path))} to ` : "";
    const value = operation.op === "remove" ? "nothing" : shown(operation.value);
    return [`${path.split("/").findLast((part) => !/^\d+$|^-$/.test(part))}: ${before}${value}`];
  });
}

const valueOf = (operation: KubePatchOperation): string => ("value" in operation ? `: ${String(operation.value)}` : "");
const shown = (value: unknown): string =>
  typeof value === "string"
    ? tagOf(value)
    : isRecord(value) || Array.isArray(value)
      ? JSON.stringify(value)
      : String(value);
