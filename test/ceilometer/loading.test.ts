/**
 * What Ceilometer's own agents make of pipeline files (clause P3): those that we accept load, those that we refuse do not, and
 * the log has the lines by which it is read. None of it shows in the readiness of a pod.
 *
 * The agents have a broker each that nobody else sees (`fake://`), so they take nothing in; and they are not partitioned, which
 * the releases that run here no longer can be. What partitioned agents do to each other is shown on a model instead.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readLoadingLog } from "../../src/model/loading-log.ts";
import { parsePipeline } from "../../src/model/pipeline.ts";
import { type AgentProcess, Site } from "./agents.ts";
import { AGENT_RELEASES } from "./environment.ts";
import { eventually } from "./polled.ts";

const EVENTS = `
sources: [{name: event_source, events: ["*"], sinks: [event_sink]}]
sinks: [{name: event_sink, publishers: ["test://"]}]
`;
const ACCEPTED = `
sources:
  - {name: cpu_source, meters: ["cpu", "disk.*"], sinks: [file_sink, test_sink]}
  - {name: rest_source, meters: ["!cpu", "!disk.*"], sinks: [test_sink]}
sinks:
  - {name: file_sink, publishers: ["file:///dev/null"]}
  - {name: test_sink, publishers: ["test://"]}
`;
const BOTH = `
sources: [{name: s, meters: ["cpu", "!disk.*"], sinks: [k]}]
sinks: [{name: k, publishers: ["test://"]}]
`;
const GONE = ACCEPTED.replace("file:///dev/null", "panko://");

/** A notification agent writes this for each of its two pipeline files that it could load. */
const LOADED = /DEBUG ceilometer\.notification .*Loaded endpoints \[/g;
const loaded = (agent: AgentProcess): number => agent.log().match(LOADED)?.length ?? 0;

/** What it would have written where `debug` is off, as it is by default. */
const withoutDebug = (log: string): string =>
  log
    .split("\n")
    .filter((line) => !/^[\d :.-]+ DEBUG /.test(line))
    .join("\n");
const LONG = 120_000;

let site: Site;
beforeEach(async () => {
  site = await Site.open();
});
afterEach(() => site[Symbol.asyncDispose]());

describe.each(AGENT_RELEASES)("$name", (release) => {
  async function start(pipeline: string, files: number): Promise<string> {
    const agent = await site.notification({
      name: "notification",
      release: release.name,
      pipeline,
      eventPipeline: EVENTS,
    });
    await eventually(
      () => Promise.resolve(loaded(agent) === files),
      () => agent.log(),
    );
    return agent.log();
  }
  function expectFault(log: string, name: string): void {
    for (const text of [log, withoutDebug(log)]) {
      const read = readLoadingLog(text, { agent: "notification", runningFor: LONG });
      expect(read.verdict).toBe("fail");
      expect(read.reason).toMatch(new RegExp(`: ${name}$`));
    }
  }
  const rules = (text: string): readonly string[] => {
    const read = parsePipeline(text, "meters", release);
    return read.kind === "broken" ? read.problems.map(({ rule }) => rule) : [];
  };

  test("a file that we accept loads, and no line says otherwise", async () => {
    expect(rules(ACCEPTED)).toEqual([]);
    const log = await start(ACCEPTED, 2);
    expect(log).not.toMatch(/Unable to load publisher|Could not load the following pipelines|exited with status/);
    expect(readLoadingLog(log, { agent: "notification" })).toMatchObject({ verdict: "pass" });
    // Such an agent says nothing of it, and what it says of something else that it could not load is no fault.
    const silent = withoutDebug(log);
    expect(silent).toContain("Could not load 'oslo_cache.memcache_pool'");
    expect(readLoadingLog(silent, { agent: "notification" })).toMatchObject({ verdict: "inconclusive" });
    expect(readLoadingLog(silent, { agent: "notification", runningFor: LONG })).toMatchObject({ verdict: "pass" });
  });

  test("a file that we refuse is not loaded, in the same words, and the agent stays up", async () => {
    const [rule = ""] = rules(BOTH);
    expect(rule).not.toBe("");
    const log = await start(BOTH, 1);
    expect(log).toMatch(new RegExp(`Could not load 'meter': Pipeline \\{.*\\}: ${rule}`));
    expect(log).toContain("Could not load the following pipelines: {'meter'}");
    expect(log).not.toContain("exited with status");
    expectFault(log, "meter");
  });

  test("a publisher that the release does not have is refused by us, and left out by the agent", async () => {
    expect(rules(GONE)).toHaveLength(1);
    const log = await start(GONE, 2);
    expect(log).toContain("Unable to load publisher panko://");
    expect(log).not.toContain("Could not load the following pipelines");
    expectFault(log, "panko://");
  });
});
