/**
 * One notification to the webhook of the operator's configuration. What goes wrong is told in words of our own: an address may be
 * a secret, and so may what the other side says.
 */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { placeText } from "../model/file-problem.ts";
import { parseYamlFile } from "../model/yaml-file.ts";
import { errorCode, isCertificateError, requestOnce } from "../runtime/http-request.ts";
import type { Log } from "../runtime/logger.ts";
import type { Notification } from "./notification.ts";

/** Where notifications go: an address, or a file that holds it with headers and is read anew each time, as Secrets are rotated. */
export type WebhookSource = { readonly url: string } | { readonly file: string };

/** What begins like an address is one; anything else names a file. */
export const webhookSource = (text: string): WebhookSource => (/^https?:/i.test(text) ? { url: text } : { file: text });

/** A webhook that cannot be used: the message names the field and what to write. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

export interface Webhook {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly caFile: string | undefined;
  readonly timeoutMs: number;
}

export type Sent =
  | { readonly kind: "done" }
  | { readonly kind: "again"; readonly why: string; readonly afterMs?: number }
  /** It would be refused again. */
  | { readonly kind: "never"; readonly why: string };

const DEFAULT_TIMEOUT_SECONDS = 10;
const LARGEST_FILE = 64 * 1024;
const URL_REMEDY = "write http:// or https:// with a host, without user and password; credentials are headers";
/** What the request itself has to set. */
const OURS = /^(host|content-.*|transfer-encoding|connection|expect|upgrade|te|trailer)$/i;

const url = z.string({ error: `is no address; ${URL_REMEDY}` }).transform((text, context) => {
  const parsed = URL.parse(text);
  if (parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === "" && parsed.password === "")
    return parsed;
  context.addIssue({ code: "custom", message: `is no address; ${URL_REMEDY}` });
  return z.NEVER;
});
const headers = z.record(
  z
    .string()
    .regex(/^[\w-]{1,64}$/, { error: "is no name of a header" })
    .refine((name) => !OURS.test(name), { error: "is a header that the operator sets itself; leave it out" }),
  z
    .string({ error: "is no value of a header; write text in quotes" })
    .regex(/^[\x20-\x7e]{0,8192}$/, { error: "is no value of a header; write one line of ASCII" }),
  { error: 'is no mapping; write "headers:" and a line "Name: value" for each' },
);
const SECONDS = "is no time-out; write seconds from 0.1 to 60";
const schema = z.strictObject(
  {
    url,
    headers: headers.default({}),
    caFile: z.string({ error: "is no path" }).min(1, { error: "is no path" }).optional(),
    timeoutSeconds: z
      .number({ error: SECONDS })
      .min(0.1, { error: SECONDS })
      .max(60, { error: SECONDS })
      .default(DEFAULT_TIMEOUT_SECONDS),
  },
  { error: "has something else than the fields url, headers, caFile and timeoutSeconds" },
);

/** YAML, and so JSON too. Messages never say what stands there: it may be a credential. */
export function parseWebhook(text: string, path: string): Webhook {
  const refuse = (problems: readonly string[]): never => {
    throw new WebhookError([`The file ${path} of notifications cannot be used:`, ...problems].join("\n  "));
  };
  const yaml = parseYamlFile(text);
  if (yaml.kind === "broken") return refuse(yaml.problems.map(({ rule, remedy }) => `${rule}; ${remedy}`));
  const parsed = schema.safeParse(yaml.value);
  if (parsed.success) {
    const { caFile, timeoutSeconds, ...rest } = parsed.data;
    return {
      ...rest,
      caFile: caFile === undefined ? undefined : resolve(dirname(path), caFile),
      timeoutMs: timeoutSeconds * 1000,
    };
  }
  return refuse(
    parsed.error.issues.map((issue) => {
      const place = placeText(issue.path.map((step) => (typeof step === "number" ? step : String(step))));
      const [inner] = issue.code === "invalid_key" ? issue.issues : [];
      return `${place || "the file"} ${inner?.message ?? issue.message}`;
    }),
  );
}

