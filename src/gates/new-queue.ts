/**
 * Clause M3: new kinds of data go into a queue of their own. Old consumers (to Pike the collectors, and whoever else reads what
 * the old pipeline publishes by notifier://) get what they do not know on a queue that they already read.
 *
 * Source: class NotifierPublisher of Ceilometer's publisher/messaging.py: each `topic` of the URL is a queue, by default
 * that of `[publisher_notifier] metering_topic` or `event_topic`; a host in the URL is another broker. The collector reads
 * the default ones (collector.py, to Pike).
 */

import { isMapping } from "../model/file-source.ts";
import { supports } from "../model/matching.ts";
import type { Violation } from "../model/outcome.ts";
import type { PipelineFile, PipelineSource } from "../model/pipeline.ts";
import type { PipelineSink } from "../model/pipeline-sink.ts";
import type { PublishedKind } from "../model/publishers.ts";
import { shownDefinition, shownName } from "../model/shown-name.ts";

export interface NewQueueInput {
  readonly what: PublishedKind;
  /** "ConfigMap/name" of the target pipeline, and its key. */
  readonly object: string;
  readonly key: string;
  readonly before: PipelineFile;
  readonly after: PipelineFile;
  /** Old collectors run, which read the default topic. */
  readonly collector: boolean;
  /** `[publisher_notifier] metering_topic` or `event_topic` of the agents, where it is set. */
  readonly defaultTopic?: string;
}

const DEFAULT_TOPICS: Readonly<Record<PublishedKind, string>> = { meters: "metering", events: "event" };
const MOST_SHOWN = 5;

/** What goes onto one queue: patterns of names, each list of one source; and the names of what transformers make. */
interface Feed {
  readonly filters: readonly (readonly string[])[];
  readonly made: readonly string[];
}

interface Queue {
  readonly broker: string;
  readonly topic: string;
}

/** The queues that a publisher's URL names; none for other schemes. */
function queuesOf(url: string, defaultTopic: string): readonly Queue[] {
  const parts = /^notifier:\/\/(?<broker>[^/?#]*)[^?#]*(\?(?<query>[^#]*))?/i.exec(url)?.groups;
  if (parts === undefined) return [];
  const topics = new URLSearchParams(parts["query"] ?? "").getAll("topic").filter((topic) => topic !== "");
  const broker = parts["broker"] ?? "";
  return (topics.length === 0 ? [defaultTopic] : topics).map((topic) => ({ broker, topic }));
}

const queueId = ({ broker, topic }: Queue): string => JSON.stringify([broker, topic]);

/** To Rocky a transformer can give its samples another name. */
function madeBy(sink: PipelineSink): readonly string[] {
  return sink.transformers.flatMap(({ parameters }) => {
    const target = isMapping(parameters) ? parameters["target"] : undefined;
    const name = isMapping(target) ? target["name"] : undefined;
    return typeof name === "string" ? [name] : [];
  });
}

function feedsOf(file: PipelineFile, defaultTopic: string): ReadonlyMap<string, Feed & { readonly queue: Queue }> {
  const feeds = new Map<string, Feed & { readonly queue: Queue }>();
  for (const sink of file.sinks) {
    const sources: readonly PipelineSource[] = file.sources.filter(({ sinks }) => sinks.includes(sink.name));
    if (sources.length === 0) continue;
    for (const queue of sink.publishers.flatMap((url) => queuesOf(url, defaultTopic))) {
      const known = feeds.get(queueId(queue));
      feeds.set(queueId(queue), {
        queue,
        filters: [...(known?.filters ?? []), ...sources.map(({ filter }) => filter)],
        made: [...(known?.made ?? []), ...madeBy(sink)],
      });
    }
  }
  return feeds;
}

/** What a source takes by name: a list of nothing but exclusions takes the rest. */
const includedBy = (filter: readonly string[]): readonly string[] => {
  const included = filter.filter((pattern) => !pattern.startsWith("!"));
  return included.length === 0 ? ["*"] : included;
};
const excludedBy = (filter: readonly string[]): readonly string[] =>
  filter.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));

/** A pattern counts as a name: `disk.*` is not new where `*` or `disk.*` was there. */
function newKinds(before: Feed | undefined, after: Feed): readonly string[] {
  const supportedBy = (feed: Feed | undefined) => {
    const filters = (feed?.filters ?? []).map(supports);
    return (kind: string) => filters.some((supported) => supported(kind));
  };
  const [tookBefore, takesAfter] = [supportedBy(before), supportedBy(after)];
  const made = new Set(before?.made);
  const knew = (kind: string) => made.has(kind) || tookBefore(kind);
  const included = after.filters.flatMap(includedBy);
  // What every old source left out, and a new one does not.
  const letIn = (before?.filters ?? []).flatMap(excludedBy).filter(takesAfter);
  return [...new Set([...included, ...letIn, ...after.made])].filter((kind) => !knew(kind));
}

/** One warning for each queue that old consumers read and that gets something new. */
export function newKindsOnOldQueues(input: NewQueueInput): readonly Violation[] {
  const defaultTopic = input.defaultTopic ?? DEFAULT_TOPICS[input.what];
  const before = feedsOf(input.before, defaultTopic);
  const byCollector = queueId({ broker: "", topic: defaultTopic });
  return [...feedsOf(input.after, defaultTopic)].flatMap(([id, feed]) => {
    const old = before.get(id);
    const readers = input.collector && id === byCollector ? "the old collectors" : "consumers of the old release";
    if (old === undefined && !(input.collector && id === byCollector)) return [];
    const kinds = newKinds(old, feed);
    if (kinds.length === 0) return [];
    const more = kinds.length > MOST_SHOWN ? ` and ${kinds.length - MOST_SHOWN} more` : "";
    const shown = `${kinds.slice(0, MOST_SHOWN).map(shownDefinition).join(", ")}${more}`;
    const topic = shownName(feed.queue.topic);
    return [
      {
        gate: "NewQueue",
        object: input.object,
        reason: "NewKindOnOldQueue",
        message: `${input.key}: ${shown} would go onto the queue ${topic}, which ${readers} read`,
        remedy: "publish what is new with a topic of its own (notifier://?topic=NAME), or upgrade its readers first",
        severity: "Warning",
      } as const,
    ];
  });
}
