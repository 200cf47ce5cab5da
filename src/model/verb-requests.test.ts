/** Verbs by annotation: what is understood, and what is told instead of guessed. */
import { expect, test } from "vitest";
import { aMeta } from "../../test/support/builders.ts";
import { VERB } from "../api/v1alpha1/names.ts";
import { readRequests, stillAsked, withoutVerbs } from "./verb-requests.ts";

const read = (annotations: Readonly<Record<string, string>>) => readRequests(aMeta("ceilometer", { annotations }));

test("without annotations nothing is asked", () => {
  expect(read({})).toMatchObject({ pause: false, abort: false, approved: [], skipped: [], asked: {}, invalid: [] });
});

test("every verb in its form", () => {
  const risk = { check: "DefinitionRemoved", object: "o", reason: "r", expiresAt: "2030-01-01T00:00:00Z" };
  const skip = { name: "quiet", planHash: "0123456789abcdef", reason: "why not" };
  const requests = read({
    [VERB.pause]: "true",
    [VERB.resume]: " true ",
    [VERB.abort]: "true",
    [VERB.rollback]: "true",
    [VERB.retry]: "true",
    [VERB.approve]: "polling@0123456789abcdef, api@01234567",
    [VERB.acceptRisk]: JSON.stringify([risk]),
    [VERB.skipGate]: JSON.stringify([skip]),
  });
  expect(requests).toMatchObject({ pause: true, resume: true, abort: true, rollback: true, retry: true, invalid: [] });
  expect(requests.approved).toEqual([
    { before: "polling", planHash: "0123456789abcdef" },
    { before: "api", planHash: "01234567" },
  ]);
  expect(requests.acceptedRisks).toEqual([risk]);
  expect(requests.skipped).toEqual([skip]);
  expect(Object.keys(requests.asked)).toHaveLength(8);
});

test.each([
  ["abort", "yes"],
  ["retry", "1"],
  ["approve", "polling"],
  ["approve", "everything@0123456789abcdef"],
  ["approve", "polling@0123456789abcdef,api"],
  ["skipGate", '{"name":"quiet"}'],
  ["skipGate", "[1]"],
  ["acceptRisk", "not JSON"],
  ["acceptRisk", '[{"check":"DatabaseUpgradeFailed","object":"o","reason":"r","expiresAt":"2030-01-01T00:00:00Z"}]'],
  ["skipGate", `[${'"x",'.repeat(10_000)}"x"]`],
] as const)("%s: %j changes nothing, and is told", (verb, text) => {
  const { asked, invalid, abort, retry, approved, skipped, acceptedRisks } = read({ [VERB[verb]]: text });
  expect({ asked, abort, retry, approved, skipped, acceptedRisks }).toEqual({
    asked: {},
    abort: false,
    retry: false,
    approved: [],
    skipped: [],
    acceptedRisks: [],
  });
  expect(invalid).toMatchObject([
    { reason: "RequestInvalid", object: "CeilometerUpgrade/ceilometer", severity: "Warning" },
  ]);
});

test("what was taken over is removed as long as it is there as it was", () => {
  const annotations = { [VERB.retry]: "true", [VERB.approve]: "api@0123456789" };
  expect(stillAsked({ retry: "true", approve: "polling@0123456789" }, annotations)).toEqual(["retry"]);
  expect(withoutVerbs(["retry", "skipGate"])).toEqual({ [VERB.retry]: null, [VERB.skipGate]: null });
});

test.each(["2027-01-31", "2027-01-31T00:00", "2027-02-30T00:00:00Z", "tomorrow"])(
  "%s is no time until which a risk can be accepted: no status could say it, and the field is named with an example",
  (expiresAt) => {
    const risk = { check: "DefinitionRemoved", object: "o", reason: "r", expiresAt };
    const { acceptedRisks, invalid } = read({ [VERB.acceptRisk]: JSON.stringify([risk]) });
    expect(acceptedRisks).toEqual([]);
    expect(invalid[0]?.message).toMatch(/0\.expiresAt: .*2027-01-31T00:00:00Z/);
  },
);
