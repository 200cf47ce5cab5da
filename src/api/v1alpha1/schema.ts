/**
 * What users write: the one source of the TypeScript types, of the CRD (`crds/`), of the chart's copy of it and of the field
 * reference. Descriptions become the CRD's descriptions (`kubectl explain`); `x-kubernetes-validations` are the rules that
 * the API server itself checks, so that most mistakes never reach the operator.
 */
import { z } from "zod";
import { RELEASE_PATTERN, RELEASES } from "./releases.ts";

/** One validation rule in the Common Expression Language, checked by the API server. */
interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}
const rules = (...list: readonly Rule[]) => ({ "x-kubernetes-validations": list });

const MAX_NAME = 253;
const name = z
  .string()
  .min(1)
  .max(MAX_NAME)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
const seconds = z.int32().min(1);

const release = z
  .string()
  .max(16)
  .regex(new RegExp(RELEASE_PATTERN))
  .describe('A release name ("mitaka" to "zed", then "2023.1" and later), or a package version such as "25.0.0".');

const image = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/)
  .describe("A container image. A digest is allowed and advised.");

/** `kind` of an object that holds a configuration file. */
const configFile = z
  .object({
    kind: z.enum(["ConfigMap", "Secret"]).describe("The kind of the object that holds the file."),
    name: name.describe("Its name, in the namespace of this resource."),
    key: z
      .string()
      .min(1)
      .max(MAX_NAME)
      .regex(/^[-._a-zA-Z0-9]+$/)
      .describe("The key that holds the file."),
  })
  .describe("A configuration file in a ConfigMap, or in a Secret that is immutable.");

const config = z
  .object({
    pipeline: configFile.optional().describe("pipeline.yaml of the new agents. Absent: unchanged."),
    eventPipeline: configFile.optional().describe("event_pipeline.yaml of the new agents. Absent: unchanged."),
    polling: configFile.optional().describe("polling.yaml of the new agents. Absent: unchanged."),
    definitions: z
      .array(configFile)
      .max(8)
      .optional()
      .describe(
        "Definition files of the new agents (meters, event definitions, Gnocchi resources), compared with those that are mounted now: always add, never delete or modify (clause M1).",
      ),
  })
  .describe("The configuration that the new agents run with. Each key is optional, and absent means unchanged.");

const labelValue = z.string().max(63);
const selector = z
  .object({
    matchLabels: z
      .record(z.string().min(1).max(317), labelValue)
      .meta({ minProperties: 1, maxProperties: 16 })
      .describe("Labels that the workload must carry, every one of them."),
  })
  .describe("Chooses exactly one workload by its labels. Two that match are an error, never a guess.");

const targetFields = {
  kind: z.enum(["Deployment", "DaemonSet", "StatefulSet"]).describe("The kind of the workload."),
  name: name.optional().describe("Its name, in the namespace of this resource. Either name or selector."),
  selector: selector.optional(),
  container: name
    .optional()
    .describe("The container that runs the agent. Default: the one whose command or name is the agent's."),
};
const target = z
  .object(targetFields)
  .meta(
    rules({
      rule: "has(self.name) != has(self.selector)",
      message: "set exactly one of name and selector",
    }),
  )
  .describe("A workload that runs an agent.");
const targets = z.array(target).min(1).max(16);
const pollingTarget = z
  .object({
    ...targetFields,
    pollingNamespaces: z
      .array(
        z
          .string()
          .min(1)
          .max(63)
          .regex(/^[a-z0-9]([-a-z0-9_.]*[a-z0-9])?$/)
          .describe("A polling namespace of Ceilometer: central, compute, ipmi."),
      )
      .min(1)
      .max(8)
      .optional()
      .describe("The polling namespaces that its agents serve. Default: read from their command line."),
  })
  .meta(
    rules({
      rule: "has(self.name) != has(self.selector)",
      message: "set exactly one of name and selector",
    }),
  )
  .describe("A workload that runs polling agents.");

