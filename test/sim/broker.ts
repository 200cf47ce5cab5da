/**
 * The internal queues of partitioned notification agents in the model. An agent that takes messages in leaves some in the queues
 * of its pipelines; what waits there is worked off by agents that read these queues, once nobody fills them any more.
 */
import type { ParsedFile } from "../../src/model/file-problem.ts";
import { type PipelineFile, parsePipeline } from "../../src/model/pipeline.ts";
import type { PublishedKind } from "../../src/model/publishers.ts";
import { parseRelease } from "../../src/model/release.ts";
import { type AgentAtWork, AgentsAtWork } from "./agents-at-work.ts";
import type { ModelApiServer } from "./model-api-server.ts";

const FILES: readonly (readonly [string, PublishedKind])[] = [
  ["/etc/ceilometer/pipeline.yaml", "meters"],
  ["/etc/ceilometer/event_pipeline.yaml", "events"],
];

function pipelinesIn(parsed: ParsedFile<PipelineFile>): readonly string[] {
  if (parsed.kind === "broken") return [];
  return parsed.file.sources.flatMap((source) => source.sinks.map((sink) => `${source.name}:${sink}`));
}

const known = new Map<string, readonly string[]>();

/** The queues that an agent reads and fills; none where it shares its work with nobody. */
export function queuesOf({ behaviour, files, release }: AgentAtWork): readonly string[] {
  if (behaviour.kind !== "notification" || behaviour.group === undefined) return [];
  const key = `${release.major} ${FILES.map(([path]) => files.get(path) ?? "").join()}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const reader = parseRelease(`${release.major}.${release.minor}.0`);
  const queues = FILES.flatMap(([path, what]) => {
    const text = files.get(path);
    if (text === undefined || reader === undefined) return [];
    return pipelinesIn(parsePipeline(text, what, reader)).map((name) => `${behaviour.epoch} ${what} ${name}`);
  });
  known.set(key, queues);
  return queues;
}

/** An empty notification_control_exchanges: nothing new is taken in. */
export const takesIn = ({ configuration }: AgentAtWork): boolean =>
  configuration.option("notification", "notification_control_exchanges") !== "";

export class Broker {
  readonly agents: AgentsAtWork;
  /** Queues in which messages wait. */
  readonly waiting = new Set<string>();

  constructor(api: ModelApiServer) {
    this.agents = new AgentsAtWork(api);
    api.subscribe(() => this.#fill());
  }

  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }

  /** Queues with messages that no agent reads, where there are agents at all. */
  get unread(): readonly string[] {
    const readers = this.agents.all.filter(({ behaviour }) => behaviour.kind === "notification");
    if (readers.length === 0) return [];
    const read = new Set(readers.flatMap(queuesOf));
    return [...this.waiting].filter((queue) => !read.has(queue));
  }

  #fill(): void {
    for (const agent of this.agents.all) {
      if (takesIn(agent)) for (const queue of queuesOf(agent)) this.waiting.add(queue);
    }
  }

  /** True if messages were worked off: what is filled no more is empty soon. */
  step(): boolean {
    const filled = new Set(this.agents.all.filter(takesIn).flatMap(queuesOf));
    const read = new Set(
      this.agents.all.filter(({ isReady, isTerminating }) => isReady && !isTerminating).flatMap(queuesOf),
    );
    const worked = [...this.waiting].filter((queue) => read.has(queue) && !filled.has(queue));
    for (const queue of worked) this.waiting.delete(queue);
    return worked.length > 0;
  }
}
