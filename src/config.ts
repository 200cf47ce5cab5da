/**
 * What the operator is told when it starts: flags, else environment variables, else the defaults given here and nowhere else.
 * `--help` is made from the same table.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { LEASE_NAME } from "./controllers/ceilometer-upgrade/permissions.ts";
import { webhookSource } from "./observability/webhook.ts";

interface Option {
  readonly type: "string" | "boolean";
  readonly multiple?: true;
  /** What the value is called in the help. */
  readonly value?: string;
  readonly fallback: string;
  readonly help: string;
}

/** Every flag. Its environment variable is CEILOMETER_UPGRADE_ and the name in capitals, with commas between several values. */
export const OPTIONS = {
  kubeconfig: {
    type: "string",
    value: "PATH",
    fallback: "",
    help: "kubeconfig file. Default: the pod's ServiceAccount in a cluster, else KUBECONFIG, else ~/.kube/config",
  },
  context: { type: "string", value: "NAME", fallback: "", help: "context of the kubeconfig. Default: its current one" },
  "watch-namespaces": {
    type: "string",
    multiple: true,
    value: "NAMES",
    fallback: "",
    help: "namespaces to watch. Default: all of them",
  },
  "images-allowed": {
    type: "string",
    multiple: true,
    value: "PREFIX",
    fallback: "",
    help: "prefixes of images that may be run. Default: the repositories that the workloads run already",
  },
  "pod-logs": { type: "boolean", fallback: "false", help: "read the agents' logs to verify that data is polled" },
  secrets: {
    type: "string",
    multiple: true,
    value: "NAMES",
    fallback: "",
    help: "Secrets that hold agent configuration and may be read",
  },
  providers: {
    type: "string",
    value: "FILE",
    fallback: "",
    help: "file with the providers that gates may ask: addresses, and where their credentials lie",
  },
  notify: {
    type: "string",
    value: "TARGET",
    fallback: "",
    help: "webhook that is told of upgrades: an address, or a file with address and headers. Default: nobody is told",
  },
  "leader-elect": { type: "boolean", fallback: "false", help: "elect one leader among several replicas by a lease" },
  "lease-namespace": {
    type: "string",
    value: "NAME",
    fallback: "",
    help: "namespace of the lease. Default: POD_NAMESPACE, else that of the kubeconfig",
  },
  "lease-name": {
    type: "string",
    value: "NAME",
    fallback: LEASE_NAME,
    help: "name of the lease: one for each set of replicas",
  },
  "lease-duration": {
    type: "string",
    value: "TIME",
    fallback: "15s",
    help: "how long others see no renewal of the lease before one of them takes over",
  },
  "lease-renew-deadline": {
    type: "string",
    value: "TIME",
    fallback: "10s",
    help: "how long the leader may fail to renew it before it ends",
  },
  "lease-retry-period": {
    type: "string",
    value: "TIME",
    fallback: "2s",
    help: "how often the leader renews it; the others look up to twice as often",
  },
  "health-address": {
    type: "string",
    value: "HOST:PORT",
    fallback: "0.0.0.0:8081",
    help: "where /healthz and /readyz are served; port 0 takes a free one, an empty value serves none",
  },
  "metrics-address": {
    type: "string",
    value: "HOST:PORT",
    fallback: "0.0.0.0:8080",
    help: "where /metrics is served; port 0 takes a free one, an empty value serves none",
  },
  "log-level": {
    type: "string",
    value: "LEVEL",
    fallback: "info",
    help: "trace, debug, info, warn, error or silent",
  },
  "log-format": {
    type: "string",
    value: "FORMAT",
    fallback: "auto",
    help: "json, pretty, or auto: pretty on a terminal",
  },
  "give-back": {
    type: "boolean",
    fallback: "false",
    help: "take the lease, give back what upgrades under way have borrowed, and end; for the removal of the operator",
  },
  help: { type: "boolean", fallback: "false", help: "show this and exit" },
  version: { type: "boolean", fallback: "false", help: "show the version and exit" },
} as const satisfies Readonly<Record<string, Option>>;

type Name = keyof typeof OPTIONS;
const NAMES = Object.keys(OPTIONS).filter((name): name is Name => name in OPTIONS);

export const environmentName = (name: string): string =>
  `CEILOMETER_UPGRADE_${name.toUpperCase().replaceAll("-", "_")}`;

