/**
 * Clause P4 on Ceilometer's own agents: an isolated group beside the old agents, the old agents replaced, everything widened.
 * The agents are real, of 2025.1 and 2025.2, and so are their pollsters, their coordination (tooz with its file driver) and the
 * way they are told their group; the cloud that they ask is pretended.
 *
 * What cannot be run here is shown on a model instead: releases before 2025.1, whose libraries do not run on a Python of today,
 * and with them partitioned notification agents (to Rocky), polling agents that do not read their ring again (Pike to Rocky),
 * and a pollster that is removed (central and compute: 2025.1 was the last to remove one).
 */
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { derivedPolling } from "../../src/model/derived-polling.ts";
import { readLoadingLog } from "../../src/model/loading-log.ts";
import { type PollingFile, parsePolling } from "../../src/model/polling-file.ts";
import { readPollingLog } from "../../src/model/polling-log.ts";
import { cataloguedPollsters, pollsterChange } from "../../src/model/pollsters.ts";
import { type AgentProcess, type PollingAgent, Site } from "./agents.ts";
import { AGENT_RELEASES, type Ceilometer, ensureCeilometer } from "./environment.ts";
import { packagedPollsters } from "./packaged.ts";
import { type Expected, eventually, members, type Polled, polledBy } from "./polled.ts";

const WHOLE = `sources:
  - name: network
    interval: 1
    meters: ["ip.*", "network.*"]
  - name: the rest
    interval: 1
    meters: ["!ip.*", "!network.*"]
`;
const [OLD, NEW] = AGENT_RELEASES;
const PREFIX = "new";

let ceilometer: Ceilometer;
let site: Site;
beforeAll(async () => {
  ceilometer = await ensureCeilometer();
});
beforeEach(async () => {
  site = await Site.open();
});
afterEach(() => site[Symbol.asyncDispose]());

interface Pollsters {
  readonly shared: readonly string[];
  readonly added: readonly string[];
  readonly all: readonly string[];
}

/** By the packages' own words, and with a file that asks for everything before and after. */
async function pollsters(namespace: PollingAgent["namespace"]): Promise<Pollsters> {
  const before = new Set(await packagedPollsters(ceilometer, OLD.name, namespace));
  const all = await packagedPollsters(ceilometer, NEW.name, namespace);
  return { shared: all.filter((name) => before.has(name)), added: all.filter((name) => !before.has(name)), all };
}

function wholeFile(): PollingFile {
  const parsed = parsePolling(WHOLE);
  if (parsed.kind === "broken") throw new Error(parsed.problems[0].rule);
  return parsed.file;
}

/** The files that the operator derives, from its catalogue. */
function derived(namespace: PollingAgent["namespace"]): { readonly added: string; readonly shared: string } {
  const file = wholeFile();
  const side = (release: typeof OLD | typeof NEW) => ({ names: cataloguedPollsters(release, namespace) ?? [], file });
  const { added, kept } = pollsterChange(side(OLD), side(NEW));
  return { added: derivedPolling(file, new Set(added)), shared: derivedPolling(file, new Set(kept)) };
}

const expectedOf = (...groups: readonly (readonly [readonly AgentProcess[], readonly string[]])[]): Expected =>
  new Map(groups.flatMap(([agents, names]) => agents.map((agent) => [agent, names] as const)));

const TRIES = 3;
const sentTwice = ({ samples }: Polled): readonly unknown[] => [...samples].filter(([, agents]) => agents.length > 1);

/**
 * Agents whose group is at rest. On a busy machine a heartbeat may come so late that its agent is out of the ring for a cycle, and
 * another one takes its share: that is a look at something else. What is so in each of three is not.
 */
async function settledBy(expected: Expected): Promise<Polled> {
  let polled = await polledBy(expected);
  for (let tries = 1; tries < TRIES && sentTwice(polled).length > 0; tries += 1) polled = await polledBy(expected);
  return polled;
}

/** Each agent took turns on exactly its pollsters, and no meter of a resource was sent by two agents. */
function expectExactly(polled: Polled, expected: Expected): void {
  expect(polled.pollsters).toEqual(Object.fromEntries([...expected].map(([agent, names]) => [agent.name, names])));
  expect(sentTwice(polled)).toEqual([]);
}

const sampled = ({ samples }: Polled): readonly string[] => [...samples.keys()].toSorted();

