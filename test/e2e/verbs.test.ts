/**
 * The verb matrix: each verb at each write of a full and of a partial upgrade, by field or by annotation, audited, with the conditions
 * that follow asserted through `kubectl wait`. Without E2E_FULL=1 a sample of the writes is taken, drawn from a seed that is printed
 * (E2E_SEED sets it).
 */
import { expect, test } from "vitest";
import { z } from "zod";
import type { Breach, Invariant } from "../support/invariants.ts";
import { onceAfter } from "./after-write.ts";
import { auditScope, classic, modern, newPollsters, type Topology } from "./fixtures/topology.ts";
import { imagesOf, leftovers, only, pollingOnly, widened } from "./isolation.ts";
import { conditionOf, eventually, isSo, tell } from "./resource.ts";
import { eachOf, FULL, SEED, sample } from "./sampling.ts";
import { inScene, type Scene, type SceneOptions } from "./scene.ts";

const AT_ONCE = 3;
const LONG = { timeout: 900_000 };
const GROUP = "ceilometer.openstack.org";

interface Case {
  readonly name: string;
  readonly topology: Topology;
  /** Workloads that are stopped and started as a whole while agents roll. */
  readonly windows: readonly string[];
  /** Secrets with the old configuration: one that cannot be read is not taken for unchanged. */
  readonly secrets?: readonly string[];
}

const full: Case = { name: "full", topology: modern(), windows: [] };
const old: Case = { name: "full, all five", topology: classic(), windows: [], secrets: ["ceilometer-etc"] };
const partial: Case = {
  name: "partial, with an isolated group",
  topology: only(pollingOnly(newPollsters()), "Deployment", "ceilometer-central"),
  windows: ["Deployment/ceilometer-central"],
};
const CASES = [full, old, partial];

const opened = ({ topology, windows, secrets = [] }: Case, restarts = 0): SceneOptions => ({
  topology,
  secrets,
  audit: {
    ...auditScope(topology, {
      windows: Array.from({ length: 1 + restarts }, () => windows).flatMap((all) => widened(...all)),
    }),
    restarts,
  },
});

const counts = new Map<string, Promise<number>>();

/** How many writes an undisturbed run has. */
function writesOf(one: Case): Promise<number> {
  const made =
    counts.get(one.name) ??
    inScene(opened(one), async (scene) => {
      await scene.apply();
      await scene.succeed();
      return scene.effects().length;
    });
  counts.set(one.name, made);
  return made;
}

/** Plays a scene for each write that is tried, several at a time. `turn` counts them, so that both ways of a verb are used. */
async function atWrites(
  verb: string,
  one: Case,
  count: number,
  play: (scene: Scene, write: number, turn: number) => Promise<void>,
  restarts = 0,
): Promise<void> {
  const writes = await writesOf(one);
  const all = Array.from({ length: writes }, (_, index) => index + 1);
  const chosen = FULL ? all : sample(count, writes, SEED);
  const share = FULL ? "every write" : `a sample with E2E_SEED=${SEED} (E2E_FULL=1 tries all)`;
  console.info(`${verb}, ${one.name}: ${writes} writes, after ${chosen.join(", ")}: ${share}`);
  const failures: unknown[] = [];
  await eachOf(chosen, AT_ONCE, (write) =>
    inScene(opened(one, restarts), (scene) => play(scene, write, write + SEED)).catch((error: unknown) => {
      if (error instanceof Error) error.message = `${verb}, ${one.name}, after write ${write}: ${error.message}`;
      failures.push(error);
    }),
  );
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join("\n"));
  if (failures.length > 0) throw failures[0];
}

const wait = (scene: Scene, condition: string): Promise<string> =>
  scene.kubectl("wait", "cmu/ceilometer", `--for=condition=${condition}`, "--timeout=120s");

const annotate = (scene: Scene, verb: string, text = "true"): Promise<string> =>
  scene.kubectl("annotate", "cmu", "ceilometer", "--overwrite", `${GROUP}/${verb}=${text}`);

/** Whichever comes first: a verb may come too late to have an effect. */
async function either(scene: Scene, type: string): Promise<boolean> {
  let isOver = false;
  const known = async (): Promise<boolean> => {
    const resource = await scene.resource();
    isOver = isSo(resource, { type: "Succeeded", status: "True" });
    return isOver || isSo(resource, { type, status: "True" });
  };
  await eventually(known, async () => `neither ${type} nor Succeeded\n${tell(await scene.resource())}`, 120_000);
  return !isOver;
}

