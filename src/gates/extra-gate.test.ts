/** Extra gates: what each kind asks, that every answer counts once only, and that no answer is no pass. */
import { expect, test } from "vitest";
import { aDeployment, anAgent, anUpgrade, aPod, aRecord, aWorld } from "../../test/support/builders.ts";
import type { ExtraGate } from "../api/v1alpha1/schema.ts";
import type { ProbeResult } from "../model/probe.ts";
import { askGate, extraGateProblems, placeOf } from "./extra-gate.ts";

const target = { name: "2025.2", major: 25 };
const query = { provider: "monitoring", query: "up", max: "1" };
const quiet: ExtraGate = { name: "quiet", before: "polling", prometheus: query, timeoutSeconds: 600 };
const looks: ExtraGate = { name: "looks", after: "polling", podLog: {}, timeoutSeconds: 600 };
const since = "2026-01-01T00:00:00Z";
const record = aRecord({ gates: { quiet: { since, retry: 0 }, looks: { since, retry: 0 } } });
const probes = (id: string, verdict: ProbeResult["verdict"]) =>
  new Map([[id, { at: 0, verdict, reason: `it is ${verdict}` }]]);

function idOf(gate: ExtraGate, of = record, world = aWorld({})): string {
  const answer = askGate(world, of, gate, [], target);
  return answer.kind === "no" ? (answer.probes[0]?.id ?? "") : "";
}

test("where it stands", () => {
  expect(placeOf(quiet)).toEqual({ at: "before", component: "polling" });
  expect(placeOf({ ...looks, after: "database" })).toEqual({ at: "after", component: "database" });
});

test("a query is asked of its provider within its bounds, and passes by nothing but a pass", () => {
  const world = aWorld({});
  const open = askGate(world, record, quiet, [], target);
  expect(open).toMatchObject({
    kind: "no",
    object: "Provider/monitoring",
    reason: "no answer yet",
    probes: [{ kind: "provider", provider: "monitoring", max: "1", question: { kind: "prometheus", query: "up" } }],
  });
  const id = idOf(quiet);
  for (const verdict of ["fail", "inconclusive"] as const) {
    expect(askGate({ ...world, probes: probes(id, verdict) }, record, quiet, [], target)).toMatchObject({
      kind: "no",
      reason: `it is ${verdict}`,
    });
  }
  expect(askGate({ ...world, probes: probes(id, "pass") }, record, quiet, [], target).kind).toBe("pass");
});

test("its question is another one for another plan, gate, retry, start, or after a standstill", () => {
  const ids = [
    idOf(quiet),
    idOf(quiet, aRecord({ ...record, plan: "plan-2" })),
    idOf({ ...quiet, prometheus: { ...query, max: "2" } }),
    idOf(quiet, record, aWorld({ upgrade: anUpgrade({ retryAttempt: 1 }) })),
    idOf(quiet, aRecord({ gates: { quiet: { since: "2026-01-01T01:00:00Z", retry: 0 } } })),
    idOf(quiet, aRecord({ gates: record.gates, clock: [{ from: since, to: since }] })),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});

test("every ready pod is asked, and each must pass", () => {
  const workload = aDeployment({ name: "central", component: "polling" });
  const pods = ["a", "b", "c"].map((name) => aPod(workload, { name, ready: name !== "c" }));
  const agent = anAgent(workload, { component: "polling", pods });
  const asked = askGate(aWorld({ pods }), record, looks, [agent], target);
  expect(asked.kind === "no" && asked.probes.map((probe) => "pod" in probe && probe.pod)).toEqual(["a", "b"]);
  const [first] = asked.kind === "no" ? asked.probes : [];
  const half = askGate(
    { ...aWorld({ pods }), probes: probes(first?.id ?? "", "pass") },
    record,
    looks,
    [agent],
    target,
  );
  expect(half).toMatchObject({ kind: "no", object: "Pod/b" });
  const none = anAgent(workload, { component: "polling" });
  expect(askGate(aWorld({}), record, looks, [none], target)).toMatchObject({ kind: "no", probes: [] });
});

test("before a component its old agents are asked, in the words of the release that they run", () => {
  const finished = (place: Pick<ExtraGate, "before" | "after">, image: string) => {
    const containers = [{ name: "agent", image: `registry.example/ceilometer:${image}` }];
    const workload = aDeployment({ name: "central", component: "polling", containers });
    const pods = [aPod(workload)];
    const gate = { name: "g", podLog: {}, timeoutSeconds: 60, ...place } satisfies ExtraGate;
    const answer = askGate(aWorld({ pods }), record, gate, [anAgent(workload, { component: "polling", pods })], target);
    return answer.kind === "no" && answer.probes.map((probe) => "pod" in probe && probe.question);
  };
  // 2023.2 was the first to say that a poll has ended well.
  expect(finished({ before: "polling" }, "2023.1")).toEqual([{ about: "polling", finished: false }]);
  expect(finished({ before: "polling" }, "2023.2")).toEqual([{ about: "polling", finished: true }]);
  expect(finished({ after: "polling" }, "2025.2")).toEqual([{ about: "polling", finished: true }]);
});

const everywhere = () => true;
const nobody = () => [];
const problems = (gate: ExtraGate, more: Parameters<typeof aWorld>[0] = {}, has: () => boolean = everywhere) =>
  extraGateProblems(aWorld({ upgrade: anUpgrade({ gates: [gate] }), ...more }), has, target, nobody).map(
    ({ reason }) => reason,
  );

test.each([
  ["a provider that is not configured", quiet, { operator: { providers: [] } }, ["ProviderUnknown"]],
  ["one that is", quiet, { operator: { providers: ["monitoring"] } }, []],
  ["logs that may not be read", looks, { operator: { podLogs: false } }, ["GateBlind"]],
  [
    "a Job that is not there",
    { ...looks, podLog: undefined, job: { kind: "Job", name: "x" } } as const,
    {},
    ["TemplateNotFound"],
  ],
] as const)("%s", (_, gate, more, reasons) => {
  expect(problems(gate, more)).toEqual(reasons);
});

test("an exporter before agents have one, and a component that is not there", () => {
  const exporter: ExtraGate = { name: "e", after: "polling", exporter: { port: 9101 }, timeoutSeconds: 60 };
  const older = { name: "2024.2", major: 23 };
  expect(
    extraGateProblems(aWorld({ upgrade: anUpgrade({ gates: [exporter] }) }), everywhere, older, nobody),
  ).toMatchObject([{ reason: "GateBlind" }]);
  expect(problems(looks, {}, () => false)).toEqual(["GateUnused"]);
  // The old ones are asked before.
  const before: ExtraGate = { name: "b", before: "polling", exporter: { port: 9101 }, timeoutSeconds: 60 };
  const upgrade = anUpgrade({ gates: [before] });
  const from = (image: string) => {
    const containers = [{ name: "agent", image: `registry.example/ceilometer:${image}` }];
    const workload = aDeployment({ name: "central", component: "polling", containers });
    const old = [anAgent(workload, { component: "polling" })];
    return extraGateProblems(aWorld({ upgrade }), everywhere, target, () => old).map(({ message }) => message);
  };
  expect(from("2024.2")).toEqual([expect.stringContaining("an exporter, which agents of 2024.2 do not have")]);
  expect(from("2025.1")).toEqual([]);
});
