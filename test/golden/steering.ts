/** How people steer an upgrade: each verb, by spec or by annotation, as a story with a fixed order of steps. */
import { VERB } from "../../src/api/v1alpha1/names.ts";
import { RECORD_KEY, recordSchema } from "../../src/model/attempt.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { ModelCluster } from "../sim/model-cluster.ts";
import { isConfigMap } from "../sim/objects.ts";
import { imageOf, specOf, type Topology } from "../sim/topology.ts";
import {
  central,
  central2,
  classic,
  compute,
  isDown,
  modern,
  notification,
  partialModern,
  retiring,
  runs,
} from "./stories.ts";
import { Transcript } from "./transcript.ts";

type Wish = ReturnType<typeof specOf>;
const two: Topology = { ...modern, agents: [notification, central] };
const says = (reason: string) => (_: ModelCluster, decision: Decision | undefined) =>
  decision?.headline.reason === reason;

function wishing(topology: Topology, more: Partial<Wish>): Transcript {
  return new Transcript(topology, { ...specOf(topology), ...more });
}

/** The hash of the plan that is carried out, as its record has it. */
function planOf({ cluster }: Transcript): string {
  const records = cluster.api.list(isConfigMap).flatMap(({ data }) => data?.[RECORD_KEY] ?? []);
  return recordSchema.parse(JSON.parse(records.at(-1) ?? "{}")).plan;
}

const quiet = {
  name: "quiet",
  before: "polling",
  prometheus: { provider: "monitoring", query: "up", max: "1" },
  timeoutSeconds: 600,
} as const;

