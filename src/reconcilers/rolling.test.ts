import { expect, test } from "vitest";
import { aDaemonSet, aDeployment, anAgent } from "../../test/support/builders.ts";
import { agentText } from "../model/agent.ts";
import { shortFirst } from "./rolling.ts";

test("what misses pods comes first, the others stay in their order", () => {
  const short = { desired: 2, current: 2, updated: 2, ready: 1, available: 1 };
  const agents = [
    anAgent(aDeployment({ name: "whole" })),
    anAgent(aDeployment({ name: "short", status: short })),
    anAgent(aDaemonSet({ name: "hosts", status: short })),
    anAgent(aDeployment({ name: "none", replicas: 0 })),
  ];
  expect(shortFirst(agents).map(agentText)).toEqual([
    "Deployment/short",
    "DaemonSet/hosts",
    "Deployment/whole",
    "Deployment/none",
  ]);
});
