/** What the plugin's `status` and `why` print. UPDATE_GOLDEN=1 rewrites them; read them as the person who called the command. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LABEL } from "../../src/api/v1alpha1/names.ts";
import { type Condition, type SpecInput, type Status, specSchema } from "../../src/api/v1alpha1/schema.ts";
import type { Sight } from "../../src/cli/status/sight.ts";
import { statusLines } from "../../src/cli/status/text.ts";
import { renderLine } from "../../src/cli/terminal/text.ts";
import { whyOf } from "../../src/cli/why/blocks.ts";
import { whyLines } from "../../src/cli/why/text.ts";
import type { UpgradeView } from "../../src/controllers/ceilometer-upgrade/views/upgrade.ts";
import { formatTime } from "../../src/model/time.ts";
import {
  aDaemonSet,
  aDeployment,
  aJob,
  aMeta,
  aPod,
  NAMESPACE,
  NEW_IMAGE,
  NOW,
  OLD_IMAGE,
  podsOf,
  SPEC,
} from "../support/builders.ts";

const MINUTE = 60_000;
const ago = (minutes: number): string => formatTime(NOW - minutes * MINUTE);
const condition = (type: string, reason: string, message: string, status: Condition["status"] = "True"): Condition => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 1,
  lastTransitionTime: ago(12),
});

const components = {
  database: { action: "Upgrade", jobFrom: { kind: "Deployment", name: "notification" } },
  notification: { targets: [{ kind: "Deployment", name: "notification" }] },
  polling: {
    targets: [
      { kind: "Deployment", name: "central" },
      { kind: "DaemonSet", selector: { matchLabels: { app: "compute" } } },
    ],
    verification: { podLog: {} },
  },
} satisfies SpecInput["components"];

function view(status: Status, spec: Partial<SpecInput> = {}): UpgradeView {
  const parsed = specSchema.parse({ ...SPEC, strategy: "Partial", components, ...spec });
  return { metadata: aMeta("ceilometer"), spec: parsed, invalid: undefined, status };
}

const notification = aDeployment({ name: "notification", image: NEW_IMAGE });
const central = aDeployment({ name: "central", component: "polling", replicas: 2 });
const compute = aDaemonSet({ name: "compute", component: "polling", replicas: 3 });
const isolated = aDeployment({
  name: "central-new",
  component: "polling",
  image: NEW_IMAGE,
  replicas: 1,
  labels: { [LABEL.upgrade]: "uid-of-ceilometer", [LABEL.component]: "polling", [LABEL.purpose]: "isolated" },
});
const migration = aJob("ceilometer-db", {
  state: "succeeded",
  metadata: {
    uid: "uid-of-job",
    labels: { [LABEL.upgrade]: "uid-of-ceilometer", [LABEL.component]: "database", [LABEL.purpose]: "migration" },
  },
});

const progress: Status = {
  observedGeneration: 1,
  plan: { hash: "0123456789abcdef", steps: [] },
  step: "polling",
  release: { current: "newton", target: "ocata" },
  conditions: [
    condition("Ready", "Rolling", "new pods come up beside the old ones of Deployment/central", "False"),
    condition("Reconciling", "Progressing", "new pods come up beside the old ones of Deployment/central"),
  ],
  steps: [
    { name: "database", state: "Succeeded", startedAt: ago(30), finishedAt: ago(26) },
    { name: "notification", state: "Succeeded", startedAt: ago(26), finishedAt: ago(24) },
    {
      name: "polling",
      state: "Running",
      startedAt: ago(24),
      message: "new pods come up beside the old ones of Deployment/central",
    },
  ],
};

const crowd = {
  workloads: [notification, central, compute, isolated],
  pods: [
    ...podsOf(notification),
    aPod(central, {
      name: "central-a",
      image: NEW_IMAGE,
      ready: false,
      state: { waiting: { reason: "ContainerCreating", message: "" } },
    }),
    aPod(central, { name: "central-b" }),
    aPod(central, { name: "central-c", deletingSince: NOW - MINUTE, ready: false }),
    aPod(compute, { name: "compute-a", node: "host-0" }),
    aPod(compute, {
      name: "compute-b",
      node: "host-1",
      ready: false,
      state: { restarts: 4, waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s" } },
    }),
    aPod(compute, { name: "compute-c", ready: false, phase: "Pending", unschedulable: "0/3 nodes are available" }),
    ...podsOf(isolated),
  ],
  jobs: [migration],
};
const nobody = { workloads: [central, compute], pods: [...podsOf(compute, { image: OLD_IMAGE })], jobs: [] };

const verification = {
  gate: "DataPolled",
  object: "Pod/central-a",
  reason: "VerificationFailed",
  remedy: "read its log; correct its configuration or the cloud",
  since: ago(7),
  nextCheckTime: formatTime(NOW + MINUTE),
};
const held: Status = {
  ...progress,
  conditions: [
    condition("Ready", "VerificationFailed", "Pod/central-a has polled nothing", "False"),
    condition("Stalled", "VerificationFailed", "Pod/central-a has polled nothing"),
  ],
  steps: [
    ...(progress.steps?.slice(0, 2) ?? []),
    {
      name: "polling",
      state: "Held",
      startedAt: ago(24),
      message: `Pod/central-a has polled nothing; ${verification.remedy}`,
      blockedBy: verification,
    },
  ],
};

const finding = (check: string, severity: "Error" | "Warning", object: string) =>
  ({ check, severity, object, message: `${object} is not as it should be`, remedy: `mend ${object}` }) as const;
const refused: Status = {
  observedGeneration: 1,
  step: "Preflight",
  release: { target: "ocata" },
  conditions: [
    condition("Ready", "TargetNotFound", "Deployment/notification does not exist", "False"),
    condition("Stalled", "TargetNotFound", "Deployment/notification does not exist"),
  ],
  steps: [],
  preflight: [
    finding("TargetNotFound", "Error", "Deployment/notification"),
    finding("ConfigurationInvalid", "Error", "ConfigMap/files"),
    finding("OptionRemoved", "Warning", "Secret/ceilometer-etc"),
  ],
};

const awaiting: Status = {
  ...progress,
  conditions: [
    condition("Ready", "AwaitingApproval", "polling waits for an approval of plan 0123456789abcdef", "False"),
    condition("AwaitingApproval", "AwaitingApproval", "polling waits for an approval of plan 0123456789abcdef"),
  ],
};
const closed: Status = {
  ...progress,
  conditions: [
    condition("Ready", "OutsideWindow", "no maintenance window is open", "False"),
    condition("Reconciling", "OutsideWindow", "no maintenance window is open", "False"),
  ],
  maintenance: { open: false, nextOpening: formatTime(NOW + 90 * MINUTE) },
};
const done: Status = {
  ...progress,
  step: "Done",
  release: { current: "ocata", target: "ocata" },
  conditions: [
    condition("Ready", "Completed", "every component runs ocata"),
    condition("Succeeded", "Completed", "every component runs ocata"),
    condition("Drifted", "Drifted", "not at the target any more: Deployment/central"),
  ],
};

const sight = (status: Status, around: Omit<Sight, "upgrade" | "now">): Sight => ({
  upgrade: view(status),
  ...around,
  now: NOW,
});
const cases: Readonly<Record<string, Sight>> = {
  progressing: sight(progress, crowd),
  held: sight(held, crowd),
  refused: sight(refused, nobody),
  awaiting: sight(awaiting, nobody),
  "window-closed": sight(closed, nobody),
  done: sight(done, nobody),
  unseen: sight({}, nobody),
};

const plain = (lines: ReturnType<typeof statusLines>): string =>
  lines.map((line) => `${renderLine(line, { width: 160, colours: false })}\n`).join("");

test.each(Object.entries(cases))("%s", async (name, seen) => {
  const named = { namespace: NAMESPACE, name: "ceilometer" };
  const text = [
    "$ kubectl ceilometer-upgrade status\n",
    plain(statusLines(seen)),
    "\n$ kubectl ceilometer-upgrade why\n",
    plain(whyLines(named, whyOf(seen.upgrade), NOW)),
  ].join("");
  const file = join(import.meta.dirname, `plugin-${name}.golden`);
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, text);
  expect(text).toBe(await readFile(file, "utf8").catch(() => ""));
});
