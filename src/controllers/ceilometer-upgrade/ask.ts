/** How each kind of question is asked. Answers are words of our own: nothing that a pod or a server says is passed on. */
import type { KubeClient } from "../../kube/client.ts";
import { tailOf } from "../../kube/log-tail.ts";
import { isRecord } from "../../kube/object.ts";
import { readLoadingLog } from "../../model/loading-log.ts";
import { readMigrationLog } from "../../model/migration-log.ts";
import { assertNever } from "../../model/outcome.ts";
import { readPollingLog } from "../../model/polling-log.ts";
import type { LogQuestion, ProbeRequest, ProbeResult } from "../../model/probe.ts";
import { asksForNumber, inconclusive, judgeAnswer, unanswerable } from "../../model/provider-answer.ts";
import type { Permission } from "./permissions.ts";
import type { Ask } from "./probes.ts";
import { getText, NoAnswerError } from "./provider-request.ts";
import type { Provider } from "./providers.ts";

type Answer = Omit<ProbeResult, "at">;

/** At most this much of a log is read in one piece, in bytes: of a pod's whole life it is enough to find a poll. */
const LOG_BYTES = 1024 * 1024;
const LOG_LINES = 4000;
const EXPORTER_TIMEOUT_MS = 1000;
const EXPORTER_BYTES = 64 * 1024;

export interface AskOptions {
  readonly client: KubeClient;
  readonly permissions: readonly Permission[];
  readonly providers: readonly Provider[];
}

export function createAsk({ client, permissions, providers }: AskOptions): Ask {
  return (request, signal) => {
    switch (request.kind) {
      case "podLog":
        return askLog(client, request, signal);
      case "exporter":
        return askExporter(request, signal);
      case "rights":
        return askRights(client, request.namespace, permissions, signal);
      case "provider":
        return askProvider(providers, request, signal);
      default:
        return assertNever(request);
    }
  };
}

async function askLog(
  client: KubeClient,
  request: Extract<ProbeRequest, { kind: "podLog" }>,
  signal: AbortSignal,
): Promise<Answer> {
  const { namespace, pod: name, container, question } = request;
  const options = { container, lines: LOG_LINES, bytes: LOG_BYTES, signal };
  const { oldest, newest } = await tailOf(client, { namespace, name }, options);
  if (newest === undefined) return inconclusive("the newest lines of the log are longer than what is read of it");
  return readLog(oldest === undefined || isOfTheEnd(question) ? newest : `${oldest}\n${newest}`, question);
}

/**
 * Of a log that is longer than what is read in one piece there is the beginning, and the end. A poll that has begun before the gap may
 * have failed within, and a migration died of what it said last; everything else is true wherever it stands.
 */
const isOfTheEnd = (question: LogQuestion): boolean =>
  question.about === "migration" || (question.about === "polling" && !question.finished && question.text === undefined);

function readLog(log: string, question: LogQuestion): Answer {
  if (question.about === "polling") return readPollingLog(log, question);
  if (question.about === "loading") return readLoadingLog(log, question);
  if (question.about === "text") {
    return log.includes(question.text)
      ? { verdict: "pass", reason: "the log has the text that was asked for" }
      : inconclusive("the log has not the text that was asked for");
  }
  const known = readMigrationLog(log);
  return known === undefined ? inconclusive("none of the known lines") : { verdict: "pass", reason: known };
}

/** A gauge of Ceilometer with a value, as the exporter writes it. */
const SAMPLE = /^ceilometer_[a-z0-9_]+(\{|\s)/m;

async function askExporter(request: Extract<ProbeRequest, { kind: "exporter" }>, signal: AbortSignal): Promise<Answer> {
  const host = request.address.includes(":") ? `[${request.address}]` : request.address;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(EXPORTER_TIMEOUT_MS)]);
  const response = await fetch(`http://${host}:${request.port}/metrics`, { redirect: "error", signal: limit });
  if (!response.ok) return { verdict: "inconclusive", reason: `the exporter answered ${response.status}` };
  const text = await firstBytes(response, EXPORTER_BYTES);
  return SAMPLE.test(text)
    ? { verdict: "pass", reason: "the exporter serves samples" }
    : { verdict: "inconclusive", reason: "the exporter serves no sample yet" };
}

async function firstBytes(response: Response, limit: number): Promise<string> {
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return "";
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < limit) {
    const { value } = await reader.read();
    if (value === undefined) break;
    chunks.push(value);
    size += value.byteLength;
  }
  await reader.cancel();
  return Buffer.concat(chunks).subarray(0, limit).toString("utf8");
}

async function askProvider(
  providers: readonly Provider[],
  request: Extract<ProbeRequest, { kind: "provider" }>,
  signal: AbortSignal,
): Promise<Answer> {
  const { question } = request;
  const provider = providers.find(({ name }) => name === request.provider);
  if (provider === undefined) return inconclusive(`no provider is called ${request.provider}`);
  const impossible = unanswerable(question, request);
  if (impossible !== undefined) return inconclusive(impossible);
  try {
    return judgeAnswer(question, request, await getText(provider, question, { body: asksForNumber(question), signal }));
  } catch (error) {
    if (error instanceof NoAnswerError) return inconclusive(error.message);
    throw error;
  }
}

const RULES_REVIEW = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "selfsubjectrulesreviews",
  kind: "SelfSubjectRulesReview",
  namespaced: false,
} as const;

/** One question for all rights in a namespace: what is missing of the table of permissions. */
async function askRights(
  client: KubeClient,
  namespace: string,
  permissions: readonly Permission[],
  signal: AbortSignal,
): Promise<Answer> {
  const review = await client.review(RULES_REVIEW, { spec: { namespace } }, { signal });
  const status = isRecord(review) && isRecord(review["status"]) ? review["status"] : {};
  const rules = Array.isArray(status["resourceRules"]) ? status["resourceRules"].filter(isRecord) : [];
  const missing = permissions.flatMap((permission) => {
    const resource =
      permission.subresource === undefined ? permission.resource : `${permission.resource}/${permission.subresource}`;
    const verbs = permission.verbs.filter(
      (verb) => !rules.some((rule) => allows(rule, permission.group, resource, verb)),
    );
    const named = permission.group === "" ? resource : `${resource}.${permission.group}`;
    return verbs.length === 0 ? [] : [`${verbs.join(", ")} ${named}`];
  });
  if (missing.length === 0) return { verdict: "pass", reason: "every right of the table" };
  // The API server says itself where it could not tell all of them: then a missing one proves nothing.
  if (status["incomplete"] === true)
    return { verdict: "inconclusive", reason: "the API server could not list all rights" };
  return { verdict: "fail", reason: `${missing.join("; ")} in namespace ${namespace}` };
}

function allows(rule: Readonly<Record<string, unknown>>, group: string, resource: string, verb: string): boolean {
  const has = (field: string, value: string): boolean => {
    const list = rule[field];
    return Array.isArray(list) && (list.includes("*") || list.includes(value));
  };
  const names = rule["resourceNames"];
  const narrowed = Array.isArray(names) && names.length > 0;
  return !narrowed && has("apiGroups", group) && has("resources", resource) && has("verbs", verb);
}
