import { expect, it } from "vitest";
import { pollstersOf } from "./pollsters.ts";

// Entry points as counted in setup.cfg of each tag; the central ones without what the SNMP builder makes.
it.each([
  ["mitaka", 6, 53, 37, 12],
  ["pike", 9, 63, 49, 12],
  ["queens", 10, 69, 51, 12],
  ["stein", 12, 63, 34, 12],
  ["zed", 19, 53, 36, 12],
  ["2024.2", 23, 36, 34, 13],
  ["2025.1", 24, 20, 33, 13],
  ["2026.1", 26, 34, 36, 5],
])("%s has as many pollsters as its setup.cfg", (_name, major, central, compute, ipmi) => {
  const counts = ["central", "compute", "ipmi"].map(
    (namespace) => pollstersOf(namespace, major).filter((name) => !isSnmp(name)).length,
  );
  expect(counts).toEqual([central, compute, ipmi]);
});

it("knows what came and went", () => {
  const added = (namespace: string, from: number, to: number): readonly string[] =>
    pollstersOf(namespace, to).filter((name) => !pollstersOf(namespace, from).includes(name));
  expect(added("ipmi", 21, 22)).toEqual(["hardware.ipmi.power"]);
  expect(added("compute", 24, 25)).toEqual(["memory", "memory.available", "vcpus"]);
  expect(added("central", 13, 14)).toEqual([]);
  expect(pollstersOf("central", 18)).toContain("hardware.cpu.load.1min");
  expect(pollstersOf("central", 19)).not.toContain("hardware.cpu.load.1min");
});

function isSnmp(name: string): boolean {
  return name.startsWith("hardware.") && !name.startsWith("hardware.ipmi.");
}
