/** Where traces go, by OpenTelemetry's own environment variables; everything else of tracing is loaded only where they are set. */
import { z } from "zod";

export interface TracingTarget {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly caFile: string | undefined;
  readonly timeoutMs: number;
  readonly service: string;
}

/** A variable that cannot be understood: the message names it and not its value, which may be a credential. */
export class TracingError extends Error {
  override readonly name = "TracingError";
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Undefined where nobody asks for traces. @throws TracingError */
export function tracingTarget(env: Readonly<Record<string, string | undefined>>): TracingTarget | undefined {
  const given = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const own = (name: string): readonly [string, string | undefined] => {
    const traces = `OTEL_EXPORTER_OTLP_TRACES_${name}`;
    return given(traces) === undefined
      ? [`OTEL_EXPORTER_OTLP_${name}`, given(`OTEL_EXPORTER_OTLP_${name}`)]
      : [traces, given(traces)];
  };
  const [variable, endpoint] = own("ENDPOINT");
  if (endpoint === undefined || given("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return undefined;
  if (given("OTEL_TRACES_EXPORTER") === "none") return undefined;
  const [protocolVariable, protocol] = own("PROTOCOL");
  if (protocol !== undefined && protocol !== "http/json")
    throw new TracingError(
      `${protocolVariable} asks for a protocol that is not spoken; set http/json and an address for OTLP over HTTP`,
    );
  // The general address is completed, that of traces is taken as it is.
  const url = URL.parse(variable.includes("TRACES") ? endpoint : `${endpoint.replace(/\/+$/, "")}/v1/traces`);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new TracingError(`${variable} is no address of http or https; OTLP over HTTP is mostly at port 4318`);
  const [timeoutVariable, timeout] = own("TIMEOUT");
  const timeoutMs =
    timeout === undefined ? DEFAULT_TIMEOUT_MS : z.coerce.number().int().min(1).max(60_000).safeParse(timeout).data;
  if (timeoutMs === undefined) throw new TracingError(`${timeoutVariable} is no number of milliseconds up to 60000`);
  return {
    url,
    headers: headersOf(...own("HEADERS")),
    caFile: own("CERTIFICATE")[1],
    timeoutMs,
    service: given("OTEL_SERVICE_NAME") ?? "ceilometer-upgrade-operator",
  };
}

/** `name=value,name=value`, both percent-encoded. */
function headersOf(variable: string, text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  try {
    const pairs = text.split(",").map((pair) => {
      const [name = "", ...value] = pair.split("=");
      const header = decodeURIComponent(value.join("=").trim());
      if (!/^[\w-]+$/.test(name.trim()) || !/^[\x20-\x7e]*$/.test(header)) throw new TracingError(variable);
      return [name.trim(), header] as const;
    });
    return Object.fromEntries(pairs);
  } catch (error) {
    throw new TracingError(`${variable} is no list of name=value, percent-encoded and with commas between`, {
      cause: error,
    });
  }
}
