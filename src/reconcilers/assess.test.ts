/** What the parts of an assessment are asked with. */
import { expect, test } from "vitest";
import { aConfigObject, aDeployment, anAgent, aPartialUpgrade, aWorld } from "../../test/support/builders.ts";
import { assess } from "./assess.ts";
import { readInputs } from "./inputs.ts";

const TARGET = { name: "2025.2", major: 25 };
const pipelineTo = (publisher: string, meters: string): string =>
  `sources: [{name: a, meters: ["${meters}"], sinks: [b]}]\nsinks: [{name: b, publishers: ["${publisher}"]}]`;

function toldOf(conf: string): readonly string[] {
  const etc = aConfigObject("ConfigMap", "etc", {
    "ceilometer.conf": conf,
    "pipeline.yaml": pipelineTo("notifier://?topic=own", "cpu"),
  });
  const given = aConfigObject("ConfigMap", "given", { "pipeline.yaml": pipelineTo("notifier://", "*") });
  const components = { notification: { targets: [{ kind: "Deployment" as const, name: "agents" }] } };
  const upgrade = aPartialUpgrade("2025.2", components, {
    pipeline: { kind: "ConfigMap", name: "given", key: "pipeline.yaml" },
  });
  const containers = [
    {
      name: "agent",
      image: "registry.example/ceilometer:2025.1",
      command: ["ceilometer-agent-notification"],
      volumeMounts: [{ name: "etc", mountPath: "/etc/ceilometer" }],
    },
  ];
  const volumes = [{ name: "etc", configMap: { name: "etc" } }];
  const workload = aDeployment({ name: "agents", containers, volumes });
  const world = aWorld({ upgrade, workloads: [workload], files: [etc, given] });
  const agents = { collector: [], notification: [anAgent(workload)], polling: [], api: [] };
  return assess(world, agents, TARGET, readInputs(world), undefined)
    .findings.filter(({ reason }) => reason === "NewKindOnOldQueue")
    .map(({ message }) => message);
}

test("a queue that the agents' options name is the one that is meant where no topic is given (M3)", () => {
  expect(toldOf("")).toEqual([]);
  expect(toldOf("[publisher_notifier]\nmetering_topic = own\n")).toEqual([
    expect.stringContaining("would go onto the queue own"),
  ]);
  expect(toldOf("[publisher_notifier]\nevent_topic = own\n")).toEqual([]);
});
