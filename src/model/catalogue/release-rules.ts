/**
 * What holds for which releases of Ceilometer, as data: `src/model/release.ts` gives the rules the names that code uses.
 *
 * To add one: a line here with its bounds and where that was read, and a function in `src/model/release.ts` that asks for it,
 * with a test of the release on each side of a bound. A rule that a new release ends gets its `until`.
 */
import { z } from "zod";
import { PACKAGE_VERSION, RELEASES } from "../../api/v1alpha1/releases.ts";

const releaseName = z.enum(RELEASES.map(([name]) => name));
const packageVersion = z.string().regex(new RegExp(`^${PACKAGE_VERSION}$`));

export const releaseRuleSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
    /** The first release, or point release, it holds for; from the beginning where it is absent. */
    since: z.union([releaseName, packageVersion]).exactOptional(),
    /** The last release it holds for; to this day where it is absent. */
    until: releaseName.exactOptional(),
    /** Where it was read: the release's file, its release note, or the change that made it so. */
    source: z.string().min(1),
    meaning: z.string().min(1),
  })
  .readonly();

export type ReleaseRule = z.infer<typeof releaseRuleSchema>;

export const RELEASE_RULES = [
  {
    id: "collector-and-api",
    until: "pike",
    source: "Queens, release notes drop-collector-4c207b35d67b2977 and ceilometer-api-removal",
    meaning: "there are a collector and an API",
  },
  {
    id: "database-by-dbsync",
    until: "mitaka",
    source: "ceilometer/cmd/storage.py of 6.0.0 and 7.0.0",
    meaning: "ceilometer-dbsync migrates the database; from Newton on ceilometer-upgrade does",
  },
  {
    id: "migration-retries",
    since: "queens",
    source: "ceilometer/cmd/storage.py of 10.0.0",
    meaning: "ceilometer-upgrade takes --retry; without it a lost connection is retried for ever",
  },
  {
    id: "polls-by-pipeline-file",
    until: "pike",
    source: "ceilometer/pipeline.py of 7.0.0 and 8.0.0; Queens made polling.yaml mandatory",
    meaning: "polling agents read pipeline.yaml; in Ocata and Pike only where there is no polling.yaml",
  },
  {
    id: "polls-by-polling-file",
    since: "ocata",
    source: "Ocata, release note polling-definition",
    meaning: "polling agents read polling.yaml",
  },
  {
    id: "late-first-poll",
    until: "pike",
    source: "ceilometer/agent/manager.py of 9.0.0; changed by a034d2d8f in Queens",
    meaning: "an agent may wait for two whole intervals before it polls; from Queens on it polls at once",
  },
  {
    id: "finished-poll-lines",
    since: "2023.2",
    source: "ceilometer/polling/manager.py of 21.0.0, by b9c151bb2",
    meaning: "an agent writes a line when a poll has ended well; before, only when it begins",
  },
  {
    id: "exporter",
    since: "2025.1",
    source: "ceilometer/polling/manager.py of 24.0.0, option enable_prometheus_exporter",
    meaning: "an agent can serve what it polled to Prometheus",
  },
  {
    id: "notification-partitioning",
    until: "rocky",
    source: "Stein, release note remove-notification-workload-partitioning",
    meaning: "notification agents can share work as one group, through queues of their own",
  },
  {
    id: "group-of-pipe-queues",
    until: "pike",
    source: "ceilometer/notification.py of 6.0.0 and 9.0.0",
    meaning:
      "that group is ceilometer.notification, with a queue for each pipeline: ceilometer-pipe-<pipeline>-<number>",
  },
  {
    id: "group-of-shared-queues",
    since: "queens",
    until: "rocky",
    source: "ceilometer/notification.py and pipeline/base.py of 10.0.0; release note manager-based-ipc-queues",
    meaning: "that group is ceilometer.notification.v2, with queues for all pipelines: ceilometer_ipc-<kind>-<number>",
  },
  {
    id: "control-exchanges",
    since: "pike",
    source: "ceilometer/notification.py of 9.0.0, option notification_control_exchanges",
    meaning: "with no exchanges to listen on, a notification agent takes nothing in and empties the group's queues",
  },
  {
    id: "ring-by-listing",
    until: "ocata",
    source: "ceilometer/coordination.py of 8.0.0",
    meaning: "a polling agent lists the members of its group at every discovery",
  },
  {
    id: "ring-by-watching",
    since: "11.1.0",
    source: "ceilometer/polling/manager.py of 11.1.0 and 12.0.0, by 4e627004f; Launchpad bug 1787125",
    meaning: "a polling agent shows itself alive, and follows the members of its group at every poll",
  },
  {
    id: "compute-group-of-host",
    since: "pike",
    source: "ceilometer/compute/discovery.py of 8.0.0 (group_id) and 9.0.0",
    meaning:
      "compute agents of one host share its instances in a group; to Ocata only where [compute] asks for partitioning",
  },
  {
    id: "options-from-environment",
    since: "stein",
    source: "oslo.config 6.7.0, the environment as a source, of the time of Stein",
    meaning: "OS_<GROUP>__<OPTION> in the environment wins over configuration files",
  },
  {
    id: "transformers",
    until: "rocky",
    source: "ceilometer/pipeline/sample.py of 11.0.0 and 12.0.0",
    meaning: "sinks transform samples; from Stein on the key is ignored",
  },
  {
    id: "dynamic-pollsters",
    since: "ussuri",
    source: "ceilometer/polling/manager.py of 14.0.0, option pollsters_definitions_dirs",
    meaning: "files in pollsters.d define pollsters",
  },
  {
    id: "coordination-expression",
    since: "2025.2",
    source: "ceilometer/polling/manager.py of 25.0.0, group_id_coordination_expression",
    meaning: "a source of polling.yaml may name its own group, which partitioning_group_prefix does not prefix",
  },
] as const satisfies readonly ReleaseRule[];

export type ReleaseRuleId = (typeof RELEASE_RULES)[number]["id"];
