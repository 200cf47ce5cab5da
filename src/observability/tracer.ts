/**
 * Sends spans as OTLP over HTTP in JSON, in batches beside the work. What a collector does not take is tried again with the next
 * batch; what is too much drops the oldest: a trace is told once and missed by nobody who decides.
 */
import { readFile } from "node:fs/promises";
import type { Status } from "../api/v1alpha1/schema.ts";
import type { Effect } from "../model/outcome.ts";
import type { Clock } from "../runtime/clock.ts";
import { errorCode, requestOnce } from "../runtime/http-request.ts";
import type { Log } from "../runtime/logger.ts";
import { endedSpans, type Span, writeSpan } from "./spans.ts";
import type { TracingTarget } from "./tracing-target.ts";
import type { UpgradeReport, Written } from "./upgrade-report.ts";

export interface Tracer {
  wrote(effect: Effect, result: string, written: Written): void;
  stored(previous: Status, report: UpgradeReport): void;
  /** Sends what is left, once. */
  stop(): Promise<void>;
}

export interface TracerOptions {
  readonly target: TracingTarget;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Of the process. */
  readonly instance: string;
}

const LIMIT = 1024;
const EVERY_MS = 5_000;
/** No longer than a pod's end may wait for a collector. */
const FAREWELL_MS = 2_000;

export function createTracer(options: TracerOptions): Tracer {
  const { clock, log } = options;
  const waiting: Span[] = [];
  const life = new AbortController();
  let sending: Promise<void> | undefined;
  let failing = false;

  const flush = async (signal: AbortSignal): Promise<void> => {
    const batch = waiting.splice(0);
    if (batch.length === 0) return;
    const why = await post(options, batch, signal);
    if (why === undefined) {
      failing = false;
      return;
    }
    waiting.unshift(...batch.slice(-LIMIT));
    if (!failing) log.warn({ why }, "traces could not be sent; will try again");
    failing = true;
  };

  const pump = async (): Promise<void> => {
    while (waiting.length > 0 && !life.signal.aborted) {
      await clock.sleep(EVERY_MS, life.signal);
      if (!life.signal.aborted) await flush(life.signal);
    }
    sending = undefined;
  };

  const add = (spans: readonly Span[]): void => {
    waiting.push(...spans);
    waiting.splice(0, Math.max(0, waiting.length - LIMIT));
    if (waiting.length > 0) sending ??= pump();
  };

  return {
    wrote(effect, result, written) {
      const span = writeSpan(effect, result, written);
      if (span !== undefined) add([span]);
    },
    stored: (previous, report) => add(endedSpans(previous, report)),
    async stop() {
      life.abort();
      await sending;
      await flush(AbortSignal.timeout(FAREWELL_MS));
    },
  };
}

/** Why it was not taken and should be sent again; undefined where it was, or never will be. An address may be a secret. */
async function post(
  { target, version, instance, log }: TracerOptions,
  spans: readonly Span[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const text = (value: string) => ({ stringValue: value });
  const resource = {
    attributes: [
      { key: "service.name", value: text(target.service) },
      { key: "service.version", value: text(version) },
      { key: "service.instance.id", value: text(instance) },
    ],
  };
  const scope = { name: "ceilometer-upgrade-operator", version };
  const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] });
  try {
    const ca = target.caFile === undefined ? undefined : await readFile(target.caFile, "utf8");
    const response = await requestOnce(target.url, {
      method: "POST",
      headers: {
        "user-agent": `ceilometer-upgrade-operator/${version}`,
        ...target.headers,
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(body)),
      },
      body,
      ca,
      signal: AbortSignal.any([signal, AbortSignal.timeout(target.timeoutMs)]),
    });
    response.destroy();
    const status = response.statusCode ?? 0;
    if ([429, 502, 503, 504].includes(status)) return `the collector answered ${status}`;
    if (status < 200 || status > 299) log.warn({ status, spans: spans.length }, "the collector refused traces");
    return undefined;
  } catch (error) {
    return `the collector cannot be reached (${errorCode(error)})`;
  }
}
