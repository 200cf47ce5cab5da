import { expect, test } from "vitest";
import { TracingError, tracingTarget } from "./tracing-target.ts";

test("nobody asks, or asks for none: no traces", () => {
  expect(tracingTarget({})).toBeUndefined();
  expect(tracingTarget({ OTEL_EXPORTER_OTLP_ENDPOINT: "" })).toBeUndefined();
  expect(tracingTarget({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_SDK_DISABLED: "True" })).toBeUndefined();
  expect(tracingTarget({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
});

test("the general address is completed, that of traces is taken as it is and wins", () => {
  const general = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/", OTEL_EXPORTER_OTLP_TIMEOUT: "500" };
  expect(tracingTarget(general)).toEqual({
    url: new URL("http://c:4318/v1/traces"),
    headers: {},
    caFile: undefined,
    timeoutMs: 500,
    service: "ceilometer-upgrade-operator",
  });
  expect(
    tracingTarget({
      ...general,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces/x",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a%3D,b = c",
      OTEL_EXPORTER_OTLP_CERTIFICATE: "/ca.crt",
      OTEL_SERVICE_NAME: "s",
    }),
  ).toMatchObject({
    url: new URL("https://traces/x"),
    headers: { authorization: "Bearer a=", b: "c" },
    caFile: "/ca.crt",
    service: "s",
  });
});

test.each([
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"],
  ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2%"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a b=hunter2"],
])("%s=%s is refused by its name and without its value", (name, value) => {
  const read = () => tracingTarget({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", [name]: value });
  expect(read).toThrow(TracingError);
  expect(read).toThrow(name);
  expect(read).not.toThrow("hunter2");
});
