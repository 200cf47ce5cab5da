/** Every reason for which nothing is begun, each provoked alone: what is said, and what to do about it. */

import { ANNOTATION } from "../../src/api/v1alpha1/names.ts";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import type { Observation } from "../../src/model/observation.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import {
  aConfigObject,
  aContainer,
  aCronJob,
  aDeployment,
  anAutoscaler,
  anObservation,
  anUpgrade,
  NAMESPACE,
  NEW_IMAGE,
  podsOf,
  SPEC,
  type WorkloadWords,
  type WorldWords,
} from "../support/builders.ts";

const notification = (more: Partial<WorkloadWords> = {}) => aDeployment({ name: "notification", ...more });
const central = (more: Partial<WorkloadWords> = {}) => aDeployment({ name: "central", component: "polling", ...more });
const { components } = SPEC;
const polled: SpecInput["components"]["polling"] = {
  targets: [{ kind: "Deployment", name: "central" }],
  verification: { podLog: {} },
};

function world(spec: Partial<SpecInput>, more: WorldWords = {}): Observation {
  return anObservation({ upgrade: anUpgrade(spec), workloads: [notification()], ...more });
}
const wishes = (section: Partial<SpecInput["components"]>): Partial<SpecInput> => ({
  components: { ...components, ...section },
});
const configured = (config: SpecInput["target"]["config"]): Partial<SpecInput> => ({
  target: { ...SPEC.target, ...(config === undefined ? {} : { config }) },
});
const template = { kind: "CronJob", name: "migrate" } as const;
const polling = configured({ polling: { kind: "ConfigMap", name: "files", key: "polling.yaml" } });

const cases: Readonly<Record<string, Observation>> = {
  "a target does not exist": world({}, { workloads: [] }),
  "a selector matches two": world(
    wishes({ notification: { targets: [{ kind: "Deployment", selector: { matchLabels: { app: "agents" } } }] } }),
    { workloads: ["a", "b"].map((name) => aDeployment({ name, labels: { app: "agents" } })) },
  ),
  "no container is the agent": world(
    {},
    { workloads: [notification({ containers: ["x", "y"].map((name) => aContainer({ name, command: ["sleep"] })) })] },
  ),
  "another resource works on it": world(
    {},
    {
      workloads: [
        notification({ annotations: { [ANNOTATION.claim]: '{"upgrade":"uid-2","record":"other-attempt"}' } }),
      ],
      upgradeUids: ["uid-2"],
    },
  ),
  "the Deployment is paused": world({}, { workloads: [notification({ paused: true })] }),
  "an update partition": world({}, { workloads: [notification({ partition: 2 })] }),
  "another controller owns it": world(
    {},
    { workloads: [notification({ owner: { kind: "OpenStack", name: "cloud", uid: "uid-9" } })] },
  ),
  "two components in one workload": world(
    wishes({ collector: { targets: [{ kind: "Deployment", name: "notification" }] } }),
  ),
  "an autoscaler wants two": world(wishes({ polling: polled }), {
    workloads: [notification(), central()],
    autoscalers: [anAutoscaler(central(), 2)],
  }),
  "the image does not say its release": world(
    {},
    { workloads: [notification({ image: "registry.example/ceilometer:latest" })] },
  ),
  "the resource and the image disagree": world({ from: { release: "mitaka" } }),
  "the target is older": world({}, { workloads: [notification({ image: "registry.example/ceilometer:pike" })] }),
  "the target has no such component": world(
    {
      target: { release: "queens", image: "registry.example/ceilometer:queens" },
      ...wishes({ collector: { targets: [{ kind: "Deployment", name: "collector" }] } }),
    },
    { workloads: [notification(), aDeployment({ name: "collector", component: "collector" })] },
  ),
  "the target still has what is to retire": world(
    wishes({ collector: { targets: [{ kind: "Deployment", name: "collector" }], retire: true } }),
    { workloads: [notification(), aDeployment({ name: "collector", component: "collector" })] },
  ),
  "an image of somebody else": world({ target: { release: "ocata", image: "elsewhere.example/ceilometer:ocata" } }),
  "a configuration file is missing": world(polling, { absentFiles: ["ConfigMap/files"] }),
  "a configuration file is broken": world(polling, {
    files: [
      aConfigObject("ConfigMap", "files", { "polling.yaml": "sources: [{name: all, interval: never, meters: ['*']}]" }),
    ],
  }),
  "a Secret that the operator may not read": world(
    configured({ pipeline: { kind: "Secret", name: "pipe", key: "pipeline.yaml" } }),
  ),
  "the verification may read no logs": world(wishes({ polling: polled }), {
    workloads: [notification(), central()],
    pods: podsOf(central()),
    operator: { podLogs: false },
  }),
  "the verification sees nothing": world(wishes({ polling: polled }), {
    workloads: [notification(), central({ replicas: 1 })],
    pods: podsOf(central({ replicas: 1 })),
    probes: {
      "podLog/uid-of-central-0/agent/began/": {
        at: 0,
        verdict: "inconclusive",
        reason: "the log has no line of a poll",
      },
    },
  }),
  "a template does not exist": world(wishes({ database: { jobFrom: template } })),
  "a template does not allow it": world(wishes({ database: { jobFrom: template } }), {
    cronJobs: [aCronJob("migrate")],
  }),
  "the operator lacks rights": world(
    {},
    { probes: { [`rights/${NAMESPACE}`]: { at: 0, verdict: "fail", reason: "patch deployments" } } },
  ),
  "all at once": world(
    { target: { release: "ocata", image: NEW_IMAGE }, from: { release: "mitaka" } },
    { workloads: [notification({ paused: true, owner: { kind: "OpenStack", name: "cloud", uid: "uid-9" } })] },
  ),
};

export function refusals(): string {
  const lines = Object.entries(cases).flatMap(([name, seen]) => {
    const { findings, effect, headline, phase } = decide(seen);
    if (effect !== undefined) return [`${name}: NOT REFUSED: ${effect.why.reason}`];
    const said = findings.map(
      (each) => `${each.reason} (${each.gate}) ${each.object}: ${each.message}; ${each.remedy}`,
    );
    return [
      name,
      ...(said.length > 0 ? said : [`${phase} ${headline.reason}: ${headline.message}`]).map((each) => `  ${each}`),
    ];
  });
  return `${lines.join("\n")}\n`;
}
