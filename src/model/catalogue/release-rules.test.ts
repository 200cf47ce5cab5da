import { describe, expect, it } from "vitest";
import { z } from "zod";
import { RELEASE_RULES, releaseRuleSchema } from "./release-rules.ts";

describe("the table of release rules", () => {
  it("is valid", () => {
    expect(z.array(releaseRuleSchema).parse(RELEASE_RULES)).toEqual(RELEASE_RULES);
  });

  it("has each rule once, and each with a bound", () => {
    const ids = RELEASE_RULES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(RELEASE_RULES.filter((rule) => !("since" in rule) && !("until" in rule))).toEqual([]);
  });

  it.each([
    ["a release that does not exist", { since: "quebec" }],
    ["a last release that is a package version", { until: "11.1.0" }],
    ["a key that does not exist", { from: "pike" }],
    ["no source", { source: "" }],
  ])("takes no rule with %s", (_what, part) => {
    const rule = { id: "some-rule", source: "a file", meaning: "something", ...part };
    expect(releaseRuleSchema.safeParse(rule).success).toBe(false);
  });
});
