/** Files that agents get, and whether they read them there. */
import { expect, test } from "vitest";
import { aConfigObject, aDeployment, anAgent, aPartialUpgrade, aWorld } from "../../test/support/builders.ts";
import { assessMounted } from "./assess-mounted.ts";
import { readInputs } from "./inputs.ts";

const TARGET = { name: "2025.2", major: 25 };
const POLLING = 'sources: [{ name: all, interval: 300, meters: ["*"] }]';
const PIPELINE = 'sources: [{name: a, meters: ["*"], sinks: [b]}]\nsinks: [{name: b, publishers: ["gnocchi://"]}]';

function found(component: "polling" | "notification", conf: string) {
  const etc = aConfigObject("ConfigMap", "etc", {
    "ceilometer.conf": conf,
    "polling.yaml": POLLING,
    "pipeline.yaml": PIPELINE,
  });
  const given = aConfigObject("ConfigMap", "given", { "polling.yaml": POLLING, "pipeline.yaml": PIPELINE });
  const targets = [{ kind: "Deployment" as const, name: "agents" }];
  const components =
    component === "polling" ? { polling: { targets, verification: { podLog: {} } } } : { notification: { targets } };
  const upgrade = aPartialUpgrade("2025.2", components, {
    polling: { kind: "ConfigMap", name: "given", key: "polling.yaml" },
    pipeline: { kind: "ConfigMap", name: "given", key: "pipeline.yaml" },
  });
  const volumeMounts = [{ name: "etc", mountPath: "/etc/ceilometer" }];
  const command = [component === "polling" ? "ceilometer-polling" : "ceilometer-agent-notification"];
  const containers = [{ name: "agent", image: "registry.example/ceilometer:2025.1", command, volumeMounts }];
  const workload = aDeployment({
    name: "agents",
    component,
    containers,
    volumes: [{ name: "etc", configMap: { name: "etc" } }],
  });
  const world = aWorld({ upgrade, workloads: [workload], files: [etc, given] });
  const none = { collector: [], notification: [], polling: [], api: [] };
  const agents = { ...none, [component]: [anAgent(workload, { component })] };
  return assessMounted(world, agents, TARGET, readInputs(world)).map(({ object, severity, message }) => [
    object,
    severity,
    message,
  ]);
}

test("a file that is given, and that the agents' options have them look for elsewhere, is told (I7)", () => {
  expect(found("polling", "[polling]\ncfg_file = own.yaml\n")).toEqual([
    [
      "Deployment/agents",
      "Error",
      expect.stringContaining("its agents read own.yaml in place of /etc/ceilometer/polling.yaml"),
    ],
  ]);
  expect(found("notification", "[DEFAULT]\npipeline_cfg_file = /etc/ceilometer/own.yaml\n")).toEqual([
    ["Deployment/agents", "Error", expect.stringContaining("spec.target.config.pipeline")],
  ]);
  expect(found("polling", "[DEFAULT]\npipeline_cfg_file = own.yaml\n")).toEqual([]);
  expect(found("polling", "[polling]\ncfg_file = polling.yaml\n")).toEqual([]);
  expect(found("notification", "")).toEqual([]);
});
