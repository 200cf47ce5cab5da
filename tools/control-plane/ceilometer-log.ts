/**
 * What Ceilometer's processes write to their logs, release by release, as far as an upgrade looks at it. Lines and loggers are
 * those of the releases' own source; this file knows nothing of what the operator looks for.
 */
import { z } from "zod";

export const podSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    name: z.string(),
    namespace: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
    ownerReferences: z.array(z.object({ kind: z.string() })).default([]),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    containers: z.array(
      z.object({
        name: z.string(),
        image: z.string(),
        command: z.array(z.string()).default([]),
        args: z.array(z.string()).default([]),
        volumeMounts: z
          .array(z.object({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() }))
          .default([]),
      }),
    ),
    volumes: z
      .array(z.object({ name: z.string(), configMap: z.object({ name: z.string().optional() }).optional() }))
      .default([]),
  }),
  status: z.object({ phase: z.string().default("Pending") }).default({ phase: "Pending" }),
});
export type Pod = z.infer<typeof podSchema>;
export type Container = Pod["spec"]["containers"][number];

/** One line without its time: what oslo.log puts behind the timestamp and the process id. */
export interface LogLine {
  readonly level: "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";
  readonly logger: string;
  readonly message: string;
}

export interface AgentLog {
  /** Written once, when the process starts. */
  readonly start: readonly LogLine[];
  /** Written again at every polling interval. */
  readonly cycle: readonly LogLine[];
}

const silence: AgentLog = { start: [], cycle: [] };

/** Major versions of the named releases; from 2023.1 on they follow from the date. */
const majors: Readonly<Record<string, number>> = {
  liberty: 5,
  mitaka: 6,
  newton: 7,
  ocata: 8,
  pike: 9,
  queens: 10,
  rocky: 11,
  stein: 12,
  train: 13,
  ussuri: 14,
  victoria: 15,
  wallaby: 16,
  xena: 17,
  yoga: 18,
  zed: 19,
};

/** The first major version that says when a pollster has delivered its samples (2023.2). */
const saysFinished = 21;
/** The first major version whose polling code lives in `ceilometer.polling` (Queens). */
const ownPollingLogger = 10;
const newest = 99;

/** The major version behind an image tag; an unknown tag counts as the newest. */
export function majorOf(image: string): number {
  const tag = tagOf(image);
  const [word = "", minor = ""] = tag.split(/[-_]/)[0]?.split(".") ?? [];
  const named = majors[word.toLowerCase()];
  if (named !== undefined) return named;
  const number = Number(word);
  if (!Number.isInteger(number) || word === "") return newest;
  return number >= 2023 ? 20 + (number - 2023) * 2 + Number(minor) - 1 : number;
}

function tagOf(image: string): string {
  const withoutDigest = image.split("@")[0] ?? "";
  return /:([^/:]+)$/.exec(withoutDigest)?.[1] ?? "";
}

/**
 * What this container of this pod writes. Containers that are not Ceilometer's write one line, so that they have a log.
 * `meters` are those of its polling file; where they are no names but patterns, a few pollsters stand for all.
 */
export function logOf(pod: Pod, container: Container, meters: readonly string[] = []): AgentLog {
  const command = [...container.command, ...container.args].join(" ");
  const called = `${command} ${container.name}`;
  if (tagOf(container.image).endsWith("-silent")) return silence;
  if (pod.metadata.ownerReferences.some(({ kind }) => kind === "Job")) return jobLog(container, called);
  const namespaces = pollingNamespaces(command, container.name);
  if (namespaces !== undefined) {
    const named = meters.length > 0 && meters.every((meter) => /^[\w.]+$/.test(meter));
    const pollsters = named ? meters : pollstersOf(namespaces);
    return pollingLog(namespaces, pollsters, container.image, pod.metadata.annotations);
  }
  if (/notification/.test(called)) return notificationLog(container.image);
  if (/collector/.test(called)) return plainLog("ceilometer.collector", "Starting collector service");
  return plainLog(container.name, "started");
}

/** Undefined for what is not a polling agent. */
function pollingNamespaces(command: string, containerName: string): string | undefined {
  const option = /--polling-namespaces[= ]+([a-z, ]+?)(?= -|$)/.exec(command)?.[1];
  if (option !== undefined) return option.trim();
  if (/\bceilometer-polling\b/.test(command)) return "compute central";
  // A wrapper script, the console scripts of distributions, or an image that keeps its command to itself.
  const wrapped = /ceilometer-(?:agent-)?(central|compute|ipmi)\b/;
  return wrapped.exec(command)?.[1] ?? (command === "" ? wrapped.exec(containerName)?.[1] : undefined);
}

