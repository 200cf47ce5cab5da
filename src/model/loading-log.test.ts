import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLoadingLog } from "./loading-log.ts";

const log = (...messages: string[]): string =>
  messages.map((message) => `2026-01-02 03:04:05.678 12 ERROR ceilometer.pipeline.base [-] ${message}`).join("\n");
const NOTIFICATION = { agent: "notification" } as const;
const POLLING = { agent: "polling" } as const;
const CONFIG = "Config file: {'sources': []}";

describe("a notification agent", () => {
  it.each([
    ["Could not load the following pipelines: {'meter'}", /could not load these pipelines .*: meter$/],
    ["Could not load the following pipelines: {'meter', 'event'}", /: meter, event$/],
    ["Could not load the following pipelines: set([u'meter'])", /: meter$/],
    ["Unable to load publisher panko://", /could not load these publishers .*: panko:\/\/$/],
    ["Unable to load publisher gnocchi://: keystoneauth1.exceptions.ConnectFailure: x", /: gnocchi:\/\/$/],
    ["Child 31 exited with status 1", /its worker keeps exiting/],
  ])("fails with %j, also after it has read its files", (message, reason) => {
    for (const text of [log(message), log(CONFIG, "x", message)]) {
      const read = readLoadingLog(text, NOTIFICATION);
      expect(read.verdict).toBe("fail");
      expect(read.reason).toMatch(reason);
    }
  });

  it("tells all that it finds, each once", () => {
    const text = log(
      "Unable to load publisher a://",
      "Unable to load publisher a://x",
      "Unable to load publisher b://",
      "Could not load the following pipelines: {'event'}",
    );
    expect(readLoadingLog(text, NOTIFICATION).reason).toBe(
      "it could not load these publishers and publishes nothing to them until it is started again: a://, b://; it could not load these pipelines and drops what they would take: event",
    );
  });

  it.each([
    ["Pipeline config: {}"],
    ["Config file: {}"],
    ["detected decoupled pipeline config format"],
    ["Loaded endpoints [x] for manager [y]."],
  ])("passes with %j", (message) => {
    expect(readLoadingLog(log(message), NOTIFICATION).verdict).toBe("pass");
  });

  it("passes where another worker has loaded after one that exited", () => {
    expect(readLoadingLog(log("Child 31 exited with status 1", CONFIG), NOTIFICATION).verdict).toBe("pass");
    expect(readLoadingLog(log(CONFIG, "Child 31 exited with status 0"), NOTIFICATION).verdict).toBe("pass");
  });

  it("that writes nothing of it is given time, if its log is seen at all", () => {
    const silent = log("Caught SIGHUP");
    const verdict = (text: string, runningFor: number) => readLoadingLog(text, { ...NOTIFICATION, runningFor }).verdict;
    expect(readLoadingLog(silent, NOTIFICATION).verdict).toBe("inconclusive");
    expect(verdict(silent, 119_000)).toBe("inconclusive");
    expect(verdict(silent, 120_000)).toBe("pass");
    // What its start script writes does not show that its own lines are here.
    expect(
      verdict("INFO:__main__:Copying /a/ceilometer.conf to /b\n+ exec ceilometer-agent-notification", 999_000),
    ).toBe("inconclusive");
  });

  it.each(["", "\n\n", "   \n"])("with the log %j is not known", (text) => {
    expect(readLoadingLog(text, { ...NOTIFICATION, runningFor: 999_000 })).toEqual({
      verdict: "inconclusive",
      reason: "the log is empty",
    });
  });
});

describe("a polling agent", () => {
  it.each([
    ["No valid pollsters can be loaded from ['bogus'] namespaces", "none of its polling namespaces has a pollster"],
    ["No valid pollsters can be loaded with the startup parameters", "none of its polling namespaces has a pollster"],
    ["Failed to import extension for 'cpu': No module named x", "it could not import these pollsters: cpu"],
    ["Failed to import extension for u'disk.usage': x", "it could not import these pollsters: disk.usage"],
    ["Failed to import extension for cpu: x", "it could not import these pollsters: cpu"],
  ])("fails with %j", (message, reason) => {
    expect(readLoadingLog(log(message), POLLING)).toEqual({ verdict: "fail", reason });
  });

  it.each([
    ["Polling pollster cpu in the context of s"],
    ["Skip pollster cpu, no resources found this cycle"],
    ["Finished polling pollster cpu in the context of s"],
  ])("has read its file with %j", (message) => {
    expect(readLoadingLog(log(message), POLLING).verdict).toBe("pass");
    expect(readLoadingLog(log(message), NOTIFICATION).verdict).toBe("inconclusive");
  });
});

describe("reasons", () => {
  it("show a publisher by its scheme alone", () => {
    const { reason } = readLoadingLog(
      log("Unable to load publisher notifier://user:hunter2@host?topic=t: hunter2"),
      NOTIFICATION,
    );
    expect(reason).toMatch(/: notifier:\/\/$/);
  });

  it("name at most five", () => {
    const text = log(...["a", "b", "c", "d", "e", "f"].map((name) => `Unable to load publisher ${name}://`));
    expect(readLoadingLog(text, NOTIFICATION).reason).toMatch(/: a:\/\/, b:\/\/, c:\/\/, d:\/\/, e:\/\/ and 1 more$/);
  });

  it("stay short and printable whatever the log says", () => {
    const name = fc.string({ unit: "binary", maxLength: 300 });
    fc.assert(
      fc.property(fc.array(name), fc.constantFrom("notification", "polling"), (names, agent) => {
        const text = names.flatMap((each) => [
          `Unable to load publisher ${each}`,
          `Could not load the following pipelines: {'${each}'}`,
          `Failed to import extension for '${each}'`,
          each,
        ]);
        const { reason } = readLoadingLog(text.join("\n"), { agent });
        expect(reason).toMatch(/^[\x20-\x7e…]{1,1500}$/);
      }),
    );
  });
});
