import fc from "fast-check";
import { expect, it } from "vitest";
import { publisherText } from "./publisher-text.ts";

it.each([
  ["gnocchi://", "gnocchi://"],
  ["gnocchi://?archive_policy=low", "gnocchi://"],
  ["http://metrics.example:8080/path?token=x", "http://metrics.example:8080"],
  ["udp://10.0.0.1:4952#x", "udp://10.0.0.1:4952"],
  ["kafka://user:password@host:9092?topic=x", "kafka://"],
  ["http://user:pass/word@host/", "http://"],
  ["notifier", "notifier://"],
])("%s is shown as %s", (url, shown) => {
  expect(publisherText(url)).toBe(shown);
});

it("never shows what stands before an @ or after the host", () => {
  const secret = fc.string({ minLength: 1 }).map((text) => `hunter2${text}`);
  fc.assert(
    fc.property(secret, fc.boolean(), (text, isPassword) => {
      expect(publisherText(isPassword ? `http://u:${text}@h/` : `http://h/?t=${text}`)).not.toContain("hunter2");
    }),
  );
});
