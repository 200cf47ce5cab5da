/** The whole operator, as it runs, through random faults of requests, watches and processes: safe at every state, ended, and then quiet. */

import fc from "fast-check";
import { afterAll, afterEach, expect, test } from "vitest";
import { KubeApiError } from "../../src/kube/errors.ts";
import { generator } from "../campaign/random.ts";
import { exchanged } from "../sim/running-operator.ts";
import {
  CEILOMETERS,
  playWhole,
  type WholeEnding,
  type WholeStory,
  type Wrap,
  wholeStories,
} from "./whole-operator.ts";

const SCRIPT = 160;
const seed = Number(process.env["PROPERTY_SEED"] ?? Date.now() % 2 ** 31);
const factor = Number(process.env["PROPERTY_RUNS"] ?? 1);

const { random } = Math;
afterEach(() => {
  Math.random = random;
});

/** Whoever waits for a random time waits for the same when the story is told again. */
function tell(story: WholeStory, wrap?: Wrap): Promise<WholeEnding> {
  Math.random = generator(story.seed);
  return playWhole(story, wrap);
}

const upgrades = [
  ["full", CEILOMETERS.full, 100],
  ["partial", CEILOMETERS.partial, 40],
] as const;

test.each(upgrades)(
  "a %s upgrade is safe at every state, comes to its end, and writes and asks nothing in the minute after",
  {
    timeout: 300_000,
  },
  async (what, ceilometers, runs) => {
    console.log(`seed ${seed}: the whole operator, ${what} upgrades`);
    let writes = 0;
    let processes = 0;
    await fc.assert(
      fc.asyncProperty(wholeStories(SCRIPT, ceilometers), async (story) => {
        const ending = await tell(story);
        writes += ending.writes;
        processes += ending.processes;
        expect(ending.breaches).toEqual([]);
      }),
      { seed, numRuns: runs * factor, endOnFailure: true },
    );
    console.log(
      `seed ${seed}: ${runs * factor} ${what} upgrades by the whole operator: ${writes} writes by ${processes} processes`,
    );
    expect(processes).toBeGreaterThan(runs * factor);
    expect(writes).toBeGreaterThan(4 * runs * factor);
  },
);

const mutants: readonly (readonly [string, Wrap, RegExp])[] = [
  [
    "never tells of a deletion",
    (client) =>
      exchanged(client, {
        async *watch(resource, options) {
          for await (const event of client.watch(resource, options)) if (event.type !== "DELETED") yield event;
        },
      }),
    /no end/,
  ],
  [
    "stores another report than it was given",
    (client) => {
      let count = 0;
      return exchanged(client, {
        patchJson(resource, name, operations, options) {
          const isReport = options?.subresource === "status";
          const changed = operations.map((operation) =>
            operation.path === "/status" && typeof operation.value === "object"
              ? { ...operation, value: { ...operation.value, step: `${(count += 1)}` } }
              : operation,
          );
          return client.patchJson(resource, name, isReport ? changed : operations, options);
        },
      });
    },
    /in a minute of rest/,
  ],
  [
    "answers every list with nothing",
    (client) =>
      exchanged(client, {
        async listPage(resource, options) {
          return { ...(await client.listPage(resource, options)), items: [] };
        },
      }),
    /no end|an error in the log|the process ended/,
  ],
];

const killed: string[] = [];
afterAll(() => console.log(`mutants and what killed them\n${killed.join("\n")}`));

test.each(mutants)("an API server that %s is noticed", { timeout: 120_000 }, async (what, wrap, by) => {
  const found: string[] = [];
  const sample = fc.sample(wholeStories(40, CEILOMETERS.full), { seed, numRuns: 5 });
  for (const [index, story] of sample.entries()) {
    const { breaches } = await tell(story, wrap);
    found.push(...breaches.map(({ message }) => message));
    const noticed = breaches.find(({ message }) => by.test(message));
    if (noticed === undefined) continue;
    killed.push(`  ${what}\n    story ${index + 1}: ${noticed.invariant}: ${noticed.message}`);
    break;
  }
  expect(found.join("\n")).toMatch(by);
});

test("a webhook that answers no write of a workload is told with the object and what to look at", {
  timeout: 120_000,
}, async () => {
  const WORKLOADS = new Set(["deployments", "daemonsets", "statefulsets"]);
  const message = 'failed calling webhook "policy.example": connection refused';
  const refused = () =>
    Promise.reject(new KubeApiError({ kind: "unavailable", code: 500, reason: "InternalError", message }));
  const wrap: Wrap = (client) =>
    exchanged(client, {
      patchJson: (resource, name, operations, options) =>
        WORKLOADS.has(resource.plural) ? refused() : client.patchJson(resource, name, operations, options),
      patchMerge: (resource, name, patch, options) =>
        WORKLOADS.has(resource.plural) ? refused() : client.patchMerge(resource, name, patch, options),
    });
  const [story] = fc.sample(wholeStories(0, CEILOMETERS.full), { seed, numRuns: 1 });
  if (story === undefined) throw new Error("one story");
  const { breaches } = await tell(story, wrap);
  expect(breaches.map((each) => each.message).join("\n")).toMatch(
    /no end: .*"type":"Stalled","status":"True".{0,120}"reason":"WriteFailing".*connection refused; look whether/,
  );
});
