import { describe, expect, test } from "vitest";
import { growth } from "../../test/support/growth.ts";
import { failureFromResponse, failureFromStatus, isTestFailed } from "./errors.ts";

const body = (value: unknown): Buffer => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

describe("kinds", () => {
  test.each([
    [400, "BadRequest", "invalid"],
    [401, "Unauthorized", "unauthorized"],
    [403, "Forbidden", "forbidden"],
    [404, "NotFound", "notFound"],
    [405, "MethodNotAllowed", "other"],
    [409, "Conflict", "conflict"],
    [409, "AlreadyExists", "alreadyExists"],
    [410, "Expired", "gone"],
    [413, "RequestEntityTooLarge", "invalid"],
    [422, "Invalid", "invalid"],
    [429, "TooManyRequests", "throttled"],
    [500, "InternalError", "unavailable"],
    [503, "ServiceUnavailable", "unavailable"],
    [504, "Timeout", "unavailable"],
  ])("%i %s is %s", (code, reason, kind) => {
    expect(failureFromResponse(code, body({ reason, message: "why" }), undefined)).toEqual({
      kind,
      code,
      reason,
      message: "why",
    });
  });
});

test("a proxy's plain text is the message", () => {
  expect(failureFromResponse(502, body("bad gateway\n"), undefined)).toMatchObject({
    kind: "unavailable",
    message: "bad gateway",
  });
});

test("an empty body still makes a message", () => {
  expect(failureFromResponse(503, body(""), undefined).message).toBe("the API server answered 503");
});

test("Retry-After is in seconds, in the header or the body; a date is ignored", () => {
  expect(failureFromResponse(429, body({}), "2").retryAfterMs).toBe(2_000);
  expect(failureFromResponse(429, body({ details: { retryAfterSeconds: 3 } }), undefined).retryAfterMs).toBe(3_000);
  expect(failureFromResponse(429, body({}), "86400").retryAfterMs).toBe(60_000);
  expect(failureFromResponse(429, body({ details: { retryAfterSeconds: 1e12 } }), undefined).retryAfterMs).toBe(60_000);
  expect(failureFromResponse(429, body({}), "Wed, 21 Oct 2026 07:28:00 GMT").retryAfterMs).toBeUndefined();
});

test("a version from the future needs a new list, though it is reported as a time-out", () => {
  const status = { code: 504, reason: "Timeout", message: "Timeout: Too large resource version: 900, current: 100" };
  expect(failureFromStatus(status, 200).kind).toBe("gone");
});

describe("a test of a patch that did not hold", () => {
  const refused = (message: string): boolean => isTestFailed(failureFromResponse(422, body({ message }), undefined));

  test.each([
    ["the server rejected our request due to an error in our request", true],
    ["testing value /spec/replicas failed: test failed", true],
    ["first line\nTest of /a: not equal", true],
    ["jsonpatch remove operation does not apply: unable to remove nonexistent key", true],
    ["test\nfailed", false],
    ["failed before any test of it", false],
    ['Job.batch "a" is invalid: spec.template: Invalid value: "test has failed"', false],
  ])("%j: %s", (message, wanted) => {
    expect(refused(message)).toBe(wanted);
  });

  test("is told from a value that is quoted in as long as that is", () => {
    const quoting = (times: number): string => `spec: Invalid value: ${"test ".repeat(times)}`;
    expect(refused(quoting(12_000))).toBe(false);
    expect(growth({ from: 1500, times: 8 }, quoting, refused)).toBeLessThan(24);
  });
});