async function endsWell(scene: Scene): Promise<void> {
  await wait(scene, "Succeeded");
  expect(await scene.verdict()).toEqual([]);
  expect(await leftovers(scene)).toEqual([]);
  expect(await imagesOf(scene)).toEqual([scene.topology.spec.target.image]);
}

async function annotationsGone(scene: Scene): Promise<void> {
  const left = async (): Promise<readonly string[]> => {
    const text = await scene.kubectl("get", "cmu", "ceilometer", "-o", "jsonpath={.metadata.annotations}");
    const annotations = z.record(z.string(), z.string()).parse(JSON.parse(text === "" ? "{}" : text));
    return Object.keys(annotations).filter((key) => key.startsWith(GROUP));
  };
  await eventually(
    async () => (await left()).length === 0,
    async () => `annotations stay: ${(await left()).join(", ")}`,
    30_000,
  );
}

test.concurrent.each(CASES)("pause and resume: $name", LONG, (one) =>
  atWrites("pause", one, 2, async (scene, write, turn) => {
    const byField = turn % 2 === 0;
    const isAsked = onceAfter(scene, write, async () => {
      await (byField ? scene.edit({ paused: true }) : annotate(scene, "pause"));
    });
    await scene.apply();
    await eventually(isAsked, () => `write ${write} does not come`, 120_000);
    if (await either(scene, "Paused")) {
      await wait(scene, "Paused");
      const writes = scene.effects().length;
      expect(conditionOf(await scene.resource(), "Reconciling")?.status).toBe("False");
      expect(scene.effects()).toHaveLength(writes);
    }
    await (byField ? scene.edit({ paused: false }) : annotate(scene, "resume"));
    await endsWell(scene);
    if (!byField) await annotationsGone(scene);
  }),
);

test.concurrent.each(CASES)("abort, then go on: $name", LONG, (one) =>
  atWrites("abort", one, 1, async (scene, write, turn) => {
    const byField = turn % 2 === 0;
    const isAsked = onceAfter(scene, write, async () => {
      await (byField ? scene.edit({ abort: true }) : annotate(scene, "abort"));
    });
    await scene.apply();
    await eventually(isAsked, () => `write ${write} does not come`, 120_000);
    if (await either(scene, "Stalled")) {
      await wait(scene, "Stalled");
      expect(conditionOf(await scene.resource(), "Stalled")?.reason).toBe("Aborted");
      if (!byField) await annotationsGone(scene);
      const writes = scene.effects().length;
      await scene.kubectl("get", "deploy,ds");
      expect(scene.effects()).toHaveLength(writes);
    }
    await (byField ? scene.edit({ abort: false }) : annotate(scene, "retry"));
    await endsWell(scene);
  }),
);

/** On the way back templates return to the old release, and what is new has to go before what is old may come. */
const ALSO_ON_THE_WAY_BACK: ReadonlySet<Invariant> = new Set<Invariant>(["I2", "I8", "I9"]);
const onTheWay = (breaches: readonly Breach[]): readonly Breach[] =>
  breaches.filter(({ invariant, message }) => ALSO_ON_THE_WAY_BACK.has(invariant) && !message.includes("went back"));

test.concurrent.each(CASES)("roll back, then upgrade after all: $name", LONG, (one) =>
  atWrites(
    "rollback",
    one,
    2,
    async (scene, write, turn) => {
      const before = await imagesOf(scene);
      const way = ["field", "annotation", "abort"][turn % 3] ?? "field";
      const isAsked = onceAfter(scene, write, async () => {
        if (way === "annotation") await annotate(scene, "rollback");
        else await scene.edit({ rollback: true, abort: way === "abort" });
      });
      await scene.apply();
      await eventually(isAsked, () => `write ${write} does not come`, 120_000);
      const answered = async (): Promise<boolean> => {
        const reason = conditionOf(await scene.resource(), "Ready")?.reason;
        return reason === "RolledBack" || reason === "NothingToRollBack";
      };
      await eventually(answered, async () => `it does not come back\n${tell(await scene.resource())}`, 120_000);
      expect(await imagesOf(scene)).toEqual(before);
      if (conditionOf(await scene.resource(), "Ready")?.reason === "RolledBack") {
        await wait(scene, "Succeeded=False");
        await wait(scene, way === "annotation" ? "Stalled" : "Ready");
        expect(await leftovers(scene)).toEqual([]);
        expect((await scene.resource())?.status.history.map(({ state }) => state)).toContain("RolledBack");
      }
      expect(onTheWay(await scene.verdict({ ended: false }))).toEqual([]);
      await scene.edit({ rollback: false, abort: false, retryAttempt: 1 });
      await wait(scene, "Succeeded");
      expect(await leftovers(scene)).toEqual([]);
      expect(await imagesOf(scene)).toEqual([scene.topology.spec.target.image]);
    },
    2,
  ),
);