const address = z.string().transform((text, context) => {
  if (text === "") return undefined;
  const colon = text.lastIndexOf(":");
  const [digits = ""] = /^\d{1,5}$/.exec(text.slice(colon + 1)) ?? [];
  const port = Number(digits);
  // No digits are no port: 0 would be another one at each start, which no probe finds.
  if (colon < 0 || digits === "" || port > 65_535) {
    context.addIssue({ code: "custom", message: `"${text}" is no HOST:PORT` });
    return z.NEVER;
  }
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port };
});
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const list = z.array(z.string()).transform((values) =>
  values
    .flatMap((value) => value.split(","))
    .map((value) => value.trim())
    .filter(Boolean),
);
const optional = z.string().transform((text) => (text === "" ? undefined : text));

const leaseName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "give the name of an object: small letters, digits, - and .");

/** As Go writes them, in one unit; in milliseconds. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const duration = z.string().transform((text, context) => {
  const [, number = "", unit = ""] = /^(\d{1,6})(ms|s|m)$/.exec(text) ?? [];
  const milliseconds = Number(number) * (UNITS[unit] ?? 0);
  if (milliseconds > 0) return milliseconds;
  context.addIssue({ code: "custom", message: `"${text}" is no time such as 15s, 500ms or 1m` });
  return z.NEVER;
});

const flags = z.object({
  kubeconfig: optional,
  context: optional,
  "watch-namespaces": list,
  "images-allowed": list,
  "pod-logs": flag,
  secrets: list,
  providers: optional,
  notify: optional.transform((text) => (text === undefined ? undefined : webhookSource(text))),
  "leader-elect": flag,
  "lease-namespace": optional,
  "lease-name": leaseName,
  "lease-duration": duration,
  "lease-renew-deadline": duration,
  "lease-retry-period": duration,
  "health-address": address,
  "metrics-address": address,
  "log-level": z.enum(["trace", "debug", "info", "warn", "error", "silent"]),
  "log-format": z.enum(["json", "pretty", "auto"]),
  "give-back": flag,
  help: flag,
  version: flag,
});

/** A leader must have stopped before another may follow, and one answer that is lost must not cost it the lease. */
const schema = flags.superRefine((config, context) => {
  const refuse = (name: Name, message: string): void => context.addIssue({ code: "custom", path: [name], message });
  if (config["lease-duration"] < 1000) refuse("lease-duration", "a lease lasts a second at least");
  if (config["lease-renew-deadline"] >= config["lease-duration"])
    refuse("lease-renew-deadline", "must be shorter than --lease-duration");
  if (2 * config["lease-retry-period"] > config["lease-renew-deadline"])
    refuse("lease-retry-period", "must be half of --lease-renew-deadline at most");
});
export type Config = z.output<typeof schema>;

/** A flag or variable that cannot be understood: the message names it and what it takes. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export function readConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const given = parsed(args);
  const values = NAMES.map((name): [Name, string | string[]] => {
    const option: Option = OPTIONS[name];
    const flagged = given[name];
    const several = Array.isArray(flagged) ? flagged.filter((each) => typeof each === "string") : undefined;
    const one = typeof flagged === "string" || typeof flagged === "boolean" ? String(flagged) : undefined;
    const value = one ?? env[environmentName(name)] ?? option.fallback;
    return [name, option.multiple === true ? (several ?? [value]) : value];
  });
  const result = schema.safeParse(Object.fromEntries(values));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = String(issue?.path[0] ?? "");
  throw new ConfigError(`--${name} (${environmentName(name)}): ${issue?.message ?? "not understood"}`);
}

function parsed(args: readonly string[]): Readonly<Record<string, unknown>> {
  const options = Object.fromEntries(
    NAMES.map((name) => {
      const { type, multiple }: Option = OPTIONS[name];
      return [name, { type, multiple: multiple === true }];
    }),
  );
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export function helpText(): string {
  const lines = NAMES.map((name) => {
    const option: Option = OPTIONS[name];
    const left = `  --${name}${option.value === undefined ? "" : ` ${option.value}`}`;
    const fallback = option.fallback === "" || option.fallback === "false" ? "" : ` (default ${option.fallback})`;
    const several = option.multiple === true ? "; several: repeat it, or commas" : "";
    return `${left.padEnd(30)} ${option.help}${several}${fallback}`;
  });
  return [
    "ceilometer-upgrade-operator: rolling upgrades of OpenStack Ceilometer on Kubernetes",
    "",
    "Usage: node main.ts [flags]",
    "",
    ...lines,
    "",
    `Each flag has an environment variable, for instance --log-level: ${environmentName("log-level")}.`,
    "",
  ].join("\n");
}
