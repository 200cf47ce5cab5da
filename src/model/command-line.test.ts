import { describe, expect, it } from "vitest";
import { type CommandLine, commandLineOf, namespaceByName, scriptOf } from "./command-line.ts";
import type { Container } from "./pod-template.ts";

const container = (command: readonly string[] | undefined, args?: readonly string[]): Container => ({
  name: "agent",
  image: "i",
  ...(command === undefined ? {} : { command }),
  ...(args === undefined ? {} : { args }),
  env: [{ name: "DIR", value: "/etc/x" }],
});
const shown = ({ form, assumed, sources, pollingNamespaces }: CommandLine) => [
  `${form}${assumed ? ", assumed" : ""}`,
  sources.map(({ path, isDefault }) => `${path}${isDefault ? " (default)" : ""}`),
  pollingNamespaces,
];
const CONF = "/etc/ceilometer/ceilometer.conf";
const DEFAULTS = [`${CONF} (default)`, "/etc/ceilometer/ceilometer.conf.d (default)"];

describe("a command of the container's own", () => {
  it("says its files and directories in their order, written either way", () => {
    const command = [
      "/usr/bin/ceilometer-polling",
      "--polling-namespaces",
      "central",
      "compute",
      "--config-file",
      CONF,
    ];
    expect(shown(commandLineOf(container([...command, "--config-dir=/etc/b", "--config-file=/etc/a.conf"])))).toEqual([
      "direct",
      [CONF, "/etc/b", "/etc/a.conf"],
      ["central", "compute"],
    ]);
    expect(commandLineOf(container(command)).wrapper).toBe(false);
  });

  it("reads the default file without --config-file, and the default directory without --config-dir", () => {
    expect(shown(commandLineOf(container(["ceilometer-agent-notification"])))).toEqual(["direct", DEFAULTS, undefined]);
    const withFile = container(["ceilometer-agent-notification", "--config-file", "/a.conf"]);
    expect(shown(commandLineOf(withFile))[1]).toEqual([DEFAULTS[1], "/a.conf"]);
    const withDirectory = container(["ceilometer-agent-notification"], ["--config-dir", "/d"]);
    expect(shown(commandLineOf(withDirectory))[1]).toEqual([DEFAULTS[0], "/d"]);
  });

  it("has the container's variables put in, and is assumed where one is not known", () => {
    const command = (variable: string) => container(["ceilometer-polling", `--config-file=$(${variable})/c.conf`]);
    expect(shown(commandLineOf(command("DIR"))).slice(0, 2)).toEqual(["direct", [DEFAULTS[1], "/etc/x/c.conf"]]);
    expect(commandLineOf(command("OTHER")).assumed).toBe(true);
  });

  it("has no more put in than a command has, and is assumed where there would be more", () => {
    const huge: Container = {
      ...container(["ceilometer-polling", "--config-file", "$(BIG)".repeat(10_000)]),
      env: [{ name: "BIG", value: "x".repeat(10_000) }],
    };
    const { assumed, sources } = commandLineOf(huge);
    expect(assumed).toBe(true);
    expect(sources.every(({ path }) => path.length < 200_000)).toBe(true);
  });
  it("is assumed where it names more files than anybody has", () => {
    const many = commandLineOf(container(["ceilometer-polling", ...Array<string>(33).fill("--config-file=/a")]));
    expect(shown(many)).toEqual(["direct, assumed", DEFAULTS, undefined]);
    const all = commandLineOf(container(["ceilometer-polling", ...Array<string>(32).fill("--config-file=/a")]));
    expect(all.assumed).toBe(false);
  });
  it("is assumed where it has more words than anybody writes", () => {
    const words = ["ceilometer-polling", "--config-file", "/a"];
    const most = commandLineOf(container(words, Array<string>(4096 - words.length).fill("-v")));
    expect(most.assumed).toBe(false);
    const more = container(words, Array<string>(4097 - words.length).fill("-v"));
    expect(shown(commandLineOf(more))).toEqual(["direct, assumed", DEFAULTS, undefined]);
    expect(scriptOf(container(["/start.sh", ...Array<string>(4096).fill("-v")]))).toBeUndefined();
  });
  it("may stand behind an init process, or in the arguments", () => {
    const words = ["ceilometer-polling", "--polling-namespaces=ipmi"];
    expect(shown(commandLineOf(container(["dumb-init", "--", ...words])))).toEqual(["direct", DEFAULTS, ["ipmi"]]);
    expect(shown(commandLineOf(container(undefined, words)))).toEqual(["direct", DEFAULTS, ["ipmi"]]);
  });
});

