/** Somebody to whom the operator sends its traces: OTLP over HTTP in JSON. */
import { createServer } from "node:http";
import { z } from "zod";

const spanSchema = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
});
export type CollectedSpan = z.infer<typeof spanSchema>;
const request = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })) })),
});

export interface TraceCollector extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly spans: readonly CollectedSpan[];
  /** What was sent, as it was sent. */
  readonly bodies: readonly string[];
}

export async function startTraceCollector(): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  const server = createServer((incoming, response) => {
    let body = "";
    incoming.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    incoming.on("end", () => {
      bodies.push(body);
      const parsed = incoming.url === "/v1/traces" ? request.safeParse(JSON.parse(body)).data : undefined;
      spans.push(...(parsed?.resourceSpans ?? []).flatMap((each) => each.scopeSpans.flatMap((scope) => scope.spans)));
      response.writeHead(parsed === undefined ? 400 : 200).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    endpoint: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    spans,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
