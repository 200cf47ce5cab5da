/** A way back out of the emptying of queues: who reads them afterwards says whether there is something to wait for. */
import { expect, test } from "vitest";
import {
  aContainer,
  aDeployment,
  anAgent,
  anUpgrade,
  aRecord,
  aRecordedTarget,
  aWorld,
  marks,
  podsOf,
} from "../../test/support/builders.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import type { Pod, Workload } from "../model/observation.ts";
import { notification } from "./notification.ts";
import { wantedBack } from "./way-back.ts";

const PIKE = "registry.example/ceilometer:pike";
const QUEENS = "registry.example/ceilometer:queens";
const VOLUME = "ceilometer-upgrade-conf-drain";
const PATH = "/etc/ceilometer-upgrade/drain.conf";
const drain = { kind: "ConfigMap", object: "drain-1", key: "drain.conf", digest: "d" } as const;

/** An agent whose intake is off. */
function drained(name: string, image: string): Workload {
  const command = ["ceilometer-agent-notification", "--config-file", PATH];
  const volumeMounts = [{ name: VOLUME, mountPath: PATH, subPath: "drain.conf" }];
  return aDeployment({
    name,
    image,
    replicas: 2,
    containers: [aContainer({ image, command, volumeMounts })],
    volumes: [{ name: VOLUME, configMap: { name: "drain-1" } }],
    annotations: marks({ phase: { phase: "up" } }),
  });
}

function next(
  workloads: readonly Workload[],
  more: Partial<AttemptRecord>,
  running: readonly (readonly Pod[])[] = workloads.map((each) => podsOf(each)),
) {
  const components = {
    database: { action: "Skip" as const },
    notification: {
      targets: workloads.map(({ metadata }) => ({ kind: "Deployment" as const, name: metadata.name })),
      drain: { gate: { prometheus: { provider: "prom", query: "sum(q)", max: "0" } } },
    },
  };
  const upgrade = anUpgrade({ target: { release: "queens", image: QUEENS }, components });
  const targets = workloads.map((each) => aRecordedTarget(each, { image: PIKE, targetImage: PIKE, before: [] }));
  const agents = workloads.map((each, index) => {
    const recorded = targets[index];
    if (recorded === undefined) throw new Error("it is not recorded");
    return anAgent(each, { pods: running[index] ?? [], recorded, wanted: wantedBack(recorded) });
  });
  const parity = { state: "MustDrain" as const, differences: [], emptyFirst: ["their queues have other names"], drain };
  const record = aRecord({ from: "queens", to: "pike", parity, targets, ...more });
  const world = aWorld({ upgrade, workloads, pods: running.flat(), operator: { providers: ["prom"] } });
  const all = { collector: [], notification: agents, polling: [], api: [] };
  return notification({
    world,
    record,
    agents: all,
    left: { ...all, notification: [] },
    target: { name: "pike", major: 9 },
  });
}

const back = { plan: "plan-back", back: { of: "plan-1", by: "Spec", why: "asked" } } as const;

test("agents that never left their release turn their intake on again, and wait for no queue", () => {
  const workloads = [drained("one", PIKE), drained("two", PIKE)];
  expect(next(workloads, back)).toMatchObject({ kind: "act", note: { reason: "TakingDown", clause: "F3" } });
});

test.each([
  ["on the way there", [drained("one", PIKE)], {}, undefined, "WaitingForEmptyQueues"],
  ["where one runs the other release", [drained("one", PIKE), drained("two", QUEENS)], back, undefined, "TakingDown"],
  ["where a pod does", [drained("one", PIKE)], back, [podsOf(drained("one", PIKE), { image: QUEENS })], "TakingDown"],
] as const)("queues are emptied %s", (_, workloads, more, running, reason) => {
  expect(next(workloads, more, running)).toMatchObject({ note: { reason, clause: "P3" } });
});
