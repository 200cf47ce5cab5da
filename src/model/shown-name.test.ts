import { expect, it } from "vitest";
import { shownName } from "./shown-name.ts";

it.each([
  ["disk.device.read.bytes", "disk.device.read.bytes"],
  ["meter_source:meter-sink", "meter_source:meter-sink"],
  ["user:pass@host\n\u001b[31m", "user:pass?host???31m"],
  ["x".repeat(100), `${"x".repeat(64)}…`],
])("shows %j as %j", (name, shown) => {
  expect(shownName(name)).toBe(shown);
});