/** A pollster that finds nothing to poll says nothing, as in a cloud without volumes. */
function pollingLog(
  namespaces: string,
  pollsters: readonly string[],
  image: string,
  { "sim/log": fate, "sim/finds": finds }: Pod["metadata"]["annotations"],
): AgentLog {
  const major = majorOf(image);
  const logger = major >= ownPollingLogger ? "ceilometer.polling.manager" : "ceilometer.agent.manager";
  const start: LogLine[] = [
    { level: "INFO", logger: "cotyledon._service_manager", message: "Starting AgentManager service with 1 workers" },
    { level: "INFO", logger, message: `Looking for pollsters in namespaces ${namespaces}` },
  ];
  if (fate === "empty") return { start, cycle: [] };
  const polled = finds === undefined ? pollsters : pollsters.filter((name) => finds.split(" ").includes(name));
  return { start, cycle: polled.flatMap((name) => pollLines(name, major, logger, tagOf(image))) };
}

function pollLines(pollster: string, major: number, logger: string, tag: string): LogLine[] {
  if (tag.endsWith("-nodata")) {
    const level = major >= 8 ? "ERROR" : "WARNING";
    return [{ level, logger, message: `Continue after error from ${pollster}: HTTP 503 Service Unavailable` }];
  }
  const source = "in the context of pollsters";
  const polling: LogLine = { level: "INFO", logger, message: `Polling pollster ${pollster} ${source}` };
  const finished: LogLine = { level: "INFO", logger, message: `Finished polling pollster ${pollster} ${source}` };
  return major >= saysFinished ? [polling, finished] : [polling];
}

function pollstersOf(namespaces: string): string[] {
  return [
    ...(namespaces.includes("compute") ? ["cpu", "memory.usage"] : []),
    ...(namespaces.includes("central") ? ["image.size", "storage.objects"] : []),
    ...(namespaces.includes("ipmi") ? ["hardware.ipmi.temperature"] : []),
  ];
}

function notificationLog(image: string): AgentLog {
  const logger = majorOf(image) >= ownPollingLogger ? "ceilometer.pipeline.base" : "ceilometer.pipeline";
  const loaded: LogLine[] = tagOf(image).endsWith("-badpipeline")
    ? [
        {
          level: "ERROR",
          logger: "ceilometer.notification",
          message:
            "Could not load 'meter': Pipeline {'name': 'meter_source'}: Both included and excluded meters specified",
        },
        {
          level: "ERROR",
          logger: "ceilometer.notification",
          message: "Could not load the following pipelines: {'meter'}",
        },
      ]
    : [{ level: "INFO", logger, message: "Pipeline config loaded" }];
  return {
    start: [
      {
        level: "INFO",
        logger: "cotyledon._service_manager",
        message: "Starting NotificationService service with 1 workers",
      },
      ...loaded,
    ],
    cycle: [],
  };
}

function jobLog(container: Container, called: string): AgentLog {
  if (tagOf(container.image).endsWith("-jobfail")) {
    const reason =
      "keystoneauth1.exceptions.connection.ConnectFailure: Unable to establish connection to the Gnocchi API";
    return {
      start: [{ level: "CRITICAL", logger: "ceilometer", message: `Unhandled error: ${reason}` }],
      cycle: [],
    };
  }
  if (!/ceilometer-(?:upgrade|dbsync)/.test(called)) return plainLog(container.name, "started");
  return {
    start: [{ level: "DEBUG", logger: "ceilometer.cmd.storage", message: "Upgrading Gnocchi resource types" }],
    cycle: [],
  };
}

const plainLog = (logger: string, message: string): AgentLog => ({
  start: [{ level: "INFO", logger, message }],
  cycle: [],
});

/** The line as the process writes it. */
export function processLine({ level, logger, message }: LogLine, at: Date): string {
  const local = at.toISOString().replace("T", " ").replace("Z", "");
  return `${local} 12 ${level} ${logger} [-] ${message}\n`;
}

/** The line as a container runtime keeps it: its own time in nanoseconds, the stream, a tag, then what the process wrote. */
export const criLine = (line: LogLine, at: Date): string =>
  `${at.toISOString().replace("Z", "000000Z")} stderr F ${processLine(line, at)}`;
