import { expect, test } from "vitest";
import { z } from "zod";
import { aContainer, aDeployment, anAgent, NEW_IMAGE, OLD_IMAGE } from "../../../test/support/builders.ts";
import { type Agent, atTarget, type Wanted, type WantedMount } from "../../model/agent.ts";
import { applyPatch } from "../../model/json-patch.ts";
import type { Container, PodSpec, Volume } from "../../model/pod-template.ts";
import { setTemplate } from "./template-changes.ts";

const path = "/etc/ceilometer/polling.yaml";
const mount: WantedMount = {
  path,
  volume: "upgrade-polling",
  kind: "ConfigMap",
  object: "shared-1",
  key: "polling.yaml",
};
const conf: WantedMount = {
  path: "/etc/ceilometer-upgrade/drain.conf",
  volume: "ceilometer-upgrade-conf-drain",
  kind: "Secret",
  object: "drain",
  key: "drain.conf",
};
const wanted: Wanted = { image: NEW_IMAGE, mounts: [], undone: [], appended: undefined, replicas: undefined };

function agentOf(container: Partial<Container>, volumes: readonly Volume[] | undefined, more: Partial<Wanted>): Agent {
  const containers = [aContainer(container)];
  const workload = aDeployment({ name: "central", containers, ...(volumes === undefined ? {} : { volumes }) });
  return anAgent(workload, { wanted: { ...wanted, ...more } });
}

const documentSchema = z.object({ spec: z.object({ template: z.object({ spec: z.custom<PodSpec>() }) }) });

/** The agent after its patch was applied to the workload as the API server has it. */
function after(agent: Agent, more: Partial<Wanted> = {}): Agent {
  const { template } = agent.workload;
  const document = applyPatch({ spec: { template: { spec: template.spec } } }, setTemplate(agent));
  const { spec } = documentSchema.parse(document).spec.template;
  const workload = { ...agent.workload, template: { ...template, spec } };
  const [container = aContainer()] = spec.containers;
  return anAgent(workload, { container, wanted: { ...agent.wanted, ...more } });
}

test("nothing is written where everything is as it should be", () => {
  const there = after(agentOf({}, undefined, { mounts: [mount], appended: conf }));
  expect(atTarget(there)).toBe(true);
  expect(setTemplate(there)).toEqual([]);
});

test("a file takes the place of the one at its path, and what was there comes back by value", () => {
  const before = { name: "etc", mountPath: path, subPath: "polling.yaml" };
  const volumes = [{ name: "etc", secret: { secretName: "ceilometer-etc", defaultMode: 292 } }];
  const narrow = after(agentOf({ volumeMounts: [before] }, volumes, { mounts: [mount] }));
  expect(narrow.container.volumeMounts).toEqual([
    { name: "upgrade-polling", mountPath: path, subPath: "polling.yaml", readOnly: true },
  ]);
  const undone = [{ path, volume: "upgrade-polling", before: { mount: before } }];
  const whole = after({ ...narrow, wanted: { ...narrow.wanted, mounts: [], undone } });
  expect(whole.container.volumeMounts).toEqual([before]);
  expect(whole.workload.template.spec.volumes).toEqual(volumes);
  expect(atTarget(whole)).toBe(true);
});

test("a volume that was there under the same name comes back too", () => {
  const earlier = { name: "upgrade-polling", configMap: { name: "copy-0", defaultMode: 420 } };
  const before = { name: "upgrade-polling", mountPath: path, subPath: "polling.yaml", readOnly: true };
  const narrow = after(agentOf({ volumeMounts: [before] }, [earlier], { mounts: [mount] }));
  expect(narrow.workload.template.spec.volumes).toEqual([{ name: "upgrade-polling", configMap: { name: "shared-1" } }]);
  const undone = [{ path, volume: "upgrade-polling", before: { mount: before, volume: earlier } }];
  const whole = after({ ...narrow, wanted: { ...narrow.wanted, mounts: [], undone } });
  expect(whole.workload.template.spec.volumes).toEqual([earlier]);
});

test("a snippet goes to the end of the command line, and away again with its mount", () => {
  const command = ["ceilometer-agent-notification", "--config-file", "/etc/ceilometer/ceilometer.conf"];
  const off = after(agentOf({ command }, undefined, { image: OLD_IMAGE, appended: conf }));
  expect(off.container.command).toEqual([...command, "--config-file", conf.path]);
  const on = after({ ...off, wanted: { ...off.wanted, appended: undefined } });
  expect(on.container.command).toEqual(command);
  expect(on.container.volumeMounts).toEqual([]);
  expect(on.workload.template.spec.volumes).toEqual([]);
});

test("where there are arguments, the snippet is one of them", () => {
  const off = after(agentOf({ command: ["run"], args: ["--debug"] }, undefined, { appended: conf }));
  expect(off.container).toMatchObject({ command: ["run"], args: ["--debug", "--config-file", conf.path] });
});

test("each value that is replaced is tested first", () => {
  const volumeMounts = [{ name: "etc", mountPath: path }];
  const operations = setTemplate(agentOf({ volumeMounts }, [{ name: "etc" }], { mounts: [mount], appended: conf }));
  for (const [index, operation] of operations.entries()) {
    if (operation.op !== "replace") continue;
    const before = operations.slice(0, index).filter(({ op }) => op === "test");
    expect(before.some((each) => each.path.startsWith(operation.path))).toBe(true);
  }
  expect(operations.filter(({ op }) => op === "replace").length).toBeGreaterThan(1);
});
