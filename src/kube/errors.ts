export type KubeFailureKind =
  | "notFound"
  /** The object is no longer at the version that was named. */
  | "conflict"
  | "alreadyExists"
  | "forbidden"
  | "unauthorized"
  /** The request itself was refused, by validation (422), as malformed (400) or as too large (413): repeating it cannot help. */
  | "invalid"
  /** The version or continue token is too old to be served: list again. */
  | "gone"
  | "throttled"
  /** The server answered 5xx, or could not be reached so that nothing was sent. */
  | "unavailable"
  /** The connection broke or timed out after sending: whether the request took effect is unknown. */
  | "lost"
  | "other";

export interface KubeFailure {
  readonly kind: KubeFailureKind;
  /** HTTP status; 0 when there was no answer. */
  readonly code: number;
  /** `reason` of the Status object, or one of ours: Garbled, TooLarge, Aborted, Timeout, ConnectionFailed. */
  readonly reason: string;
  readonly message: string;
  /** How long the server asks to wait, a minute at most. */
  readonly retryAfterMs?: number;
}

/** What every call of the client throws. */
export class KubeApiError extends Error {
  override readonly name = "KubeApiError";
  readonly failure: KubeFailure;

  constructor(failure: KubeFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }

  /** The answer cannot be read, so what it said is unknown. */
  static garbled(message: string, cause?: unknown): KubeApiError {
    return new KubeApiError({ kind: "other", code: 0, reason: "Garbled", message }, { cause });
  }

  /** The answer is longer than is read. */
  static tooLarge(bytes: number): KubeApiError {
    const message = `the API server's answer has more than ${bytes} bytes`;
    return new KubeApiError({ kind: "other", code: 0, reason: "TooLarge", message });
  }
}

/** The failure behind a thrown value, if it came from the client. */
export function failureOf(error: unknown): KubeFailure | undefined {
  return error instanceof KubeApiError ? error.failure : undefined;
}

const TEST_FAILED =
  /rejected our request due to an error in our request|unable to (remove|find|test)|does not exist|missing (value|path)/i;
/** `Deployment.apps "a" is invalid: …`; it quotes the values that it does not like, whatever is in them. */
const VALIDATION = /^\S+ "[^"]*" is invalid: /;

/** Whether a `test` of a JSON Patch did not hold, which is answered as an error of the request like a validation that failed. */
export const isTestFailed = ({ kind, message }: KubeFailure): boolean =>
  kind === "invalid" && (TEST_FAILED.test(message) || saysFailed(message)) && !VALIDATION.test(message);

/** `testing value /spec failed`, in one line. Not as one expression, which would look on from each `test` of a value that is quoted. */
const saysFailed = (message: string): boolean =>
  message.split("\n").some((line) => {
    const at = line.search(/test(ing)? /i);
    return at >= 0 && /failed|not equal/i.test(line.slice(at));
  });

function kindOf(code: number, reason: string): KubeFailureKind {
  switch (code) {
    case 400:
    case 413:
    case 422:
      return "invalid";
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "notFound";
    case 409:
      return reason === "AlreadyExists" ? "alreadyExists" : "conflict";
    case 410:
      return "gone";
    case 429:
      return "throttled";
    default:
      return code >= 500 ? "unavailable" : "other";
  }
}

/** Reads a Status object, which is an error's body as well as the object of a watch's ERROR event. `code` stands in when it names none. */
export function failureFromStatus(status: unknown, code: number): KubeFailure {
  const { reason, message, details, code: ownCode } = fieldsOf(status);
  const httpCode = typeof ownCode === "number" && ownCode > 0 ? ownCode : code;
  const why = typeof reason === "string" ? reason : "";
  const text = typeof message === "string" && message !== "" ? message : `the API server answered ${httpCode}`;
  const seconds = fieldsOf(details)["retryAfterSeconds"];
  const failure = { kind: kindOf(httpCode, why), code: httpCode, reason: why, message: text };
  // Rollback of etcd: our version lies in the future. Reported as a time-out (504), but waiting does not mend it.
  if (/too large resource version/i.test(text)) return { ...failure, kind: "gone" };
  return typeof seconds === "number" && seconds > 0 ? { ...failure, ...waitOf(seconds) } : failure;
}

/**
 * Whoever is told to wait for hours, by a proxy in between that has its own mind, would be blind for hours; and what is longer than a
 * timer can be fires at once. Milliseconds.
 */
const LONGEST_WAIT = 60_000;
const waitOf = (seconds: number): { readonly retryAfterMs: number } => ({
  retryAfterMs: Math.min(seconds * 1000, LONGEST_WAIT),
});

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Failure of an HTTP answer. Proxies in between answer in plain text, so the body need not be JSON. */
export function failureFromResponse(code: number, body: Buffer, retryAfter: string | undefined): KubeFailure {
  const text = body.subarray(0, 64 * 1024).toString("utf8");
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch {
    status = { message: text.slice(0, 500).trim() };
  }
  const failure = failureFromStatus(status, code);
  const seconds = Number(retryAfter);
  if (retryAfter === undefined || !Number.isFinite(seconds) || seconds <= 0) return failure;
  return { ...failure, ...waitOf(seconds) };
}
