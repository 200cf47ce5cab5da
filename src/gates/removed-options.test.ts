import { describe, expect, it } from "vitest";
import { parseOsloConfig } from "../model/oslo-config.ts";
import { parseRelease } from "../model/release.ts";
import { removedOptionsSet } from "./removed-options.ts";

const release = (name: string) => parseRelease(name) ?? { name: "", major: 0 };

function told(text: string, target: string, from?: string): readonly string[] {
  const config = parseOsloConfig([{ name: "ceilometer.conf", text }]);
  const input = {
    object: "Secret/ceilometer-etc",
    target: release(target),
    option: (section: string, name: string) => config.option(section, name),
    ...(from === undefined ? {} : { from: release(from) }),
  };
  return removedOptionsSet(input).map(({ severity, message }) => `${severity} ${message.split(":")[0] ?? ""}`);
}

describe("options that the target does not read", () => {
  it("are told, with what the agents do instead and what to do", () => {
    const option = (section: string, name: string) =>
      `${section}/${name}` === "polling/tenant_name_discovery" ? "1" : undefined;
    expect(removedOptionsSet({ object: "Secret/etc", target: release("2025.1"), option })).toEqual([
      {
        gate: "RemovedOptions",
        object: "Secret/etc",
        reason: "OptionRemoved",
        message:
          "2025.1 renames [polling] tenant_name_discovery: it is called identity_name_discovery now, and the old name is still read for a while",
        remedy: "rename it to [polling] identity_name_discovery",
        severity: "Warning",
      },
    ]);
  });

  it("are told from the release on that does not read them", () => {
    const text = "[coordination]\ncheck_watchers = 5\n[notification]\nbatch_timeout = 5\n";
    expect(told(text, "rocky")).toEqual([]);
    expect(told(text, "stein")).toEqual(["Warning stein does not read [notification] batch_timeout"]);
    expect(told(text, "xena")).toEqual(["Warning xena does not read [notification] batch_timeout"]);
    // Yoga reads it again.
    expect(told(text, "yoga")).toEqual([]);
    expect(told(text, "zed")).toEqual(["Warning zed does not read [coordination] check_watchers"]);
  });

  it("never shows a value", () => {
    const option = () => "hunter2";
    expect(JSON.stringify(removedOptionsSet({ object: "x", target: release("2026.2"), option }))).not.toContain(
      "hunter2",
    );
  });
});

describe("options whose loss loses or doubles data", () => {
  it.each([
    ["[DEFAULT]\npollster_list = cpu,disk.*\n", "queens", "Error queens does not read [DEFAULT] pollster_list"],
    ["[DEFAULT]\npollster_list = *\n", "queens", "Warning queens does not read [DEFAULT] pollster_list"],
    ["[DEFAULT]\nnova_control_exchange = n2\n", "pike", "Error pike does not read [DEFAULT] nova_control_exchange"],
    ["[DEFAULT]\nnova_control_exchange = nova\n", "pike", "Warning pike does not read [DEFAULT] nova_control_exchange"],
    [
      "[DEFAULT]\nnova_control_exchange = n2\n[notification]\nnotification_control_exchanges = n2\n",
      "pike",
      "Warning pike does not read [DEFAULT] nova_control_exchange",
    ],
    [
      "[meter]\nmeter_definitions_cfg_file = own.yaml\n",
      "stein",
      "Error stein does not read [meter] meter_definitions_cfg_file",
    ],
    [
      "[meter]\nmeter_definitions_cfg_file = own.yaml\nmeter_definitions_dirs = /etc/own\n",
      "stein",
      "Warning stein does not read [meter] meter_definitions_cfg_file",
    ],
  ])("%j towards %s", (text, target, message) => {
    expect(told(text, target)).toEqual([message]);
  });

  it("are no more than a warning where the old release did not read them either", () => {
    const text = "[DEFAULT]\nnova_control_exchange = n2\n";
    expect(told(text, "rocky", "ocata")[0]).toMatch(/^Error/);
    expect(told(text, "rocky", "pike")[0]).toMatch(/^Warning/);
  });
});