test.concurrent.each(CASES)("a retry that nothing needs changes nothing: $name", LONG, (one) =>
  atWrites(
    "retry",
    one,
    1,
    async (scene, write, turn) => {
      const isAsked = onceAfter(scene, write, async () => {
        await (turn % 2 === 0 ? scene.edit({ retryAttempt: 1 }) : annotate(scene, "retry"));
      });
      await scene.apply();
      await eventually(isAsked, () => `write ${write} does not come`, 120_000);
      await endsWell(scene);
    },
    1,
  ),
);

const NEVER = [{ schedule: "0 0 29 2 *", durationSeconds: 60, timeZone: "Etc/UTC" }];

test.concurrent.each(CASES)("a maintenance window closes, and opens again: $name", LONG, (one) =>
  atWrites("window", one, 1, async (scene, write) => {
    const isAsked = onceAfter(scene, write, () => scene.edit({ maintenanceWindows: NEVER }));
    await scene.apply();
    await eventually(isAsked, () => `write ${write} does not come`, 120_000);
    const stands = async (): Promise<boolean> => {
      const resource = await scene.resource();
      const reason = conditionOf(resource, "Ready")?.reason;
      return reason === "OutsideWindow" || isSo(resource, { type: "Succeeded", status: "True" });
    };
    await eventually(stands, async () => `it does not stand still\n${tell(await scene.resource())}`, 120_000);
    await scene.edit({ maintenanceWindows: null });
    await endsWell(scene);
  }),
);

const componentsOf = ({ spec }: Topology): readonly string[] =>
  ["database", "collector", "notification", "polling", "api"].filter((component) => {
    if (component !== "database") return component in spec.components;
    return spec.components.database.action !== "Skip";
  });

test.concurrent.each(CASES)("every component is approved, in turn by field and by annotation: $name", LONG, (one) => {
  const parts = componentsOf(one.topology);
  const topology = one.topology.wish((spec) => Object.assign(spec, { approvals: parts.map((before) => ({ before })) }));
  return inScene({ ...opened(one), topology }, async (scene) => {
    await scene.apply();
    const approved: { readonly before: string; readonly planHash: string }[] = [];
    for (const [index, before] of parts.entries()) {
      await eventually(
        async () => {
          const resource = await scene.resource();
          const step = resource?.status.steps.find(({ name }) => name === before);
          return step?.blockedBy?.reason === "AwaitingApproval";
        },
        async () => `${before} does not wait\n${tell(await scene.resource())}`,
        120_000,
      );
      await wait(scene, "AwaitingApproval");
      const planHash = (await scene.resource())?.status.plan?.hash ?? "";
      if (index % 2 === 0) await annotate(scene, "approve", `${before}@${planHash}`);
      else {
        approved.push({ before, planHash });
        await scene.edit({ approved });
      }
    }
    await endsWell(scene);
    await annotationsGone(scene);
  });
});

const smoke = {
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: { name: "smoke", annotations: { [`${GROUP}/allow-job-from`]: "true" } },
  spec: {
    schedule: "0 0 1 1 *",
    suspend: true,
    jobTemplate: {
      spec: {
        template: {
          spec: {
            restartPolicy: "Never",
            containers: [{ name: "smoke", image: "registry.example/smoke:1", command: ["true"] }],
          },
        },
      },
    },
  },
} as const;

