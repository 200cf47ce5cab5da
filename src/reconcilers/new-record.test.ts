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
} from "../../test/support/builders.ts";
import { HOSTNAME_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { Assessment } from "./assess.ts";
import { bodyOf } from "./new-record.ts";

const none = { collector: [], notification: [], polling: [], api: [] };
const assessed: Assessment = {
  files: {},
  copies: [],
  parity: undefined,
  polling: new Map(),
  acceptedRisks: [],
  findings: [],
};

test("of a DaemonSet that is pinned all hosts are remembered on which it ran, not the one where its first agent is", () => {
  const hostsOf = (node?: string) => {
    const pinned = node === undefined ? {} : { nodeSelector: { [HOSTNAME_NODE_SELECTOR]: node } };
    const annotations = node === undefined ? {} : marks({ phase: { phase: "first", node } });
    const workload = aDaemonSet({ name: "compute", component: "polling", annotations, ...pinned });
    const agent = anAgent(workload, { component: "polling", pods: [aPod(workload, { node: "host-2" })] });
    const records = [aRecord({ targets: [aRecordedTarget(workload, { hosts: ["host-0", "host-1", "host-2"] })] })];
    const world = aWorld({ upgrade: anUpgrade(), workloads: [workload], records });
    const seen = new Map([[workload.metadata.uid, ["host-2"]]]);
    const facts = { hosts: seen, longestIntervalSeconds: 600, assessed };
    const body = bodyOf(world, { name: "ocata", major: 8 }, { ...none, polling: [agent] }, "inputs", facts);
    return body.targets[0]?.hosts;
  };
  expect(hostsOf("host-2")?.toSorted()).toEqual(["host-0", "host-1", "host-2"]);
  expect(hostsOf()).toEqual(["host-2"]);
});
