/**
 * Options of polling agents, of pipelines and publishers that a release no longer reads. Sources: the option definitions of every
 * release from Liberty to 2026.2, compared one with the next, and what each entry names.
 */
import type { RemovedOption } from "./removed-option.ts";

const drop = "remove the option";

export const PIPELINE_OPTIONS: readonly RemovedOption[] = [
  ...["refresh_pipeline_cfg", "refresh_event_pipeline_cfg", "pipeline_polling_interval"].map(
    (name): RemovedOption => ({
      section: "DEFAULT",
      name,
      removed: "pike",
      effect: "a changed pipeline file is read on SIGHUP or a restart only",
      remedy: "restart the agents when their files change, and remove the option",
      source: "remove-refresh-pipeline-618af089c5435db7",
    }),
  ),
  ...["resources_definition_file", "archive_policy", "filter_project", "request_timeout"].map(
    (name): RemovedOption => ({
      section: "dispatcher_gnocchi",
      name,
      removed: "rocky",
      effect: "the Gnocchi publisher takes it from its URL in pipeline.yaml only, or its default",
      remedy: `set it there (gnocchi://?${name === "request_timeout" ? "timeout" : name}=…), and remove the option`,
      source: "remove-gnocchi-dispatcher-options-4f4ba2a155c1a766",
    }),
  ),
  ...[
    ["DEFAULT", "metering_secret"],
    ["publisher", "metering_secret"],
    ["publisher_rpc", "metering_secret"],
  ].map(
    ([section = "", name = ""]): RemovedOption => ({
      section,
      name,
      removed: "2026.2",
      effect: "messages are signed with the default secret if telemetry_secret is not set",
      remedy: "set [publisher] telemetry_secret to the same value, and remove the option",
      source: "remove-aliases-for-telemetry_secret-5112a88118973427",
    }),
  ),
];

export const POLLING_OPTIONS: readonly RemovedOption[] = [
  {
    section: "DEFAULT",
    name: "pollster_list",
    removed: "queens",
    effect:
      "each agent polls all that polling.yaml lists; agents that had shared the work by their lists poll everything twice",
    remedy: "list the pollsters of each agent in a polling.yaml of its own, and remove the option",
    source: "remove-pollster-list-bda30d747fb87c9e",
    // Refused together with a coordination backend (PollsterListForbidden), so nothing else divides the work.
    loses: { unless: ["", "*"], unlessSet: [] },
  },
  {
    section: "DEFAULT",
    name: "shuffle_time_before_polling_task",
    removed: "queens",
    effect: "polls are not delayed at random",
    remedy: drop,
    source: "remove-shuffle_time_before_polling_task-option-05a4d225236c64b1",
  },
  {
    section: "DEFAULT",
    name: "batch_polled_samples",
    removed: "stein",
    effect: "samples are sent in batches of [polling] batch_size",
    remedy: "set [polling] batch_size (0 sends them one by one), and remove the option",
    source: "remove-batch_polled_samples-b40241c8aad3667d",
  },
  {
    section: "DEFAULT",
    name: "nova_http_log_debug",
    removed: "queens",
    effect: "requests to Nova are not logged by it",
    remedy: drop,
    source: "remove-nova-http-log-option-64e97a511e58da5d",
  },
  {
    section: "DEFAULT",
    name: "http_timeout",
    removed: "2026.2",
    effect: "nothing changes: it has long been unused",
    remedy: drop,
    source: "remove-http_timeout-5bced56beb771f2d",
  },
  {
    section: "compute",
    name: "workload_partitioning",
    removed: "queens",
    effect:
      "[compute] instance_discovery_method alone says how instances are found, by default from libvirt's metadata",
    remedy: "set [compute] instance_discovery_method = workload_partitioning to go on as before, and remove the option",
    source: "remove-compute-workload-partitioning-option-26538bc1e80500e3",
  },
  {
    section: "polling",
    name: "tenant_name_discovery",
    removed: "2025.1",
    renamed: true,
    effect: "it is called identity_name_discovery now, and the old name is still read for a while",
    remedy: "rename it to [polling] identity_name_discovery",
    source: "rename-tenant_name_discovery-1675a236bb51176b",
  },
  ...["heartbeat", "retry_backoff", "max_retry_interval"].map(
    (name): RemovedOption => ({
      section: "coordination",
      name,
      removed: "pike",
      effect: "the coordination library (tooz) sees to it by itself",
      remedy: "set it in the URL of [coordination] backend_url if its driver takes it, and remove the option",
      source: "9.0.0, coordination.py (Replace Ceilometer coordination layer by tooz partition system)",
    }),
  ),
  {
    section: "coordination",
    name: "check_watchers",
    removed: "zed",
    effect: "membership of the group is looked at when a poll begins",
    remedy: drop,
    source: "remove-check_watchers-a7c955703b6d9f57",
  },
  {
    section: "service_types",
    name: "neutron_lbaas_version",
    removed: "zed",
    effect: "load balancers of Neutron are not polled any more",
    remedy: drop,
    source: "remove-neutron-lbaas-d3d4a5327f6a167a",
  },
  {
    section: "hardware",
    name: "meter_definitions_file",
    removed: "zed",
    effect: "nothing is polled by SNMP any more",
    remedy: "poll the hosts with another exporter, and remove the option",
    source: "remove-generic-hardware-declarative-pollster-e05c614f273ab149",
  },
  {
    section: "xenapi",
    name: "connection_url",
    removed: "xena",
    effect: "instances on Xen are not polled any more",
    remedy: drop,
    source: "remove-xen-support-7cb932b7bc621269",
  },
  {
    section: "vmware",
    name: "host_ip",
    removed: "2025.1",
    effect: "instances on vSphere are not polled any more",
    remedy: drop,
    source: "remove-vsphere-support-411c97b66bdcd264",
  },
  {
    section: "ipmi",
    name: "node_manager_init_retry",
    removed: "2025.2",
    effect: "the Intel Node Manager is not polled any more",
    remedy: drop,
    source: "remove-intel-node-manager-0889de66dede9ab0",
  },
];