test.concurrent.each(CASES)(
  "gates before and after every component; one that cannot pass is skipped: $name",
  LONG,
  (one) => {
    const parts = componentsOf(one.topology);
    const job = { kind: "CronJob", name: "smoke" } as const;
    const gates = [
      ...parts.flatMap((component) => [
        { name: `before-${component}`, before: component, job },
        { name: `after-${component}`, after: component, job },
      ]),
      { name: "blind", before: "polling", podLog: { text: "nobody ever writes this" } },
    ];
    const topology = one.topology.wish((spec) => Object.assign(spec, { gates }));
    return inScene({ ...opened(one), topology }, async (scene) => {
      await scene.cluster.api.request("POST", `/apis/batch/v1/namespaces/${scene.namespace}/cronjobs`, smoke);
      await scene.apply();
      const waits = async (): Promise<boolean> =>
        (await scene.resource())?.status.steps.some(({ blockedBy }) => blockedBy?.reason === "WaitingForGate") ===
          true && conditionOf(await scene.resource(), "Ready")?.message.includes("gate blind") === true;
      await eventually(waits, async () => `it does not wait for the gate\n${tell(await scene.resource())}`, 120_000);
      const planHash = (await scene.resource())?.status.plan?.hash ?? "";
      const skipped = [{ name: "blind", planHash, reason: "it looks for what nobody writes" }];
      await annotate(scene, "skip-gate", JSON.stringify(skipped));
      await endsWell(scene);
      const jobs = await scene.kubectl("get", "jobs", "-l", `${GROUP}/purpose=gate`, "-o", "name");
      expect(jobs.trim().split("\n")).toHaveLength(2 * parts.length);
      expect(
        await scene.kubectl("get", "cmu", "ceilometer", "-o", "jsonpath={.status.history[0].skippedGates}"),
      ).toContain("it looks for what nobody writes");
    });
  },
);

test.concurrent("a failure takes the workloads back, where the resource says so", LONG, () => {
  const topology = modern().wish((spec) =>
    Object.assign(spec, {
      onFailure: "Rollback",
      progressDeadlineSeconds: 5,
      target: { ...spec.target, image: `${spec.target.image}-badimage` },
    }),
  );
  const skipped = topology.wish(({ components }) => {
    components.database = { action: "Skip" };
  });
  return inScene({ topology: skipped }, async (scene) => {
    const before = await imagesOf(scene);
    await scene.apply();
    await wait(scene, "Succeeded=False");
    await wait(scene, "Stalled");
    const resource = await scene.resource();
    expect(conditionOf(resource, "Stalled")).toMatchObject({ reason: "RolledBack" });
    expect(conditionOf(resource, "Stalled")?.message).toContain("ProgressDeadlineExceeded");
    expect(await imagesOf(scene)).toEqual(before);
    expect(await leftovers(scene)).toEqual([]);
    expect(onTheWay(await scene.verdict({ ended: false }))).toEqual([]);
  });
});

test.concurrent.each(CASES)("a target that is again the release of before: $name", LONG, (one) =>
  inScene(opened(one, 1), async (scene) => {
    const before = await imagesOf(scene);
    await scene.apply();
    await scene.succeed();
    const release = one.topology.spec.from?.release ?? "";
    await scene.edit({ target: { release, image: before[0] } });
    await wait(scene, "Succeeded");
    expect(conditionOf(await scene.resource(), "Succeeded")?.reason).toBe("Completed");
    expect(await imagesOf(scene)).toEqual(before);
    expect(await leftovers(scene)).toEqual([]);
    expect(onTheWay(await scene.verdict({ ended: false }))).toEqual([]);
  }),
);

test.concurrent("old configuration that cannot be read is no unchanged one, unless a person says so", () =>
  inScene({ topology: classic() }, async (scene) => {
    const before = await imagesOf(scene);
    await scene.apply();
    await scene.succeed();
    await scene.edit({ rollback: true });
    const { object, remedy } = await scene.stalled("OldConfigurationUnknown");
    expect(object).toBe("Secret/ceilometer-etc");
    expect(remedy).toContain("spec.acceptedRisks");
    expect(await imagesOf(scene)).not.toEqual(before);
    const risk = {
      check: "OldConfigurationUnknown",
      object,
      reason: "compared by hand",
      expiresAt: "2099-01-01T00:00:00Z",
    };
    await annotate(scene, "accept-risk", JSON.stringify([risk]));
    await wait(scene, "Succeeded=False");
    expect(await imagesOf(scene)).toEqual(before);
    expect(onTheWay(await scene.verdict({ ended: false }))).toEqual([]);
  }));