/** A number as text, because a CRD's numbers lose digits on the way; compared as a number. */
const number = z
  .string()
  .min(1)
  .max(32)
  .regex(/^-?[0-9]+(\.[0-9]+)?$/);
const provider = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
  .describe("The name of a provider that the operator is configured with: its address and credentials are never here.");
const bounds = {
  min: number.optional().describe("The least value that passes."),
  max: number.optional().describe("The greatest value that passes."),
};
const gateKinds = {
  prometheus: z
    .object({
      provider,
      query: z.string().min(1).max(2048).describe("A query that answers one number."),
      ...bounds,
    })
    .meta(rules({ rule: "has(self.min) || has(self.max)", message: "set min, max or both" }))
    .optional()
    .describe("A Prometheus query must answer within the bounds."),
  http: z
    .object({
      provider,
      path: z
        .string()
        .min(1)
        .max(1024)
        .regex(/^\/[^\s#]*$/)
        .describe("The path below the provider's address."),
      pointer: z
        .string()
        .max(256)
        .regex(/^(\/[^\s]*)?$/)
        .optional()
        .describe("A JSON pointer into the answer, to the number that is compared. Default: only the status counts."),
      ...bounds,
    })
    .meta(
      rules({
        rule: "has(self.pointer) || !(has(self.min) || has(self.max))",
        message: "min and max need a pointer to the number that they are bounds of",
        fieldPath: ".pointer",
      }),
    )
    .optional()
    .describe(
      "A JSON document that a provider serves must answer 200 and, with a pointer, a number within the bounds.",
    ),
};

const jobFrom = z
  .object({
    kind: z
      .enum(["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"])
      .describe("An agent workload lends its pod template; a Job or CronJob is used as it is."),
    name: name.describe("Its name, in the namespace of this resource."),
    container: name.optional().describe("The container to take from an agent workload. Default: the agent's."),
  })
  .describe(
    'Where the pod of a Job comes from. A Job or CronJob must carry the annotation "ceilometer.openstack.org/allow-job-from: true".',
  );
const unchangedJobFrom = z
  .object({
    kind: z.enum(["Job", "CronJob"]).describe("The kind of the template."),
    name: name.describe("Its name, in the namespace of this resource."),
  })
  .describe(
    'A Job or (suspended) CronJob whose pod template is run as it is; it must carry the annotation "ceilometer.openstack.org/allow-job-from: true".',
  );

const database = z
  .object({
    action: z
      .enum(["Upgrade", "Skip"])
      .default("Upgrade")
      .describe(
        "Upgrade runs the release's own migration command; Skip says that no storage stands behind Ceilometer.",
      ),
    jobFrom: jobFrom.optional(),
    deadlineSeconds: seconds
      .max(86_400)
      .default(1800)
      .describe(
        "How long the migration may run, in seconds. Always set: without it a lost Gnocchi keeps the Job for ever.",
      ),
    backup: z
      .object({
        jobFrom: unchangedJobFrom,
        maxAgeSeconds: seconds
          .max(31_536_000)
          .default(86_400)
          .describe("A backup that succeeded at most this many seconds ago is good enough; else a new one is run."),
      })
      .optional()
      .describe("A backup that must have succeeded before the migration."),
  })
  .meta(
    rules({
      rule: "self.action == 'Skip' ? !has(self.jobFrom) && !has(self.backup) : has(self.jobFrom)",
      message: "Upgrade needs jobFrom; Skip takes neither jobFrom nor backup",
    }),
  )
  .describe("The database (Ceilometer's own, or Gnocchi's resource types). It is always first (clause F1).");

const componentFields = {
  image: image.optional().describe("Overrides target.image for this component."),
  progressDeadlineSeconds: seconds
    .max(604_800)
    .optional()
    .describe("Overrides spec.progressDeadlineSeconds for this component, in seconds."),
};
const scalable = {
  targets: targets.describe("The workloads of this component."),
  replicas: z
    .int32()
    .min(0)
    .max(10_000)
    .optional()
    .describe("Replicas of each target afterwards. Default: what they were."),
  ...componentFields,
};
const retire = z
  .boolean()
  .default(false)
  .describe("The target release has no such component: scale it to zero and leave it, never delete it.");

const collector = z
  .object({ ...scalable, retire })
  .describe("The collector (to Pike). All old collectors stop before the first new one starts (clause F2).");
const drain = z
  .object({
    config: configFile
      .optional()
      .describe(
        "A ceilometer.conf snippet that turns the agents' intake off (an empty notification_control_exchanges, Pike and later). It is appended as one more --config-file while the internal queues are emptied.",
      ),
    gate: z
      .object(gateKinds)
      .meta(
        rules(
          {
            rule: "has(self.prometheus) != has(self.http)",
            message: "set exactly one of prometheus and http",
          },
          {
            rule: "!has(self.prometheus) || has(self.prometheus.max)",
            message: "queues are empty where there are at most so many messages: set max",
            fieldPath: ".prometheus",
          },
          {
            rule: "!has(self.http) || (has(self.http.pointer) && has(self.http.max))",
            message: "queues are empty where there are at most so many messages: set pointer and max",
            fieldPath: ".http",
          },
        ),
      )
      .optional()
      .describe(
        "What can see that the internal queues are empty: a number of messages that must be at most max. A gate without max, or by http without pointer, would pass with full queues.",
      ),
    acknowledged: z
      .string()
      .max(64)
      .optional()
      .describe("A person's word that the internal queues are empty: the hash of the plan that it is given for."),
  })
  .describe("How internal queues are emptied that nobody would read any more (clause P3).");
const notification = z
  .object({
    ...scalable,
    workloadPartitioning: z
      .enum(["Auto", "Enabled", "Disabled"])
      .default("Auto")
      .describe(
        "Whether the agents share their work by internal queues. Auto reads it from their configuration and release.",
      ),
    reload: z
      .enum(["Literal", "Merge"])
      .default("Literal")
      .describe(
        "Where the pipeline differs under workload partitioning. Literal: the old agents are first restarted on the new pipeline, then the new ones roll in. Merge: the restart brings the new agents too.",
      ),
    memberTimeoutSeconds: z
      .int32()
      .min(0)
      .max(3600)
      .default(30)
      .describe(
        "How long the coordination backend keeps an agent that is gone in its group, in seconds (30 with etcd and memcached). Only workload partitioning needs it.",
      ),
    drain: drain.optional(),
  })
  .describe(
    "The notification agent. Full: all old agents stop before the first new one starts (clause F3). Partial: beside the old ones where the pipeline is the same (clause P3).",
  );

const verification = z
  .object({
    podLog: z
      .object({
        text: z
          .string()
          .min(1)
          .max(256)
          .optional()
          .describe("A literal text that proves a successful poll. Default: the success line of the target release."),
      })
      .optional()
      .describe("Looks for the line that an agent writes when it has polled. Needs pod logs enabled in the chart."),
    job: unchangedJobFrom.optional().describe("A Job that must succeed."),
    exporter: z
      .object({
        port: z.int32().min(1).max(65_535).default(9101).describe("The port of the agent's Prometheus exporter."),
      })
      .optional()
      .describe("The agent's own Prometheus endpoint must serve at least one sample (2025.1 and later)."),
    timeoutSeconds: seconds
      .max(86_400)
      .optional()
      .describe(
        "How long to wait, in seconds. Default: the longest polling interval (twice that for Pike and older) and 300 more.",
      ),
  })
  .meta(
    rules({
      rule: "(has(self.podLog) ? 1 : 0) + (has(self.job) ? 1 : 0) + (has(self.exporter) ? 1 : 0) == 1",
      message: "set exactly one of podLog, job and exporter",
    }),
  )
  .describe("How it is verified that data is polled again. Pod readiness alone never passes (clause F4).");

const isolatedGroup = z
  .object({
    when: z
      .enum(["Auto", "Always"])
      .default("Auto")
      .describe(
        "Auto: only where old and new agents would meet in one group, on one host, or in a cloud's central namespace. Always: whenever there are new pollsters.",
      ),
    prefix: z
      .string()
      .max(63)
      .regex(/^[A-Za-z0-9][-A-Za-z0-9_.]*$/)
      .optional()
      .describe("The group's partitioning_group_prefix. Default: derived from the plan."),
    config: configFile
      .optional()
      .describe(
        "A ceilometer.conf snippet with the prefix, for images before Stein, which do not read it from the environment. It is appended as one more --config-file.",
      ),
  })
  .describe("The polling group of its own in which agents with new pollsters start (clause P4).");
const newPollsters = z
  .object({
    source: z
      .enum(["Catalogue", "Image", "List"])
      .default("Catalogue")
      .describe(
        "Catalogue: built in, by release. Image: a Job asks each image, the running one and the target, for its own. List: the names below are what the target adds.",
      ),
    names: z
      .array(
        z
          .string()
          .min(1)
          .max(255)
          // Others cannot be written as a pattern that matches them alone.
          .regex(/^["-~][!-~]*$/)
          .describe("The entry-point name of a pollster."),
      )
      .max(512)
      .optional()
      .describe("With List: names of the pollsters that the target adds."),
    catalogue: configFile
      .optional()
      .describe("Pollsters of your own, by namespace and release, that are added to the built-in catalogue."),
  })
  .meta(
    rules({
      rule: "(self.source == 'List') == has(self.names)",
      message: "names goes with source: List, and only with it",
      fieldPath: ".names",
    }),
  )
  .describe("How it is known which pollsters the target adds (clause P4).");
const polling = z
  .object({
    targets: z
      .array(pollingTarget)
      .min(1)
      .max(16)
      .describe("The workloads of all polling namespaces: central, compute, ipmi."),
    ...componentFields,
    verification,
    isolatedGroup: isolatedGroup.optional(),
    newPollsters: newPollsters.optional(),
  })
  .describe(
    "The polling agents. Full: all go down on all hosts, one starts and is verified, then the others (clause F4). Partial: beside the old ones, and new pollsters in a group of their own first (clause P4).",
  );

const api = z
  .object({
    ...scalable,
    retire,
    position: z
      .enum(["First", "Last"])
      .default("Last")
      .describe("First: right after the database. Last: after the polling agents. It may go at any point (clause F5)."),
  })
  .describe("The API (to Pike). There are never two versions of it at once (clauses F5 and P5).");

const components = z
  .object({
    database,
    collector: collector.optional(),
    notification: notification.optional(),
    polling: polling.optional(),
    api: api.optional(),
  })
  .meta(
    rules({
      rule: "has(self.collector) || has(self.notification) || has(self.polling) || has(self.api)",
      message: "name at least one component besides the database",
    }),
  )
  .describe("What this Ceilometer consists of. An absent component does not exist here and is never waited for.");

const componentName = z
  .enum(["database", "collector", "notification", "polling", "api"])
  .describe("A component: database, collector, notification, polling or api.");
const planHash = z
  .string()
  .min(8)
  .max(64)
  .regex(/^[0-9a-f]+$/)
  .describe("The hash of the plan that it is said of (status.plan.hash): it holds for no other plan.");
const gateName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
  .describe("The name of the gate, unique in this resource.");

const gate = z
  .object({
    name: gateName,
    before: componentName.optional().describe("It must pass before this component's first write."),
    after: componentName
      .optional()
      .describe("It must pass after this component has settled, before the next one begins and before the end."),
    ...gateKinds,
    job: unchangedJobFrom.optional().describe("A Job that must succeed; it is run once for each plan and retry."),
    podLog: z
      .object({
        text: z
          .string()
          .min(1)
          .max(256)
          .optional()
          .describe(
            "A literal text that every pod of the component must have logged. Default: the release's own success line, which notification and polling agents have.",
          ),
      })
      .optional()
      .describe("Looks into the logs of the component's pods. Needs pod logs enabled in the chart."),
    exporter: z
      .object({
        port: z.int32().min(1).max(65_535).default(9101).describe("The port of the agents' Prometheus exporter."),
      })
      .optional()
      .describe("Each polling agent's own Prometheus endpoint must serve at least one sample (2025.1 and later)."),
    timeoutSeconds: seconds
      .max(604_800)
      .default(3600)
      .describe(
        "How long it may say no before the step is reported as stalled, in seconds. The upgrade goes on by itself when it passes later.",
      ),
  })
  .meta(
    rules(
      { rule: "has(self.before) != has(self.after)", message: "set exactly one of before and after" },
      {
        rule: "(has(self.prometheus) ? 1 : 0) + (has(self.http) ? 1 : 0) + (has(self.job) ? 1 : 0) + (has(self.podLog) ? 1 : 0) + (has(self.exporter) ? 1 : 0) == 1",
        message: "set exactly one of prometheus, http, job, podLog and exporter",
      },
      {
        rule: "!has(self.podLog) || ((has(self.before) ? self.before : self.after) != 'database' && (has(self.podLog.text) || (has(self.before) ? self.before : self.after) in ['notification', 'polling']))",
        message:
          "podLog looks at agents; only notification and polling agents have a success line, set podLog.text for others",
        fieldPath: ".podLog",
      },
      {
        rule: "!has(self.exporter) || (has(self.before) ? self.before : self.after) == 'polling'",
        message: "only polling agents have an exporter",
        fieldPath: ".exporter",
      },
    ),
  )
  .describe("An extra gate before or after a component. It fails closed, and its answer holds for one plan only.");

const maintenanceWindow = z
  .object({
    schedule: z
      .string()
      .min(1)
      .max(128)
      .describe(
        "When the window opens: a cron expression of five fields (minute, hour, day of month, month, day of week).",
      ),
    durationSeconds: seconds.max(604_800).describe("How long it stays open, in seconds of real time."),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .default("Etc/UTC")
      .describe("The time zone of the schedule, by its name in the IANA database."),
  })
  .describe(
    "A time in which steps may begin. What has begun is brought to its next safe point when the window closes.",
  );

export const skippedGateSchema = z
  .object({
    name: gateName,
    planHash,
    reason: z.string().min(1).max(1024).describe("Why it is skipped. It stays in the history."),
  })
  .describe("A gate that is not asked, for one plan.");

/** What may be accepted by name: findings of the gates that a person can judge better. */
export const ACCEPTABLE = [
  "DefinitionRemoved",
  "DefinitionAltered",
  "DefinitionUnknown",
  "VerificationInconclusive",
  "OldConfigurationUnknown",
  "CollectorQueueUnseen",
  "PluginUnknown",
] as const;
/** RFC 3339 with date, time and zone, as the API server has it: a date alone would stand in no status. */
const fullTime = z.iso.datetime({ offset: true });
/** The API server takes small letters, too. */
const isFullTime = (text: string): boolean => fullTime.safeParse(text.toUpperCase()).success;

export const acceptedRiskSchema = z
  .object({
    check: z.enum(ACCEPTABLE).describe("The reason that the finding gives."),
    object: z.string().min(1).max(512).describe("The object that the finding names."),
    reason: z.string().min(1).max(1024).describe("Why it is accepted."),
    expiresAt: z
      .string()
      .max(64)
      .refine(isFullTime, "give date, time and zone, as in 2027-01-31T00:00:00Z")
      .meta({ format: "date-time" })
      .describe("Until when. Afterwards it holds again, for an attempt that has not begun."),
  })
  .describe("A risk that is accepted until it expires.");

/** `{'mitaka': 6, …}` as CEL: a map literal costs far less of the rule budget than a search in a list. */
const order = `{${RELEASES.map(([known, major]) => `'${known}': ${major}`).join(", ")}}`;

const OPTIONAL_COMPONENTS = ["collector", "notification", "polling", "api"] as const;

export const specSchema = z
  .object({
    mode: z
      .enum(["Apply", "Plan"])
      .default("Apply")
      .describe("Apply carries the upgrade out. Plan writes nothing but the plan in the status of this resource."),
    strategy: z
      .enum(["Full", "Partial"])
      .describe(
        "Full: the whole environment in one pass; each component is shut down before its new version starts. Partial: new agents run beside old ones, held by the gates of clauses P3 and P4.",
      ),
    paused: z
      .boolean()
      .default(false)
      .describe("Stops at the next safe point. Clocks stop too; status and watching go on."),
    from: z
      .object({ release })
      .optional()
      .describe(
        "The release that the workloads run now, where neither their annotation ceilometer.openstack.org/release nor their image tag says so.",
      ),
    target: z
      .object({ release, image, config: config.optional() })
      .describe("The release to reach, the image that carries it, and its configuration."),
    components,
    only: z
      .array(componentName)
      .max(5)
      .meta({ "x-kubernetes-list-type": "set" })
      .optional()
      .describe("Partial: upgrade just these components now and the rest later. Empty or absent: all of them."),
    acceptedRisks: z
      .array(acceptedRiskSchema)
      .max(64)
      .optional()
      .describe("Findings that were looked at and are accepted by name (clause M2). They stay in the history."),
    progressDeadlineSeconds: seconds
      .max(604_800)
      .default(1800)
      .describe("How long one step may make no progress before it is reported as stalled, in seconds."),
    minReadySeconds: z
      .int32()
      .min(0)
      .max(3600)
      .default(10)
      .describe(
        "How long the new pods of a workload have to have been ready before what comes after it begins, in seconds. An agent without a readiness probe counts as ready from its start, until it crashes.",
      ),
    ownership: z
      .enum(["Release", "Keep"])
      .default("Release")
      .describe(
        "Release gives up field ownership at the end (Helm); Keep holds it until Git shows the target (Argo CD).",
      ),
    gates: z
      .array(gate)
      .max(16)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .optional()
      .describe("Extra gates, before or after a component."),
    approvals: z
      .array(
        z.object({ before: componentName }).describe("Before this component's first write a person is waited for."),
      )
      .max(5)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["before"] })
      .optional()
      .describe("Points at which the upgrade waits for a person."),
    approved: z
      .array(z.object({ before: componentName, planHash }).describe("A point that is approved, of one plan."))
      .max(32)
      .optional()
      .describe("What a person has approved, for one plan."),
    skipGates: z
      .array(skippedGateSchema)
      .max(32)
      .optional()
      .describe("Extra gates that are not asked, by name and for one plan."),
    maintenanceWindows: z
      .array(maintenanceWindow)
      .max(8)
      .optional()
      .describe("Steps begin only while one of these is open. Absent or empty: at any time."),
    onFailure: z
      .enum(["Hold", "Rollback"])
      .default("Hold")
      .describe(
        "Hold stops where it is and says why. Rollback takes the workloads back to the old release, in the reverse order; the database is never taken back.",
      ),
    abort: z
      .boolean()
      .default(false)
      .describe(
        "Stop now and write nothing more, wherever it is. With rollback: true, return to the old release instead.",
      ),
    rollback: z
      .boolean()
      .default(false)
      .describe(
        "Take the workloads back to what they were before the attempt, in the reverse order; never the database. The end is final: raise retryAttempt to upgrade again.",
      ),
    retryAttempt: z.int32().min(0).default(0).describe("Raise by one to retry the step that failed."),
  })
  .meta(
    rules(
      {
        rule: "self.strategy == 'Partial' || !has(self.only) || size(self.only) == 0",
        message: "only goes with strategy: Partial; a full upgrade is of everything",
        fieldPath: ".only",
      },
      {
        rule: `!has(self.only) || self.only.all(name, name == 'database' || ${OPTIONAL_COMPONENTS.map((name) => `(name == '${name}' && has(self.components.${name}))`).join(" || ")})`,
        message: "only names a component that is not in spec.components",
        fieldPath: ".only",
      },
      {
        rule: `!has(self.from) || !(self.from.release in ${order}) || !(self.target.release in ${order}) || ${order}[self.from.release] <= ${order}[self.target.release]`,
        message: "the target release is older than spec.from.release; Ceilometer cannot be downgraded",
        fieldPath: ".target.release",
      },
    ),
  )
  .describe("The upgrade that is wanted.");

export const conditionSchema = z.object({
  type: z.string().max(316).describe("The condition's name."),
  status: z.enum(["True", "False", "Unknown"]),
  observedGeneration: z.int32().min(0).optional().describe("The generation of the spec that this was said of."),
  lastTransitionTime: z.string().meta({ format: "date-time" }).describe("When the status last changed."),
  reason: z.string().min(1).max(1024).describe("A stable word for programs."),
  message: z.string().max(32_768).describe("A sentence for people."),
});

const dateTime = z.string().meta({ format: "date-time" });

export const STEP_STATES = ["Pending", "Running", "Waiting", "Held", "Succeeded", "Skipped", "Failed"] as const;

const blockedBySchema = z
  .object({
    gate: z.string().max(64).describe("What says no."),
    object: z.string().max(512).describe("The object it looks at."),
    reason: z.string().max(128),
    remedy: z.string().max(2048).describe("What to do about it."),
    since: dateTime.optional(),
    nextCheckTime: dateTime.optional(),
  })
  .describe("Why the step does not go on.");

export const stepSchema = z.object({
  name: z.string().max(64).describe("The component."),
  state: z.enum(STEP_STATES),
  startedAt: dateTime.optional(),
  finishedAt: dateTime.optional(),
  attempts: z.int32().min(0).optional(),
  message: z.string().max(4096).optional(),
  blockedBy: blockedBySchema.optional(),
});

export const findingSchema = z.object({
  check: z.string().max(64),
  severity: z.enum(["Error", "Warning"]),
  object: z.string().max(512),
  message: z.string().max(2048),
  remedy: z.string().max(2048),
});

export const historySchema = z.object({
  plan: z.string().max(64).describe("The hash of the plan."),
  from: z.string().max(64).optional(),
  to: z.string().max(64),
  state: z.enum(["Completed", "Partial", "RolledBack", "Failed"]),
  startedAt: dateTime.optional(),
  finishedAt: dateTime.optional(),
  acceptedRisks: z
    .array(
      z.object({
        check: z.string().max(64),
        object: z.string().max(512),
        reason: z.string().max(1024),
        expiresAt: dateTime,
      }),
    )
    .max(64)
    .optional()
    .describe("What was accepted by name."),
  skippedGates: z
    .array(z.object({ name: z.string().max(63), reason: z.string().max(1024) }))
    .max(32)
    .optional()
    .describe("Extra gates that were not asked."),
});

/** One write of the plan, as the command `plan` and `mode: Plan` show it. */
export const plannedStepSchema = z.object({
  component: z.string().max(64).describe("The component that it is for."),
  object: z.string().max(512).describe("The object that is written."),
  action: z.string().max(128).describe("What is done to it: the reason that its Event will give."),
  from: z.string().max(1024).optional().describe("Image and configuration before."),
  to: z.string().max(1024).optional().describe("Image and configuration afterwards."),
  strategy: z.string().max(64).optional().describe("How the workload gets there: old beside new, or without overlap."),
  gates: z.array(z.string().max(64)).max(16).optional().describe("What must say yes before."),
  why: z.string().max(2048).describe("The clause, and what it asks."),
  downtime: z.string().max(256).optional().describe("How long no agent of the workload runs, as far as can be said."),
});

const pollsterNames = z.array(z.string().max(255)).max(512);
export const newPollstersSchema = z.object({
  namespace: z.string().max(128).describe("The polling namespace, or several that one workload serves."),
  object: z.string().max(512).describe("The workload."),
  added: pollsterNames.optional().describe("What only the new agents poll."),
  removed: pollsterNames.optional().describe("What only the old agents poll."),
  kept: z.int32().min(0).optional().describe("How many pollsters both poll."),
  path: z.string().max(64).optional().describe("Roll, Replace or Isolate."),
  message: z.string().max(2048).optional(),
});

export const pipelineParitySchema = z
  .object({
    state: z.enum(["NotPartitioned", "Same", "Differs", "Unknown", "MustDrain"]).describe("What the parity gate saw."),
    differences: z.array(z.string().max(1024)).max(64).optional().describe("Each difference, in words."),
  })
  .describe("Whether old and new notification agents would work on the same pipeline (clause P3).");

const mapList = (key: string) => ({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });

export const statusSchema = z
  .object({
    observedGeneration: z
      .int32()
      .min(-1)
      .optional()
      .describe("The generation that this was said of. -1: nobody has looked at the resource yet."),
    conditions: z.array(conditionSchema).max(32).meta(mapList("type")).optional(),
    step: z.string().max(64).optional().describe("The step that is under way, or the last one."),
    plan: z
      .object({
        hash: z.string().max(64).optional(),
        steps: z.array(plannedStepSchema).max(256).optional().describe("Every write, in its order."),
      })
      .optional()
      .describe("The plan: what an attempt does, or with mode: Plan would do."),
    steps: z.array(stepSchema).max(16).meta(mapList("name")).optional(),
    preflight: z.array(findingSchema).max(64).optional().describe("Every check that did not pass, all at once."),
    release: z
      .object({ current: z.string().max(64).optional(), target: z.string().max(64).optional() })
      .optional()
      .describe("The release that the workloads run, and the one they should."),
    maintenance: z
      .object({
        open: z.boolean().describe("Whether a window is open."),
        closesAt: dateTime.optional(),
        nextOpening: dateTime.optional(),
      })
      .optional()
      .describe("The maintenance windows, where there are any."),
    newPollsters: z.array(newPollstersSchema).max(16).optional().describe("What the partition gate saw."),
    pipelineParity: pipelineParitySchema.optional(),
    history: z.array(historySchema).max(10).optional().describe("Past attempts, newest first."),
  })
  // A resource without any status is ready to kstatus, so that Flux and Helm would not wait for it.
  .meta({ default: { observedGeneration: -1 } })
  .describe("A report. It is never read to decide anything.");

export type Spec = z.output<typeof specSchema>;
export type SpecInput = z.input<typeof specSchema>;
export type Status = z.output<typeof statusSchema>;
export type Condition = z.output<typeof conditionSchema>;
export type StepStatus = z.output<typeof stepSchema>;
export type BlockedBy = z.output<typeof blockedBySchema>;
export type Finding = z.output<typeof findingSchema>;
export type HistoryEntry = z.output<typeof historySchema>;
export type PlannedStep = z.output<typeof plannedStepSchema>;
export type NewPollstersStatus = z.output<typeof newPollstersSchema>;
export type PipelineParityStatus = z.output<typeof pipelineParitySchema>;
export type ExtraGate = z.output<typeof gate>;
export type MaintenanceWindow = z.output<typeof maintenanceWindow>;
export type AcceptedRisk = z.output<typeof acceptedRiskSchema>;
export type TargetRef = z.output<typeof target>;
export type PollingTargetRef = z.output<typeof pollingTarget>;
export type Drain = z.output<typeof drain>;
export type JobFrom = z.output<typeof jobFrom>;
export type Verification = z.output<typeof verification>;
export type ConfigFileRef = z.output<typeof configFile>;