/** @throws WebhookError where the address or the file cannot be used. */
export async function readWebhook(source: WebhookSource): Promise<Webhook> {
  if ("url" in source) {
    const parsed = url.safeParse(source.url);
    if (!parsed.success) throw new WebhookError(`--notify is no address; ${URL_REMEDY}`);
    return { url: parsed.data, headers: {}, caFile: undefined, timeoutMs: DEFAULT_TIMEOUT_SECONDS * 1000 };
  }
  const text = await readFile(source.file, "utf8").catch((error: unknown) => {
    throw new WebhookError(`The file ${source.file} of notifications cannot be read (${errorCode(error)})`);
  });
  if (text.length > LARGEST_FILE) throw new WebhookError(`The file ${source.file} of notifications is over 64 KiB`);
  return parseWebhook(text, source.file);
}

/**
 * What is wrong is told when the process starts. A flag cannot become right; a file can, and no upgrade is to wait for it.
 *
 * @throws WebhookError where the address of the flag cannot be used.
 */
export async function checkWebhook(source: WebhookSource | undefined, log: Log): Promise<void> {
  if (source === undefined) return;
  await readWebhook(source).catch((error: unknown) => {
    if (!(error instanceof WebhookError) || "url" in source) throw error;
    log.warn({ why: error.message }, "notifications cannot be sent as they are configured; will try again with each");
  });
}

/** Never rejects. A redirect is a refusal: whom notifications go to stands in the configuration, and nowhere else. */
export async function sendTo(source: WebhookSource, notification: Notification, signal: AbortSignal): Promise<Sent> {
  try {
    return await send(await readWebhook(source), notification, signal);
  } catch (error) {
    if (error instanceof WebhookError) return { kind: "again", why: error.message };
    const code = errorCode(error);
    if (isCertificateError(code)) return { kind: "again", why: `the webhook's certificate is not accepted (${code})` };
    const late = error instanceof Error && error.name === "TimeoutError";
    return {
      kind: "again",
      why: late ? "the webhook did not answer in time" : `the webhook cannot be reached (${code})`,
    };
  }
}

async function send(
  { url: target, headers: own, caFile, timeoutMs }: Webhook,
  notification: Notification,
  signal: AbortSignal,
): Promise<Sent> {
  const body = JSON.stringify(notification);
  const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await requestOnce(target, {
      method: "POST",
      headers: {
        "user-agent": "ceilometer-upgrade-operator",
        ...own,
        "content-type": "application/cloudevents+json; charset=utf-8",
        "content-length": String(Buffer.byteLength(body)),
      },
      body,
      ca,
      signal: AbortSignal.any([signal, late]),
    });
    response.destroy();
    return meaning(response.statusCode ?? 0, response.headers["retry-after"]);
  } catch (error) {
    throw late.aborted ? late.reason : error;
  }
}

/** Statuses that ask for another try, as far as HTTP and the CloudEvents web hooks say so. */
function meaning(status: number, retryAfter: string | undefined): Sent {
  if (status >= 200 && status < 300) return { kind: "done" };
  if (status >= 300 && status < 400)
    return {
      kind: "never",
      why: `the webhook sends elsewhere (${status}), which is not followed: correct its address`,
    };
  const why = `the webhook answered ${status}`;
  if (status >= 500 || status === 408 || status === 425 || status === 429) {
    const seconds = Number(retryAfter);
    return { kind: "again", why, ...(Number.isFinite(seconds) && seconds > 0 ? { afterMs: seconds * 1000 } : {}) };
  }
  // Credentials may be rotated a moment too late.
  if (status === 401 || status === 403) return { kind: "again", why: `${why}: it does not take these credentials` };
  return { kind: "never", why };
}
