import { describe, expect, it } from "vitest";
import { RELEASES } from "../api/v1alpha1/releases.ts";
import { removedOptionSchema } from "./catalogue/removed-option.ts";
import { parseRelease } from "./release.ts";
import { REMOVED_OPTIONS, removedOptions } from "./removed-options.ts";

const names = (release: string): readonly string[] => {
  const parsed = parseRelease(release);
  if (parsed === undefined) throw new Error(release);
  return removedOptions(parsed).map(({ section, name }) => `[${section}] ${name}`);
};

describe("the table of removed options", () => {
  it.each(REMOVED_OPTIONS)("[$section] $name is well formed", (option) => {
    expect(removedOptionSchema.parse(option)).toEqual(option);
    const order = RELEASES.map(([name]) => name);
    if (option.back !== undefined) expect(order.indexOf(option.back)).toBeGreaterThan(order.indexOf(option.removed));
    expect(option.remedy).not.toMatch(/\.$/);
    // A release note is named by its file, which ends in 16 hexadecimal digits.
    expect(option.source).toMatch(/-[0-9a-f]{16}\b|^\d+\.0\.0, [a-z]+\.py \(/);
  });

  it("has each option once", () => {
    const all = REMOVED_OPTIONS.map(({ section, name }) => `[${section}] ${name}`);
    expect(new Set(all).size).toBe(all.length);
  });

  it.each([
    ["[notification] workload_partitioning", "rocky", "stein"],
    ["[notification] pipeline_processing_queues", "rocky", "stein"],
    ["[DEFAULT] refresh_pipeline_cfg", "ocata", "pike"],
    ["[DEFAULT] batch_polled_samples", "rocky", "stein"],
    ["[compute] workload_partitioning", "pike", "queens"],
    ["[coordination] check_watchers", "yoga", "zed"],
    ["[polling] tenant_name_discovery", "2024.2", "2025.1"],
    ["[meter] meter_definitions_cfg_file", "rocky", "stein"],
    ["[publisher] metering_secret", "2026.1", "2026.2"],
    ["[dispatcher_gnocchi] resources_definition_file", "queens", "rocky"],
  ])("%s is read by %s and not by %s", (option, reads, doesNot) => {
    expect(names(reads)).not.toContain(option);
    expect(names(doesNot)).toContain(option);
  });

  it("is empty for Liberty, the oldest", () => {
    expect(names("liberty")).toEqual([]);
  });
});
