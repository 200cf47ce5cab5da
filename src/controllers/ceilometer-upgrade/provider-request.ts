/**
 * One GET to a provider: below its address, with its credentials, to nobody else and not for long. What goes wrong is told in
 * words of our own: neither a credential nor anything that the provider says is in them, as they go into a resource's status.
 */
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { ProviderQuestion } from "../../model/probe.ts";
import { errorCode, isCertificateError, type OneRequest, requestOnce } from "../../runtime/http-request.ts";
import type { Provider, ProviderCredentials } from "./providers.ts";

/** There is no answer with status 200. The message says why and what to do. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/** More than every document that holds one number for a gate. In bytes. */
const LARGEST_ANSWER = 256 * 1024;

/** Also with parameters behind a semicolon, as some servers cut them off before they resolve the path. */
const DOTS = /^\.{1,2}(;.*)?$/;

/** The text, and what servers and proxies may make of it by decoding it again and again. */
function decodings(path: string): readonly string[] {
  const all = [path];
  for (let text = path; ; ) {
    let next: string;
    try {
      next = decodeURIComponent(text);
    } catch {
      return all;
    }
    if (next === text) return all;
    all.push(next);
    text = next;
  }
}

/** Where a question goes. Refuses whatever could leave the address of the provider, on its way or at the server. */
export function targetOf(provider: Provider, question: ProviderQuestion): URL {
  if (question.kind === "prometheus") {
    return new URL(`${provider.url}/api/v1/query?${new URLSearchParams({ query: question.query }).toString()}`);
  }
  const outside = new NoAnswerError("the path leaves the provider's address: begin it with / and do without . and ..");
  if (!/^\/[^\s#]*$/.test(question.path)) throw outside;
  const [path = ""] = question.path.split("?");
  const steps = decodings(path).flatMap((text) => text.split(/[/\\]/));
  const target = URL.parse(provider.url + question.path);
  if (target === null || steps.some((step) => DOTS.test(step))) throw outside;
  const base = new URL(provider.url);
  const below = target.pathname.startsWith(base.pathname.endsWith("/") ? base.pathname : `${base.pathname}/`);
  if (target.origin !== base.origin || !below) throw outside;
  return target;
}

async function readSecret(field: string, path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new NoAnswerError(`the operator cannot read the provider's ${field} (${errorCode(error)})`);
  });
  // One line's end is the editor's and not the secret's.
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new NoAnswerError(`the provider's ${field} is empty`);
  return secret;
}

/** Read anew for each question, so that what was rotated is found. */
async function authorizationOf(credentials: ProviderCredentials): Promise<string | undefined> {
  switch (credentials.kind) {
    case "none":
      return undefined;
    case "bearer": {
      const token = await readSecret("bearerTokenFile", credentials.tokenFile);
      if (!/^[\x21-\x7e]+$/.test(token)) {
        throw new NoAnswerError("the provider's bearerTokenFile holds more than one token, or something else");
      }
      return `Bearer ${token}`;
    }
    case "basic": {
      const username = await readSecret("usernameFile", credentials.usernameFile);
      const password = await readSecret("passwordFile", credentials.passwordFile);
      if (username.includes(":"))
        throw new NoAnswerError("the provider's usernameFile holds a colon, which no user may have");
      return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    }
    default:
      return credentials satisfies never;
  }
}

function failureOf(error: unknown, timeoutMs: number, late: boolean): NoAnswerError {
  if (error instanceof NoAnswerError) return error;
  if (late) return new NoAnswerError(`the provider did not answer within ${timeoutMs / 1000} s`);
  const code = errorCode(error);
  if (isCertificateError(code)) {
    return new NoAnswerError(
      `the provider's certificate is not accepted (${code}): name the authority that signed it in caFile, and the host that it is for in url`,
    );
  }
  return new NoAnswerError(`the provider cannot be reached (${code})`);
}

function refusalOf(status: number): string {
  if (status >= 300 && status < 400) return "that it is to be asked elsewhere, which is not done: correct its url";
  if (status === 401 || status === 403) return "that these credentials may not ask this";
  if (status === 400 || status === 422) return "that it does not understand the question";
  return status === 404 ? "that nothing is at this path" : "without success";
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const body: AsyncIterable<Buffer> = response;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > LARGEST_ANSWER) throw new NoAnswerError("the answer is larger than 256 KiB: ask for less");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(
  target: URL,
  { authorization, ...how }: Pick<OneRequest, "ca" | "signal"> & { readonly authorization: string | undefined },
): Promise<IncomingMessage> {
  const headers = {
    accept: "application/json",
    "accept-encoding": "identity",
    "user-agent": "ceilometer-upgrade-operator",
    ...(authorization === undefined ? {} : { authorization }),
  };
  return requestOnce(target, { method: "GET", headers, ...how });
}

/** The body of an answer with status 200, or nothing of it where `body` is false. Rejects with a NoAnswerError only. */
export async function getText(
  provider: Provider,
  question: ProviderQuestion,
  { body, signal }: { readonly body: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const late = AbortSignal.timeout(provider.timeoutMs);
  try {
    const target = targetOf(provider, question);
    const authorization = await authorizationOf(provider.credentials);
    const ca = provider.caFile === undefined ? undefined : await readSecret("caFile", provider.caFile);
    const life = AbortSignal.any([signal, late]);
    const response = await send(target, { authorization, ca, signal: life });
    const status = response.statusCode ?? 0;
    try {
      if (status !== 200) throw new NoAnswerError(`the provider answered ${refusalOf(status)} (${status})`);
      return body ? await readText(response) : "";
    } finally {
      response.destroy();
    }
  } catch (error) {
    throw failureOf(error, provider.timeoutMs, late.aborted);
  }
}
