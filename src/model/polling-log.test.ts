import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPollingLog } from "./polling-log.ts";

const log = (...messages: string[]): string =>
  messages.map((message) => `2026-01-02 03:04:05.678 12 INFO ceilometer.polling.manager [-] ${message}`).join("\n");
const begins = (name: string) => `Polling pollster ${name} in the context of meter_source`;
const ends = (name: string) => `Finished polling pollster ${name} in the context of meter_source`;
const fails = (name: string) => `Continue after error from ${name}: boom`;
const givesUp = (name: string) => `Prevent pollster ${name} from polling [<x>] on source meter_source anymore!`;
const skips = (name: string) => `Skip pollster ${name}, no resources found this cycle`;

const FINISHED = { finished: true };
const BEGUN = { finished: false };

describe("a release that says when a poll has ended well (2023.2 and later)", () => {
  it.each([
    [[begins("cpu"), ends("cpu")], "pass", "1 pollster polled"],
    [[ends("cpu"), ends("disk"), fails("ip")], "pass", "2 pollsters polled; these failed: ip"],
    [[begins("cpu"), fails("cpu")], "fail", "these pollsters failed: cpu"],
    [[begins("cpu"), givesUp("cpu")], "fail", "these pollsters failed: cpu"],
    [[begins("cpu")], "inconclusive", "a poll has begun, and no line says that it ended well"],
    [[skips("cpu")], "inconclusive", "no resources found yet"],
    [["Skip pollster x, no new resources found this cycle"], "inconclusive", "no resources found yet"],
    [["Skipping x, keystone issue: y"], "inconclusive", "Keystone did not answer when resources were looked for"],
    [
      ["The pollster [x] should be processed by other node."],
      "inconclusive",
      "the agent's pollsters belong to other members of its group",
    ],
    [["Starting"], "inconclusive", "no line of a poll in the log"],
    [["Child 31 exited with status 2"], "fail", /its worker keeps exiting/],
    [["Child 31 exited with status 0"], "inconclusive", "no line of a poll in the log"],
    [["No valid pollsters can be loaded from ['bogus'] namespaces"], "fail", /none of its polling namespaces/],
  ] as const)("%j", (messages, verdict, reason) => {
    const read = readPollingLog(log(...messages), FINISHED);
    expect(read.verdict).toBe(verdict);
    expect(read.reason).toMatch(reason);
  });
});

describe("a release that says only when a poll begins", () => {
  it.each([
    [[begins("cpu")], "pass"],
    [[begins("cpu"), fails("cpu")], "fail"],
    [[begins("cpu"), fails("cpu"), begins("disk")], "pass"],
    [[begins("cpu"), begins("disk"), fails("cpu"), givesUp("disk")], "fail"],
    // The second attempt may still fail as the first did.
    [[begins("cpu"), fails("cpu"), begins("cpu")], "fail"],
    [[begins("cpu"), fails("cpu"), begins("cpu"), begins("cpu")], "pass"],
    [[begins("cpu"), begins("cpu"), fails("cpu")], "fail"],
    [[skips("cpu")], "inconclusive"],
    [[], "inconclusive"],
  ] as const)("%j is %s", (messages, verdict) => {
    expect(readPollingLog(log(...messages), BEGUN).verdict).toBe(verdict);
  });

  it("is not taken in by the other release's line alone", () => {
    expect(readPollingLog(log(begins("cpu")), FINISHED).verdict).toBe("inconclusive");
  });
});

describe("a text of the user's own", () => {
  it("replaces the release's line", () => {
    const question = { finished: true, text: "sent 3 samples" };
    expect(readPollingLog(log("sent 3 samples to x"), question).verdict).toBe("pass");
    expect(readPollingLog(log(ends("cpu")), question).verdict).toBe("inconclusive");
    expect(readPollingLog(log(fails("cpu")), question).verdict).toBe("fail");
    expect(readPollingLog("sent 3\n samples", question).verdict).toBe("inconclusive");
  });
});

describe("reasons", () => {
  it("name at most five pollsters", () => {
    const read = readPollingLog(log(...["a", "b", "c", "d", "e", "f", "g"].map(fails)), FINISHED);
    expect(read.reason).toBe("these pollsters failed: a, b, c, d, e and 2 more");
  });

  it("never echo arbitrary text", () => {
    const secret = "connection://user:hunter2@host";
    const read = readPollingLog(log(`Continue after error from cpu: ${secret}`, secret), FINISHED);
    expect(read.reason).toBe("these pollsters failed: cpu");
  });

  it("stay short and printable whatever the log says", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 300 })), fc.boolean(), (names, finished) => {
        const text = names.flatMap((name) => [begins(name), fails(name)]).join("\n");
        const { reason } = readPollingLog(text, { finished });
        expect(reason).toMatch(/^[\x20-\x7e…]{1,500}$/);
      }),
    );
  });
});
