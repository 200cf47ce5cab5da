import { describe, expect, test } from "vitest";
import { anUpgrade, aWorld, NOW } from "../../test/support/builders.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import type { ProbeResult } from "../model/probe.ts";
import { queuesEmpty } from "./queues-empty.ts";

type Drain = NonNullable<NonNullable<SpecInput["components"]["notification"]>["drain"]>;
const WHY = ["the internal queues become fewer"];

function ask(
  drain: Drain | undefined,
  probes: Readonly<Record<string, ProbeResult>> = {},
  plan = "plan-1",
  since: readonly string[] = ["2026-01-01T00:00:00Z"],
) {
  const targets = [{ kind: "Deployment" as const, name: "notification" }];
  const notification = { targets, ...(drain === undefined ? {} : { drain }) };
  const upgrade = anUpgrade({ components: { database: { action: "Skip" }, notification } });
  return queuesEmpty(aWorld({ upgrade, probes }), plan, WHY, since);
}

describe("a person's word", () => {
  test("counts for the plan that it is given for, and for no other", () => {
    expect(ask({ acknowledged: "plan-1" }).kind).toBe("pass");
    expect(ask({ acknowledged: "plan-0" }).kind).toBe("no");
  });

  test("is asked for by name of the plan", () => {
    const answer = ask(undefined);
    expect(answer).toMatchObject({ kind: "no", violation: { reason: "DrainNotConfirmed" } });
    expect(answer.kind === "no" && answer.violation.remedy).toContain('"plan-1"');
    expect(answer.kind === "no" && answer.violation.message).toContain("become fewer");
  });
});

describe("a gate", () => {
  const http: Drain = { gate: { http: { provider: "broker", path: "/api/queues", pointer: "/0/messages", max: "0" } } };
  const question = (plan?: string, since?: readonly string[]): string => {
    const answer = ask(http, {}, plan, since);
    return answer.kind === "ask" ? (answer.probes[0]?.id ?? "") : "";
  };
  const says = (verdict: ProbeResult["verdict"]) => ask(http, { [question()]: { at: NOW, verdict, reason: "so" } });

  test("is asked, with its bounds", () => {
    expect(ask(http)).toMatchObject({ kind: "ask", probes: [{ kind: "provider", provider: "broker", max: "0" }] });
  });

  test("passes by its pass alone", () => {
    expect(says("pass")).toMatchObject({ kind: "pass", reason: "so" });
    expect(says("fail").kind).toBe("ask");
    expect(says("inconclusive").kind).toBe("ask");
  });

  test("asks anew for another plan", () => {
    expect(question("plan-2")).not.toBe(question("plan-1"));
  });

  test("asks anew when the intake went off again, as something came in between", () => {
    expect(question("plan-1", ["2026-01-01T00:05:00Z"])).not.toBe(question("plan-1"));
  });

  test("by Prometheus asks the query", () => {
    const answer = ask({ gate: { prometheus: { provider: "monitoring", query: "sum(x)", max: "0" } } });
    expect(answer).toMatchObject({ kind: "ask", probes: [{ question: { kind: "prometheus", query: "sum(x)" } }] });
  });

  // Admission refuses these; a resource may have been stored before it did.
  test.each<[what: string, gate: NonNullable<Drain["gate"]>]>([
    ["a number without a bound", { http: { provider: "broker", path: "/", pointer: "/0/messages" } }],
    [
      "a number with a lower bound alone",
      { http: { provider: "broker", path: "/", pointer: "/0/messages", min: "0" } },
    ],
    ["an answer alone", { http: { provider: "broker", path: "/" } }],
    ["a bound of nothing", { http: { provider: "broker", path: "/", max: "0" } }],
    ["a query with a lower bound alone", { prometheus: { provider: "monitoring", query: "sum(x)", min: "0" } }],
  ])("by %s says nothing of queues: a person is asked", (_, gate) => {
    const answer = ask({ gate });
    expect(answer).toMatchObject({ kind: "no", violation: { reason: "DrainNotConfirmed" } });
    expect(answer.kind === "no" && answer.violation.message).toContain("needs a max");
    expect(ask({ gate, acknowledged: "plan-1" }).kind).toBe("pass");
  });
});