test("an isolated group polls exactly what is new, the replaced agents exactly what is shared, the widened ones all of it", async () => {
  const { shared, added, all } = await pollsters("central");
  expect([shared.length, added.length]).toEqual([20, 6]);
  const files = derived("central");
  const start = (name: string, rest: Partial<PollingAgent>): Promise<AgentProcess> =>
    site.polling({ name, release: NEW.name, namespace: "central", polling: WHOLE, ...rest });

  const old1 = await start("old-1", { release: OLD.name });
  const old2 = await start("old-2", { release: OLD.name });
  const isolated = await start("isolated", { polling: files.added, prefix: PREFIX });
  await members(site, "central-global", 2);
  await members(site, "central-new-global", 1);
  const beside = expectedOf([[old1, old2], shared], [[isolated], added]);
  const first = await settledBy(beside);
  expectExactly(first, beside);
  const complete = sampled(first);
  expect(new Set([...first.samples.values()].flat())).toEqual(new Set(["old-1", "old-2", "isolated"]));

  const narrowed1 = await start("narrowed-1", { polling: files.shared });
  await members(site, "central-global", 3);
  await old1.stop();
  await members(site, "central-global", 2);
  const mixed = expectedOf([[old2, narrowed1], shared], [[isolated], added]);
  const second = await settledBy(mixed);
  expectExactly(second, mixed);
  expect(sampled(second)).toEqual(complete);

  await old2.stop();
  const narrowed2 = await start("narrowed-2", { polling: files.shared });
  await members(site, "central-global", 2);
  const replaced = expectedOf([[narrowed1, narrowed2], shared], [[isolated], added]);
  const third = await settledBy(replaced);
  expectExactly(third, replaced);
  expect(sampled(third)).toEqual(complete);

  await Promise.all([isolated.stop(), narrowed1.stop(), narrowed2.stop()]);
  await members(site, "central-new-global", 0);
  const widened = [await start("widened-1", {}), await start("widened-2", {})];
  await members(site, "central-global", 2);
  const last = expectedOf([widened, all]);
  const fourth = await settledBy(last);
  expectExactly(fourth, last);
  expect(sampled(fourth)).toEqual(complete);

  for (const agent of [old1, old2, isolated, narrowed1, narrowed2, ...widened]) {
    expect.soft(readPollingLog(agent.log(), { finished: true }), agent.name).toMatchObject({ verdict: "pass" });
    expect.soft(readLoadingLog(agent.log(), { agent: "polling" }), agent.name).toMatchObject({ verdict: "pass" });
  }
});

test("without a group of its own, a new agent leaves a new pollster's resources unpolled: what the gate is for", async () => {
  const { shared, all } = await pollsters("central");
  const old = await site.polling({ name: "old", release: OLD.name, namespace: "central", polling: WHOLE });
  const next = await site.polling({ name: "new", release: NEW.name, namespace: "central", polling: WHOLE });
  await members(site, "central-global", 2);
  const { pollsters: turns, samples } = await polledBy(expectedOf([[old], shared], [[next], all]));
  expect(turns).toEqual({ old: shared, new: all });
  const of = (meter: string): number =>
    [...samples.keys()].filter((sample) => sample.startsWith(`${meter} on `)).length;
  expect(of("volume.size")).toBe(24);
  // The pools that the ring gives to the old agent, which has no pollster for them.
  expect(of("volume.provider.pool.capacity.free")).toBeLessThan(24);
});

test("on one host, too, an isolated agent has a group of its own and polls exactly what is new", async () => {
  const { shared, added, all } = await pollsters("compute");
  expect(added).toEqual(["memory", "memory.available", "vcpus"]);
  const files = derived("compute");
  const compute = { release: NEW.name, namespace: "compute", polling: WHOLE } as const;
  const old = await site.polling({ ...compute, name: "old", release: OLD.name });
  const isolated = await site.polling({ ...compute, name: "isolated", polling: files.added, prefix: PREFIX });
  await members(site, `compute-${Site.host}`, 1);
  await members(site, `compute-new-${Site.host}`, 1);
  const beside = expectedOf([[old], shared], [[isolated], added]);
  const first = await settledBy(beside);
  expectExactly(first, beside);

  await old.stop();
  const narrowed = await site.polling({ ...compute, name: "narrowed", polling: files.shared });
  const replaced = expectedOf([[narrowed], shared], [[isolated], added]);
  const second = await settledBy(replaced);
  expectExactly(second, replaced);
  expect(sampled(second)).toEqual(sampled(first));

  await Promise.all([isolated.stop(), narrowed.stop()]);
  const widened = await site.polling({ ...compute, name: "widened" });
  await members(site, `compute-${Site.host}`, 1);
  const last = expectedOf([[widened], all]);
  const third = await settledBy(last);
  expectExactly(third, last);
  expect(sampled(third)).toEqual(sampled(first));
});

test("a polling file that is not valid keeps a worker from ever polling, and the log says so", async () => {
  const polling = `sources: [{name: s, interval: 1, meters: ["cpu", "!disk.*"]}]`;
  const agent = await site.polling({ name: "broken", release: NEW.name, namespace: "central", polling });
  await eventually(
    () => Promise.resolve(agent.log().includes("exited with status 2")),
    () => agent.log(),
  );
  expect(agent.log()).toContain("Both included and excluded meters specified");
  expect(readPollingLog(agent.log(), { finished: true })).toMatchObject({ verdict: "fail" });
  expect(readLoadingLog(agent.log(), { agent: "polling" })).toMatchObject({ verdict: "fail" });
});
