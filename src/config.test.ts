import { expect, test } from "vitest";
import { ConfigError, environmentName, helpText, OPTIONS, readConfig } from "./config.ts";
import { DEFAULT_DURATIONS } from "./runtime/lease.ts";

test("defaults need no flag and no variable", () => {
  const config = readConfig([], {});
  expect(config["watch-namespaces"]).toEqual([]);
  expect(config["pod-logs"]).toBe(false);
  expect(config["health-address"]).toEqual({ host: "0.0.0.0", port: 8081 });
  expect(config.kubeconfig).toBeUndefined();
  expect(config["lease-name"]).toBe("ceilometer-upgrade-operator");
});

test("a flag is stronger than its variable, and several values come by repetition or by commas", () => {
  const env = { CEILOMETER_UPGRADE_LOG_LEVEL: "warn", CEILOMETER_UPGRADE_SECRETS: "a, b" };
  const config = readConfig(["--log-level=debug", "--watch-namespaces=x,y", "--watch-namespaces=z"], env);
  expect(config["log-level"]).toBe("debug");
  expect(config.secrets).toEqual(["a", "b"]);
  expect(config["watch-namespaces"]).toEqual(["x", "y", "z"]);
});

test("addresses: IPv6 in brackets, port 0, and none at all", () => {
  const config = readConfig(["--health-address=[::1]:0", "--metrics-address="], {});
  expect(config["health-address"]).toEqual({ host: "::1", port: 0 });
  expect(config["metrics-address"]).toBeUndefined();
});

test("times of the lease are those of client-go, and are given in milliseconds, seconds or minutes", () => {
  const timesOf = (args: readonly string[]): readonly number[] => {
    const config = readConfig(args, {});
    return [config["lease-duration"], config["lease-renew-deadline"], config["lease-retry-period"]];
  };
  expect(timesOf([])).toEqual(Object.values(DEFAULT_DURATIONS));
  const args = ["--lease-duration=1m", "--lease-renew-deadline=30s", "--lease-retry-period=500ms"];
  expect(timesOf(args)).toEqual([60_000, 30_000, 500]);
});

test.each([
  [["--log-level=loud"], "--log-level"],
  [["--health-address=here"], "--health-address"],
  [["--health-address=127.0.0.1:"], '"127.0.0.1:" is no HOST:PORT'],
  [["--metrics-address=:0x1F90"], "--metrics-address"],
  [["--metrics-address=[::]:65536"], "--metrics-address"],
  [["--no-such-flag"], "--no-such-flag"],
  [["word"], "word"],
  [["--lease-name="], "--lease-name (CEILOMETER_UPGRADE_LEASE_NAME)"],
  [["--lease-name=A/b"], "name of an object"],
  [["--lease-duration=15"], "15s, 500ms or 1m"],
  [["--lease-retry-period=0s"], "--lease-retry-period"],
  [["--lease-duration=900ms", "--lease-renew-deadline=800ms", "--lease-retry-period=1ms"], "a second at least"],
  [["--lease-renew-deadline=15s"], "--lease-renew-deadline (CEILOMETER_UPGRADE_LEASE_RENEW_DEADLINE): must be shorter"],
  [["--lease-retry-period=5001ms"], "--lease-retry-period (CEILOMETER_UPGRADE_LEASE_RETRY_PERIOD): must be half"],
])("%j is refused and named", (args, name) => {
  expect(() => readConfig(args, {})).toThrow(ConfigError);
  expect(() => readConfig(args, {})).toThrow(name);
});

test("a variable that cannot be understood is named too", () => {
  expect(() => readConfig([], { CEILOMETER_UPGRADE_POD_LOGS: "maybe" })).toThrow("CEILOMETER_UPGRADE_POD_LOGS");
});

test("the help names every flag and how to find its variable", () => {
  const help = helpText();
  for (const name of Object.keys(OPTIONS)) expect(help).toContain(`--${name}`);
  expect(help).toContain(environmentName("log-level"));
});
