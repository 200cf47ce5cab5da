/**
 * Every reader of texts that others write, each as it is called. `parser-bombs.test.ts` shows that none of them throws,
 * `bench/parsers.ts` for how long each holds the event loop.
 */
import { ANNOTATION, VERB } from "../../src/api/v1alpha1/names.ts";
import type { MaintenanceWindow } from "../../src/api/v1alpha1/schema.ts";
import { isOfSpec } from "../../src/controllers/ceilometer-upgrade/status-storage.ts";
import { failureFromResponse, isTestFailed } from "../../src/kube/errors.ts";
import { parseRecord } from "../../src/model/attempt.ts";
import { parseCatalogueOverrides } from "../../src/model/catalogue/overrides.ts";
import { commandLineOf } from "../../src/model/command-line.ts";
import { compareDefinitions } from "../../src/model/definition-changes.ts";
import { parseDefinitions } from "../../src/model/definitions.ts";
import { parseDynamicPollsters } from "../../src/model/dynamic-pollsters.ts";
import { readAnswer } from "../../src/model/image-pollsters.ts";
import { readLoadingLog } from "../../src/model/loading-log.ts";
import { openingOf, windowProblem } from "../../src/model/maintenance-window.ts";
import { marksOf } from "../../src/model/marks.ts";
import { fnmatch } from "../../src/model/matching.ts";
import type { Meta } from "../../src/model/meta.ts";
import { readMigrationLog } from "../../src/model/migration-log.ts";
import { literalOf, parseOsloConfig } from "../../src/model/oslo-config.ts";
import { parsePipeline } from "../../src/model/pipeline.ts";
import type { Container } from "../../src/model/pod-template.ts";
import { parsePolling } from "../../src/model/polling-file.ts";
import { readPollingLog } from "../../src/model/polling-log.ts";
import { cataloguedPollsters, effectivePollsters } from "../../src/model/pollsters.ts";
import { judgeAnswer } from "../../src/model/provider-answer.ts";
import { parseRelease, type Release } from "../../src/model/release.ts";
import { readRequests } from "../../src/model/verb-requests.ts";
import { parseYamlAs, parseYamlFile } from "../../src/model/yaml-file.ts";
import { DEFINITIONS } from "../../src/model/yaml-value.ts";
import { redactText } from "../../src/observability/log.ts";

export interface Reader {
  readonly name: string;
  /** Takes the text as it comes from a user, whatever it is. */
  readonly read: (text: string) => unknown;
}

const META: Meta = {
  namespace: "a",
  name: "a",
  uid: "a",
  resourceVersion: "1",
  generation: 1,
  labels: {},
  annotations: {},
  createdAt: 0,
  finalizers: [],
  managers: [],
};
/** In characters: the API server takes no more of all annotations of an object together. */
const ANNOTATIONS = 256 * 1024;
const annotated = (keys: readonly string[], text: string): Meta => ({
  ...META,
  annotations: Object.fromEntries(keys.map((key) => [key, text.slice(0, ANNOTATIONS / keys.length)])),
});

/** As much of a log as is asked for. */
const tail = (log: string): string => log.split("\n").slice(-4000).join("\n");
/** As much of a provider's answer as is read, in bytes. */
const ANSWER = 256 * 1024;
/** As much as a file of patterns has, in characters. */
const FILE = 64 * 1024;
/** As much as Kubernetes keeps of a termination message, in characters. */
const TERMINATION = 4096;

function release(name: string): Release {
  const known = parseRelease(name);
  if (known === undefined) throw new Error(`${name} is no release`);
  return known;
}
const NEW = release("2025.1");
const OLD = release("newton");

const words = (text: string): readonly string[] => text.split(/\s+/);
const container = (more: Partial<Container>): Container => ({ name: "agent", image: "ceilometer:pike", ...more });
const window = (text: string): MaintenanceWindow => ({
  schedule: text.slice(0, 128),
  timeZone: "Europe/Berlin",
  durationSeconds: 60,
});
const NOW = Date.UTC(2026, 0, 1);

function polledWith(text: string): unknown {
  const parsed = parsePolling(text);
  return parsed.kind === "broken" ? parsed : effectivePollsters(cataloguedPollsters(NEW, "compute") ?? [], parsed.file);
}

