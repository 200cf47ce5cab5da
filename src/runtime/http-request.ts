/** One HTTP request on a connection for itself, to somebody of the operator's configuration: no redirect, no proxy, no retry. */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";

export interface OneRequest {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The authorities that the certificate is checked against, as PEM. Default: those that Node brings. */
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
}

class UnansweredError extends Error {
  readonly code = "NO_ANSWER";
}

/** Resolves with the headers of the answer; the caller reads or destroys its body. Rejects with what Node says. */
export function requestOnce(target: URL, { ca, body, ...options }: OneRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Such requests are rare, and a rotated authority must count from the next one on.
    const own = { ...options, agent: false } as const;
    const sent =
      target.protocol === "https:"
        ? https.request(target, { ...own, ...(ca === undefined ? {} : { ca }) })
        : http.request(target, own);
    sent.once("response", resolve);
    // Stays for good: an error after the response would otherwise be an uncaught one.
    sent.on("error", reject);
    // Of an answer that goes over to another protocol (101) Node tells nothing else, and what is aborted later tells nothing, either.
    sent.once("close", () => reject(new UnansweredError("closed without an answer")));
    sent.end(body);
  });
}

/** Node's and OpenSSL's names of what went wrong; their messages may quote what was sent. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? code : "no code";
}

export const isCertificateError = (code: string): boolean => /CERT|SELF_SIGNED|ISSUER|UNABLE_TO_VERIFY|CRL/.test(code);
