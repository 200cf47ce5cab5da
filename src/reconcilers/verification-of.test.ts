/** Ways back to agents that cannot be asked as the resource says: they are asked otherwise, or nobody waits for them. */
import { expect, test } from "vitest";
import {
  aDaemonSet,
  anAgent,
  anUpgrade,
  aPod,
  aRecord,
  aRecordedTarget,
  aWorld,
  marks,
  NOW,
} from "../../test/support/builders.ts";
import { HOSTNAME_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import { formatTime } from "../model/time.ts";
import { polling } from "./polling.ts";
import { wantedBack } from "./way-back.ts";

const image = (release: string) => `registry.example/ceilometer:${release}`;
const HOUR = 3_600_000;

interface Words {
  readonly podLogs: boolean;
  /** What its log has said. */
  readonly log?: "inconclusive" | "fail";
  readonly record?: Partial<AttemptRecord>;
}

/** The first agent of the release has run for an hour, on the last host that was left, and its exporter has not answered. */
function after({ podLogs, log, record: more }: Words) {
  const workload = aDaemonSet({
    name: "compute",
    component: "polling",
    image: image("2024.2"),
    replicas: 1,
    nodeSelector: { [HOSTNAME_NODE_SELECTOR]: "host-2" },
    annotations: marks({
      borrowed: { nodeSelector: null },
      phase: { phase: "first", node: "host-2", tried: ["host-0", "host-1"] },
    }),
  });
  const pod = aPod(workload, { node: "host-2" });
  const recorded = aRecordedTarget(workload, {
    component: "polling",
    image: image("2025.1"),
    targetImage: image("2024.2"),
    hosts: ["host-0", "host-1", "host-2"],
    nodeSelector: null,
  });
  const upgrade = anUpgrade({
    strategy: "Full",
    target: { release: "2025.1", image: image("2025.1") },
    components: {
      database: { action: "Skip" },
      polling: { targets: [{ kind: "DaemonSet", name: "compute" }], verification: { exporter: {} } },
    },
  });
  const exporter = { at: NOW, verdict: "inconclusive", reason: "ECONNREFUSED" } as const;
  const probes = {
    [`exporter/${pod.metadata.uid}/9101`]: exporter,
    ...(log && { [`podLog/${pod.metadata.uid}/agent/finished/`]: { at: NOW, verdict: log, reason: "so" } }),
  };
  const world = aWorld({ upgrade, workloads: [workload], pods: [pod], probes, operator: { podLogs }, now: NOW + HOUR });
  const agent = anAgent(workload, { component: "polling", pods: [pod], wanted: wantedBack(recorded), recorded });
  const agents = { collector: [], notification: [], polling: [agent], api: [] };
  const record = aRecord({ to: "2024.2", startedAt: formatTime(NOW), targets: [recorded], ...more });
  return polling({ world, record, agents, left: { ...agents, polling: [] }, target: { name: "2024.2", major: 23 } });
}

const back = { back: { of: "plan-0", by: "Failure", why: "it failed" } } as const;

test("a way back looks into the logs where agents have no exporter", () => {
  expect(after({ podLogs: true, record: back })).toMatchObject({ kind: "wait", probes: [{ kind: "podLog" }] });
  const failed = after({ podLogs: true, log: "fail", record: back });
  expect(failed).toMatchObject({ kind: "held", violations: [{ reason: "VerificationFailed" }] });
});

test.each([
  ["nothing can be asked", { podLogs: false }, "cannot be verified: agents of 2024.2 have no exporter"],
  ["the logs say nothing", { podLogs: true, log: "inconclusive" }, "their logs were asked"],
] as const)("a way back goes on where %s, and says so", (_, words, says) => {
  const outcome = after({ ...words, record: back });
  expect(outcome).toMatchObject({ kind: "act", note: { reason: "StartingRest" } });
  expect(outcome.kind === "act" && outcome.note.message).toContain(says);
});

test("an upgrade is verified as the resource says", () => {
  expect(after({ podLogs: true })).toMatchObject({ kind: "held", probes: [{ kind: "exporter" }] });
});
