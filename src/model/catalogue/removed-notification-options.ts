/**
 * Options of notification agents and collectors that a release no longer reads. Sources: the option definitions of every release
 * from Liberty to 2026.2, compared one with the next, and what each entry names.
 */
import type { RemovedOption } from "./removed-option.ts";

const drop = "remove the option";

/** Each service's own exchange; the value is Ocata's default. */
const EXCHANGES = [
  ["nova_control_exchange", "nova"],
  ["neutron_control_exchange", "neutron"],
  ["heat_control_exchange", "heat"],
  ["glance_control_exchange", "glance"],
  ["keystone_control_exchange", "keystone"],
  ["cinder_control_exchange", "cinder"],
  ["sahara_control_exchange", "sahara"],
  ["swift_control_exchange", "swift"],
  ["magnum_control_exchange", "magnum"],
  ["trove_control_exchange", "trove"],
  ["zaqar_control_exchange", "zaqar"],
  ["dns_control_exchange", "central"],
] as const;

/** Pike still knows them and reads notification_control_exchanges only (9.0.0, notification.py, get_targets). */
const EXCHANGE_OPTIONS = EXCHANGES.map(
  ([name, byDefault]): RemovedOption => ({
    section: "DEFAULT",
    name,
    removed: "pike",
    effect: "the notification agents read the exchanges of [notification] notification_control_exchanges and no other",
    remedy: "list the exchange in [notification] notification_control_exchanges",
    source: "deprecate-http-control-exchanges-026a8de6819841f8, remove-exchange-control-options-75ecd49423639068",
    loses: {
      unless: [byDefault],
      unlessSet: [
        ["notification", "notification_control_exchanges"],
        ["DEFAULT", "http_control_exchanges"],
      ],
    },
  }),
);

export const NOTIFICATION_OPTIONS: readonly RemovedOption[] = [
  {
    section: "notification",
    name: "store_events",
    removed: "newton",
    effect: "events are processed as soon as the event pipeline has a source",
    remedy: "empty the sources of event_pipeline.yaml if you want no events, and remove the option",
    source: "7.0.0, notification.py (Remove store_events options)",
  },
  {
    section: "notification",
    name: "disable_non_metric_meters",
    removed: "ocata",
    effect: "meters that only say that something exists are made only where meters.yaml defines them",
    remedy: "exclude or include such meters in pipeline.yaml, and remove the option",
    source: "8.0.0, notification.py (drop disable_non_metric_meters option)",
  },
  {
    section: "notification",
    name: "workload_partitioning",
    removed: "stein",
    effect:
      "every notification agent runs the whole pipeline, and nobody reads the internal queues of partitioned agents",
    remedy: "drain the internal queues before the upgrade, and remove the option",
    source: "remove-notification-workload-partitioning-2cef114fb2478e39",
  },
  {
    section: "notification",
    name: "pipeline_processing_queues",
    removed: "stein",
    effect: "there are no internal queues any more",
    remedy: "drain the internal queues before the upgrade, and remove the option",
    source: "remove-notification-workload-partitioning-2cef114fb2478e39",
  },
  {
    section: "notification",
    name: "batch_timeout",
    removed: "stein",
    back: "yoga",
    effect: "notifications are not batched",
    remedy: drop,
    source: "fix-notification-batch-9bb42cbdf817e7f9",
  },
  {
    section: "meter",
    name: "meter_definitions_cfg_file",
    removed: "stein",
    effect: "the file is not read, and meters that only it defines are not made any more",
    remedy:
      "mount the file in a directory of [meter] meter_definitions_dirs (/etc/ceilometer/meters.d), and remove the option",
    source: "remove-meter-definitions-cfg-file-d57c726d563d805f",
    loses: { unless: [], unlessSet: [["meter", "meter_definitions_dirs"]] },
  },
  {
    section: "DEFAULT",
    name: "ironic_exchange",
    removed: "queens",
    effect: "the notification agents read the exchanges of [notification] notification_control_exchanges and no other",
    remedy: "list the exchange in [notification] notification_control_exchanges",
    source: "remove-exchange-control-options-75ecd49423639068",
    loses: { unless: ["ironic"], unlessSet: [["notification", "notification_control_exchanges"]] },
  },
  ...EXCHANGE_OPTIONS,
];

export const COLLECTOR_OPTIONS: readonly RemovedOption[] = [
  ...["requeue_sample_on_dispatcher_error", "requeue_event_on_dispatcher_error"].map(
    (name): RemovedOption => ({
      section: "collector",
      name,
      removed: "mitaka",
      effect: "what a dispatcher cannot store is always requeued",
      remedy: drop,
      source: "always-requeue-7a2df9243987ab67",
    }),
  ),
  {
    section: "collector",
    name: "enable_rpc",
    removed: "mitaka",
    effect: "the collectors read no messages of rpc:// publishers",
    remedy: "publish by notifier:// or udp:// in pipeline.yaml, and remove the option",
    source: "remove-rpc-collector-d0d0a354140fd107",
  },
  ...["meter_dispatchers", "event_dispatchers"].map(
    (name): RemovedOption => ({
      section: "DEFAULT",
      name,
      removed: "queens",
      effect: "there is no collector any more: the publishers of the pipeline files say where data goes",
      remedy: "publish to the backend (gnocchi://) in the pipeline files, and remove the option",
      source: "drop-collector-4c207b35d67b2977",
    }),
  ),
  ...["metering_connection", "metering_time_to_live"].map(
    (name): RemovedOption => ({
      section: "database",
      name,
      removed: "queens",
      effect: "Ceilometer has no database of its own any more",
      remedy: "move what you need to Gnocchi, and remove the option",
      source: "drop-collector-4c207b35d67b2977, ceilometer-api-removal-6bd44d3eab05e593",
    }),
  ),
];
