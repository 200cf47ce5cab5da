import { expect, it } from "vitest";
import { shownDefinition, shownName } from "./shown-name.ts";

it.each([
  ["disk.device.read.bytes", "disk.device.read.bytes"],
  ["meter_source:meter-sink", "meter_source:meter-sink"],
  ["user:pass@host\n\u001b[31m", "user:pass?host???31m"],
  ["x".repeat(100), `${"x".repeat(64)}…`],
])("shows %j as %j", (name, shown) => {
  expect(shownName(name)).toBe(shown);
});

it("what stands in a definition keeps the letters of patterns and paths", () => {
  expect(shownDefinition("compute.instance.*")).toBe("compute.instance.*");
  expect(shownDefinition("$.payload.(a|b)[0]")).toBe("$.payload.(a|b)[0]");
  expect(shownDefinition("a\n\u0007`<é\u202e")).toBe("a??????");
  expect(shownDefinition("x".repeat(500))).toHaveLength(129);
});