export const steering: Readonly<Record<string, () => string>> = {
  "approved-by-spec-and-by-annotation": () => {
    const transcript = wishing(two, { approvals: [{ before: "database" }, { before: "polling" }] });
    transcript.until();
    transcript.tell("spec.approved: a word for another plan, then one for this plan");
    transcript.cluster.rewish((spec) => ({
      ...spec,
      approved: [{ before: "database", planHash: "0123456789abcdef" }],
    }));
    transcript.until();
    const planHash = planOf(transcript);
    transcript.cluster.rewish((spec) => ({ ...spec, approved: [{ before: "database", planHash }] }));
    transcript.until();
    transcript.tell("the annotation approve, for the polling agents");
    transcript.cluster.annotate({ [VERB.approve]: `polling@${planHash}` });
    transcript.until();
    return transcript.text;
  },
  "in-maintenance-windows": () => {
    // The story begins at midnight; the first window is open for the first minute only.
    const window = { schedule: "0 0,2 * * *", durationSeconds: 60 };
    const transcript = wishing(two, { maintenanceWindows: [window] });
    transcript.until();
    return transcript.text;
  },
  "an-extra-gate-passes": () => {
    const transcript = wishing(two, {
      gates: [quiet, { name: "looks", after: "notification", podLog: { text: "ok" } }],
    });
    transcript.until();
    return transcript.text;
  },
  "an-extra-gate-is-skipped": () => {
    const transcript = wishing(two, { gates: [quiet] });
    transcript.until(says("WaitingForGate"));
    transcript.tell("the annotation skip-gate, with a reason");
    const skipped = [{ name: "quiet", planHash: planOf(transcript), reason: "it is Sunday" }];
    transcript.cluster.annotate({ [VERB.skipGate]: JSON.stringify(skipped) });
    transcript.until();
    return transcript.text;
  },
  "paused-and-resumed-by-annotation": () => {
    const transcript = new Transcript(two);
    transcript.until(isDown("ceilometer-notification"));
    transcript.tell("the annotation pause, while the notification agents are down");
    transcript.cluster.annotate({ [VERB.pause]: "true" });
    transcript.until();
    transcript.tell("the annotation resume");
    transcript.cluster.annotate({ [VERB.resume]: "true" });
    transcript.until();
    return transcript.text;
  },
  "aborted-then-retried": () => {
    const transcript = new Transcript(two);
    transcript.until(isDown("ceilometer-notification"));
    transcript.tell("the annotation abort, while the notification agents are down");
    transcript.cluster.annotate({ [VERB.abort]: "true" });
    transcript.until();
    transcript.tell("the annotation retry");
    transcript.cluster.annotate({ [VERB.retry]: "true" });
    transcript.until();
    return transcript.text;
  },
  "rolled-back-by-spec-then-upgraded-again": () => {
    const transcript = new Transcript({ ...modern, agents: [notification, central, compute] });
    transcript.until(runs("ceilometer-central", "2025.2"));
    transcript.tell("spec.rollback: true, while one new polling agent runs alone");
    transcript.cluster.rewish((spec) => ({ ...spec, rollback: true }));
    transcript.until();
    transcript.tell("spec.rollback: false: nothing follows");
    transcript.cluster.rewish((spec) => ({ ...spec, rollback: false }));
    transcript.until();
    transcript.tell("spec.retryAttempt: 1");
    transcript.cluster.rewish((spec) => ({ ...spec, retryAttempt: 1 }));
    transcript.until();
    return transcript.text;
  },
  "rolled-back-while-the-database-is-migrated": () => {
    const transcript = new Transcript(two);
    transcript.until(says("MigratingDatabase"));
    transcript.tell("spec.rollback: true, while the migration runs");
    transcript.cluster.rewish((spec) => ({ ...spec, rollback: true }));
    transcript.until();
    return transcript.text;
  },
  "rolled-back-after-the-end": () => {
    const transcript = new Transcript(classic);
    transcript.until();
    transcript.tell("the annotation rollback, after everything had been upgraded");
    transcript.cluster.annotate({ [VERB.rollback]: "true" });
    transcript.until();
    return transcript.text;
  },
  "rolled-back-after-retirement": () => {
    const transcript = new Transcript(retiring);
    transcript.until();
    transcript.tell("spec.rollback: true, after collector and API had retired");
    transcript.cluster.rewish((spec) => ({ ...spec, rollback: true }));
    transcript.until();
    return transcript.text;
  },
  "rolled-back-beside-an-isolated-group": () => {
    const transcript = new Transcript({ ...partialModern, skipDatabase: true, agents: [central2] });
    transcript.until(runs("ceilometer-central", "2025.2"));
    transcript.tell("spec.rollback: true, while new agents roll in beside old ones and an isolated group");
    transcript.cluster.rewish((spec) => ({ ...spec, rollback: true }));
    transcript.until();
    return transcript.text;
  },
  "rolled-back-after-another-target-in-the-middle": () => {
    const transcript = new Transcript({ ...modern, skipDatabase: true, agents: [notification, central] });
    transcript.until(runs("ceilometer-notification", "2025.2"));
    transcript.tell("another image, while the new notification agents come up");
    const image = imageOf("2025.2-r2");
    transcript.cluster.rewish((spec) => ({ ...spec, target: { ...spec.target, image } }));
    transcript.until(runs("ceilometer-central", "2025.2-r2"));
    transcript.tell("spec.rollback: true");
    transcript.cluster.rewish((spec) => ({ ...spec, rollback: true }));
    transcript.until();
    return transcript.text;
  },
  "rolled-back-on-failure": () => {
    const topology = { ...modern, skipDatabase: true, agents: [compute] };
    const spec = specOf(topology);
    const transcript = new Transcript(topology, {
      ...spec,
      onFailure: "Rollback",
      target: { ...spec.target, image: imageOf("2025.2-blind") },
    });
    transcript.until();
    return transcript.text;
  },
  "reverted-in-git": () => reverted(partialModern).text,
  "reverted-in-git-when-a-part-had-retired": () => {
    const collectors = retiring.agents.filter(({ component }) => component === "collector");
    const transcript = new Transcript({ ...retiring, agents: collectors });
    transcript.until();
    transcript.tell("git revert: the image is that of before on every workload, and the collector stands at zero");
    transcript.cluster.rewish((spec) => ({
      ...spec,
      target: { ...spec.target, release: "pike", image: imageOf("pike") },
    }));
    transcript.until();
    return transcript.text;
  },
  "reverted-again-with-other-replicas": () => {
    const transcript = reverted({ ...modern, skipDatabase: true, agents: [notification, central2] });
    const { cluster } = transcript;
    transcript.tell("more agents, by kubectl scale, and the new release again");
    const scaled = cluster.workloads.find(({ metadata }) => metadata.name === "ceilometer-central");
    if (scaled !== undefined) cluster.api.update(scaled, { spec: { ...scaled.spec, replicas: 3 } });
    cluster.rewish((spec) => ({ ...spec, target: { ...spec.target, ...NEWER } }));
    transcript.until(isDown("ceilometer-central"));
    transcript.tell("git revert, while the polling agents are down");
    cluster.rewish((spec) => ({ ...spec, target: { ...spec.target, ...OLDER } }));
    transcript.until();
    return transcript.text;
  },
};

const OLDER = { release: "2025.1", image: imageOf("2025.1") } as const;
const NEWER = { release: "2025.2", image: imageOf("2025.2") } as const;

/** An upgrade that has ended, and its way back. */
function reverted(topology: Topology): Transcript {
  const transcript = new Transcript({ ...topology, agents: [notification, central2] });
  transcript.until();
  transcript.tell("git revert: the target is the release of before");
  transcript.cluster.rewish((spec) => ({ ...spec, target: { ...spec.target, ...OLDER } }));
  transcript.until();
  return transcript;
}
