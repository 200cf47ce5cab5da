import { expect, test } from "vitest";
import type { AcceptedRisk } from "../api/v1alpha1/schema.ts";
import type { Violation } from "../model/outcome.ts";
import { acceptedRisk, answeredPlugins } from "./accepted-risk.ts";

const NOW = Date.UTC(2026, 0, 1);
const word = (object: string, more: Partial<AcceptedRisk> = {}): AcceptedRisk => ({
  check: "PluginUnknown",
  object,
  reason: "our image brings it",
  expiresAt: "2026-01-01T00:00:01Z",
  ...more,
});
const words = (acceptedRisks?: AcceptedRisk[]) => ({ upgrade: { spec: { acceptedRisks } }, now: NOW });
const finding = (object: string, reason = "PluginUnknown", message = ""): Violation => ({
  gate: "Configuration",
  object,
  reason,
  message,
  remedy: "",
  severity: "Error",
});

test("a word covers one check of one object, until it expires", () => {
  const ours = word("Publisher/acme");
  const covers = (risks?: AcceptedRisk[]) => acceptedRisk(words(risks), "PluginUnknown", "Publisher/acme");
  expect(covers([word("Publisher/other"), ours])).toBe(ours);
  expect(covers([word("Publisher/other")])).toBeUndefined();
  expect(covers([word("Publisher/acme", { check: "DefinitionUnknown" })])).toBeUndefined();
  expect(covers([word("Publisher/acme", { expiresAt: "2026-01-01T00:00:00Z" })])).toBeUndefined();
  expect(covers([word("Publisher/acme", { expiresAt: "some day" })])).toBeUndefined();
  expect(covers()).toBeUndefined();
});

test("a plugin that somebody answers for holds nothing, and the word goes into the history once", () => {
  const acme = word("Publisher/acme");
  const twice = [
    finding("Publisher/acme", "PluginUnknown", "here"),
    finding("Publisher/acme", "PluginUnknown", "there"),
  ];
  const other = finding("Transformer/own");
  expect(answeredPlugins(words([acme, word("Publisher/unused")]), [...twice, other])).toEqual({
    findings: [other],
    accepted: [acme],
  });
});

test("a word on a plugin covers no other finding of an object of that name", () => {
  const invalid = finding("Publisher/acme", "ConfigurationInvalid");
  expect(answeredPlugins(words([word("Publisher/acme")]), [invalid])).toEqual({ findings: [invalid], accepted: [] });
});
