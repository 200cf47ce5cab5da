import { describe, expect, it } from "vitest";
import { parseRelease, type Release } from "../model/release.ts";
import { configurationProblems } from "./configuration.ts";

const release = (name: string): Release => {
  const parsed = parseRelease(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};
const object = "ConfigMap/ceilometer-etc";
const pipeline = { object, key: "pipeline.yaml", text: "sources: []\nsinks: []" };
const eventPipeline = { ...pipeline, key: "event_pipeline.yaml" };
const polling = { object, key: "polling.yaml", text: "sources: [{name: a, interval: 300, meters: ['*']}]" };

describe("configuration", () => {
  it("has nothing to say of valid files, or of none", () => {
    expect(configurationProblems({ release: release("2025.1") })).toEqual([]);
    expect(configurationProblems({ pipeline, eventPipeline, polling, release: release("2025.1") })).toEqual([]);
  });

  it("tells the problems of all files at once, with file, line, place and rule", () => {
    const violations = configurationProblems({
      pipeline: { ...pipeline, text: "sources:\n  - name: a\n    meters: ['*', cpu]\n    sinks: []\nsinks: []" },
      eventPipeline: { ...eventPipeline, text: undefined },
      polling: { ...polling, text: "sources: [" },
      release: release("2025.1"),
    });
    expect(violations.map(({ reason, message, severity }) => `${severity} ${reason} ${message}`)).toEqual([
      "Error ConfigurationInvalid pipeline.yaml, line 3, sources[0].meters: Included meters specified with wildcard",
      "Error ConfigurationInvalid pipeline.yaml, line 4, sources[0].sinks: No sink defined in source a",
      "Error ConfigurationMissing it has no key event_pipeline.yaml; without it the agents use the default that their image carries",
      "Error ConfigurationInvalid polling.yaml, line 1: the indentation is wrong, or a bracket is not closed",
    ]);
    for (const violation of violations) {
      expect(violation.gate).toBe("Configuration");
      expect(violation.object).toBe(object);
      expect(violation.remedy).not.toBe("");
    }
  });

  it("reads each file as the target release does", () => {
    const text = "sources: [{name: a, meters: ['*'], sinks: [b]}]\nsinks: [{name: b, publishers: [direct]}]";
    const at = (name: string) => configurationProblems({ pipeline: { ...pipeline, text }, release: release(name) });
    expect(at("pike")).toEqual([]);
    expect(at("queens").map(({ severity }) => severity)).toEqual(["Error"]);
  });

  it("names a plugin that is not Ceilometer's own, with the word that answers for it", () => {
    const text = "sources: [{name: a, meters: ['*'], sinks: [b]}]\nsinks: [{name: b, publishers: [acme]}]";
    const [found, ...others] = configurationProblems({ pipeline: { ...pipeline, text }, release: release("2025.1") });
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      object: "Publisher/acme",
      reason: "PluginUnknown",
      message:
        "ConfigMap/ceilometer-etc, pipeline.yaml, line 2, sinks[0].publishers[0]: Unable to load publisher acme://: 2025.1 has no such publisher for meters",
      severity: "Error",
    });
    expect(found?.remedy).toMatch(
      /^use one of .*spec.acceptedRisks with check PluginUnknown and object Publisher\/acme$/,
    );
  });

  it("passes warnings on as warnings", () => {
    const text = "sources: []\nsinks: [{name: b, publishers: [gnocchi]}]";
    const violations = configurationProblems({ pipeline: { ...pipeline, text }, release: release("2025.1") });
    expect(violations.map(({ severity }) => severity)).toEqual(["Warning"]);
  });

  it("says that Newton does not read polling.yaml, whatever is in it", () => {
    const violations = configurationProblems({ polling: { ...polling, text: "[" }, release: release("newton") });
    expect(violations.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      "Warning polling.yaml: newton does not read polling.yaml, its polling agents read pipeline.yaml",
    ]);
  });
});
