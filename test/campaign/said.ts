/**
 * What an operator said of an upgrade, report by report, held against what was there at the moment of each: reports, workloads and
 * their changes have their revisions from one store.
 */
import { z } from "zod";
import { specSchema } from "../../src/api/v1alpha1/schema.ts";
import { resourceSchema } from "../e2e/resource.ts";
import { isStatusWrite } from "../e2e/scene.ts";
import type { Fact } from "../support/audit-facts.ts";
import type { RecordedWrite } from "../support/fault-proxy.ts";
import type { RunningTemplate } from "./running.ts";
import { untruths } from "./truth.ts";

type Said = Pick<RecordedWrite, "path" | "committed" | "answered">;

/** Of the answer, beside what tests read of a resource. */
const moreSchema = z.object({
  spec: z.unknown(),
  status: z.object({
    steps: z.array(z.object({ name: z.string(), state: z.string(), attempts: z.int().optional() })).default([]),
    plan: z.object({ hash: z.string().optional() }).optional(),
  }),
});

interface Report {
  readonly resource: z.infer<typeof resourceSchema>;
  readonly more: z.infer<typeof moreSchema>;
}

function reportsIn(writes: readonly Said[]): readonly Report[] {
  return writes.flatMap((write) => {
    const { committed, answered } = write;
    if (!isStatusWrite(write) || committed !== 200 || answered === undefined) return [];
    const object: unknown = JSON.parse(answered);
    return [{ resource: resourceSchema.parse(object), more: moreSchema.parse(object) }];
  });
}

/** Each thing that was said in any report and was not so when it was stored. @param facts all of them, as an auditor has seen them. */
export function untrueReports(writes: readonly Said[], facts: readonly Fact[]): readonly string[] {
  const untrue = reportsIn(writes).flatMap(({ resource, more }) =>
    untruths(
      resource,
      specSchema.safeParse(more.spec).data,
      templatesAt(facts, Number(resource.metadata.resourceVersion)),
    ),
  );
  return [...new Set(untrue)];
}

/** Of labels there are those of the pods alone: no scene names its workloads by their own. */
function templatesAt(facts: readonly Fact[], revision: number): readonly RunningTemplate[] {
  const there = new Map<string, RunningTemplate>();
  for (const fact of facts.toSorted((a, b) => a.revision - b.revision)) {
    if (fact.about !== "workload" || fact.revision > revision) continue;
    const { kind, name, selector, containers } = fact.workload;
    const images = containers.map(({ image }) => image);
    if (fact.change === "DELETED") there.delete(`${kind}/${name}`);
    else there.set(`${kind}/${name}`, { kind, name, labels: selector, images });
  }
  return [...there.values()];
}

const HAS_ENDED: ReadonlySet<string> = new Set(["Succeeded", "Skipped"]);

/**
 * Each step that was said to have ended, and in a later report of the same plan not to have. A way back, another target and a resource
 * that is made anew have plans of their own; a retry has a number of its own.
 */
export function stepsBack(writes: readonly Said[]): readonly string[] {
  const ended = new Map<string, string>();
  const back = new Set<string>();
  for (const { resource, more } of reportsIn(writes)) {
    const { steps, plan } = more.status;
    if (plan?.hash === undefined) continue;
    for (const { name, state, attempts = 0 } of steps) {
      const step = [resource.metadata.uid, plan.hash, attempts, name].join(" ");
      if (HAS_ENDED.has(state)) ended.set(step, state);
      else if (ended.has(step)) back.add(`${name} was ${ended.get(step)}, and is ${state} in the same plan`);
    }
  }
  return [...back];
}