/** The API server quotes what it does not like. */
function refused(message: string): readonly boolean[] {
  const failure = failureFromResponse(422, Buffer.from(JSON.stringify({ message })), undefined);
  return [isTestFailed(failure), isOfSpec(failure.message)];
}

function comparedTo(text: string): unknown {
  const [before, after] = [parseDefinitions(text, "meters.yaml"), parseDefinitions(`${text}\n`, "meters.yaml")];
  return before.kind === "broken" || after.kind === "broken"
    ? before
    : compareDefinitions("meters.yaml", before.file, after.file);
}

export const READERS: readonly Reader[] = [
  { name: "YAML", read: (text) => parseYamlFile(text) },
  { name: "YAML with merge keys", read: (text) => parseYamlAs(text, DEFINITIONS) },
  { name: "pipeline.yaml", read: (text) => parsePipeline(text, "meters", NEW) },
  { name: "pipeline.yaml of Newton", read: (text) => parsePipeline(text, "meters", OLD) },
  { name: "event_pipeline.yaml", read: (text) => parsePipeline(text, "events", NEW) },
  { name: "polling.yaml", read: parsePolling },
  { name: "what a polling file polls", read: polledWith },
  { name: "dynamic pollsters", read: parseDynamicPollsters },
  { name: "catalogue overrides", read: parseCatalogueOverrides },
  ...["meters.yaml", "event_definitions.yaml", "gnocchi_resources.yaml"].map((key) => ({
    name: key,
    read: (text: string) => parseDefinitions(text, key),
  })),
  { name: "definitions compared", read: comparedTo },
  { name: "ceilometer.conf", read: (text) => parseOsloConfig([{ name: "a", text }]) },
  { name: "a value of ceilometer.conf", read: literalOf },
  { name: "a shell's line", read: (text) => commandLineOf(container({ command: ["sh", "-c", text] })) },
  { name: "a start script", read: (text) => commandLineOf(container({ command: ["/start.sh"] }), text) },
  {
    name: "words of a command",
    read: (text) => commandLineOf(container({ command: ["ceilometer-polling", ...words(text)] })),
  },
  {
    name: "a command with variables",
    read: (text) =>
      commandLineOf(container({ command: ["ceilometer-polling", text], env: [{ name: "A", value: text }] })),
  },
  { name: "annotations of verbs", read: (text) => readRequests(annotated(Object.values(VERB), text)) },
  { name: "marks of a workload", read: (text) => marksOf(annotated(Object.values(ANNOTATION), text)) },
  { name: "an attempt record", read: (text) => parseRecord(META, text) },
  { name: "marks of a record", read: (text) => parseRecord(annotated(Object.values(ANNOTATION), text), RECORD) },
  { name: "one mark of a record", read: (text) => parseRecord(annotated([ANNOTATION.verbs], text), RECORD) },
  { name: "a refusal of the API server", read: (text) => refused(text) },
  { name: "a termination message", read: (text) => readAnswer(text.slice(0, TERMINATION)) },
  {
    name: "a Prometheus' answer",
    read: (text) => judgeAnswer({ kind: "prometheus", query: "a" }, { max: "0" }, text.slice(0, ANSWER)),
  },
  {
    name: "an answer with a pointer",
    read: (text) =>
      judgeAnswer({ kind: "http", path: "/", pointer: "/0".repeat(128) }, { max: "0" }, text.slice(0, ANSWER)),
  },
  { name: "the log of a poll", read: (text) => readPollingLog(tail(text), { finished: true }) },
  { name: "the log of loading", read: (text) => readLoadingLog(tail(text), { agent: "polling" }) },
  { name: "the log of a migration", read: (text) => readMigrationLog(tail(text)) },
  { name: "a maintenance window", read: (text) => openingOf(Array(8).fill(window(text)), NOW) },
  { name: "why a window never opens", read: (text) => windowProblem(window(text), NOW) },
  { name: "a pattern", read: (text) => fnmatch("a".repeat(64), text.slice(0, FILE)) },
  { name: "a line of the operator's own log", read: redactText },
];

const RECORD = JSON.stringify({
  plan: "a",
  inputs: "a",
  startedAt: "a",
  to: "a",
  files: {},
  longestIntervalSeconds: 1,
  targets: [],
});