describe("a wrapper", () => {
  it("is a shell with one line, which is read", () => {
    const line = `set -e; exec ceilometer-polling --polling-namespaces 'compute' --config-file "${CONF}" 2>&1 && true`;
    for (const command of [
      ["sh", "-c", line],
      ["/bin/bash", "-ec", line],
    ]) {
      const read = commandLineOf(container(command));
      expect(shown(read)).toEqual(["shell", [DEFAULTS[1], CONF], ["compute"]]);
      expect(read.wrapper).toBe(true);
    }
    expect(shown(commandLineOf(container(["sh", "-c", "ceilometer-polling"])))[0]).toBe("shell");
    expect(commandLineOf(container(["sh", "-c", "exec ceilometer-polling --config-file $CONF"])).assumed).toBe(true);
    expect(commandLineOf(container(["sh", "-c", "/start"])).assumed).toBe(true);
  });

  it("is a script, which is read where its text is known", () => {
    const start = container(["/tmp/ceilometer-central.sh"]);
    expect(scriptOf(start)).toBe("/tmp/ceilometer-central.sh");
    expect(scriptOf(container(["bash", "/tmp/start.sh"]))).toBe("/tmp/start.sh");
    expect(scriptOf(container(["ceilometer-polling"]))).toBeUndefined();
    expect(shown(commandLineOf(start))).toEqual(["script, assumed", DEFAULTS, undefined]);
    const text = `#!/bin/bash
# ceilometer-polling --config-file /never
set -ex
exec ceilometer-polling \\
      --polling-namespaces central \\
      --config-file ${CONF}
`;
    expect(shown(commandLineOf(start, text))).toEqual(["script", [DEFAULTS[1], CONF], ["central"]]);
    expect(commandLineOf(start, "exec /other").assumed).toBe(true);
  });

  it("is kolla_start, or the image's entry point, of which nothing is known", () => {
    const kolla = container(["/bin/bash"], ["-c", "/usr/local/bin/kolla_start"]);
    expect(shown(commandLineOf(kolla))).toEqual(["kolla, assumed", DEFAULTS, undefined]);
    expect(shown(commandLineOf(container(["dumb-init", "kolla_start"])))[0]).toBe("kolla, assumed");
    expect(shown(commandLineOf(container(undefined)))[0]).toBe("image, assumed");
  });

  it("may be named for its namespace", () => {
    expect(namespaceByName(["/tmp/start.sh", "ceilometer-central-agent"])).toEqual(["central"]);
    expect(namespaceByName(["/tmp/ceilometer-ipmi.sh", "compute"])).toEqual(["ipmi"]);
    expect(namespaceByName(["recentrally"])).toBeUndefined();
  });
});

it("puts variables into thousands of words once for each container, however often a look asks", () => {
  let read = 0;
  const env = [{ name: "A", value: "/etc/a.conf" }];
  const command = ["ceilometer-polling", "--config-file", "$(A)", ...Array.from({ length: 4000 }, () => "--x")];
  const container: Container = {
    name: "a",
    image: "a",
    command,
    get env() {
      read += 1;
      return env;
    },
  };
  scriptOf(container);
  const first = commandLineOf(container);
  expect(commandLineOf(container)).toEqual(first);
  expect(first.sources.at(-1)?.path).toBe("/etc/a.conf");
  expect(read).toBe(1);
});
