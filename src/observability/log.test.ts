import { expect, test } from "vitest";
import { redactText } from "./log.ts";

test("a password in a URL never reaches a line of the log", () => {
  const line = '{"msg":"cannot reach redis://user:hunter2@broker:6379/0 nor mysql+pymysql://u:p@ss@db"}';
  const shown = redactText(line);
  expect(shown).not.toContain("hunter2");
  expect(shown).toContain("redis://[redacted]@broker:6379/0");
  expect(shown).toContain("mysql+pymysql://[redacted]@db");
});

test("a URL without credentials, and an image, stay as they are", () => {
  const line = "http://broker:15672/api/queues and quay.io/example/ceilometer:2025.2@sha256:00";
  expect(redactText(line)).toBe(line);
});
