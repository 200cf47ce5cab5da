/**
 * The invariants of a full upgrade (I1 to I4), and those that hold in every strategy (I8 to I10), judged from the history of
 * pods and workloads alone. A pure function of that history: the same facts always give the same verdict, in whatever order
 * the watches brought them.
 */
import type { AuditedComponent, Fact, JobFact, WorkloadFact } from "./audit-facts.ts";
import { canonical } from "./audit-facts.ts";
import { type ContainerImage, isOver, type PodFact } from "./pod-fact.ts";

export type Invariant = "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "I7" | "I8" | "I9" | "I10";

export interface Breach {
  readonly invariant: Invariant;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
  /** Names of the pods (or of the workload) that show it. */
  readonly pods: readonly string[];
}

export type Report = (invariant: Invariant, message: string, pods: readonly string[]) => void;

export interface ComponentUnderAudit {
  readonly component: AuditedComponent;
  /** A pod that carries all labels of any of these belongs to the component. */
  readonly selectors: readonly Readonly<Record<string, string>>[];
  readonly workloads: readonly { readonly kind: string; readonly name: string }[];
  readonly oldImages: readonly string[];
  readonly newImages: readonly string[];
  /** Replicas that the resource asks for afterwards. Default: what they were. */
  readonly replicas?: number;
  /** Somebody else scales one of its workloads to this number, at whatever moment. */
  readonly scaledTo?: number;
  /** The upgrade takes the component out of service. */
  readonly retired?: boolean;
}

export interface AuditScope {
  readonly strategy: "Full" | "Partial";
  /** "skipped" when the resource says so; else what the migration Job looks like: its image is any of these. */
  readonly database: "skipped" | { readonly image: string | readonly string[]; readonly command?: RegExp };
  /** In the order in which they must settle; the API may stand anywhere. */
  readonly components: readonly ComponentUnderAudit[];
  /** A rollback was asked for, so templates may return to the old image. */
  readonly rollback?: boolean;
  /** Partial: how often a workload may fall below its floor, each time for one stop and one start. Default: never. */
  readonly windows?: readonly AllowedWindow[];
  /** Partial: how often a pollster that both releases poll may be polled by nobody, by polling namespace. Default: once, twice beside an isolated group. */
  readonly gaps?: Readonly<Record<string, number>>;
  /** Partial: how often the upgrade is begun anew under way. Each time its isolated groups are given up for others. */
  readonly restarts?: number;
  /** Partial: the release of an image whose tag does not say it. */
  readonly releases?: Readonly<Record<string, string>>;
  /** Partial: the polling file of the target. Default: the agents keep theirs. */
  readonly pollingFile?: { readonly kind: string; readonly name: string; readonly key: string };
}

export interface AllowedWindow {
  /** As `<kind>/<name>`. */
  readonly workload: string;
  readonly count: number;
  /** The invariant or the drain that makes it necessary. */
  readonly why: string;
}

export interface Evidence {
  /** Milliseconds since the epoch when polling by the new release was first proven; undefined if it was not. */
  readonly verifiedAt: number | undefined;
  /** The upgrade, or its removal, is over: whatever was borrowed must have been given back. */
  readonly ended: boolean;
}

type Age = "old" | "new" | "unknown";
interface LivePod {
  readonly pod: PodFact;
  readonly age: Age;
  readonly image: string;
}

const defaultMigration = /ceilometer-(?:upgrade|dbsync)/;

export function judge(scope: AuditScope, facts: readonly Fact[], evidence: Evidence): readonly Breach[] {
  const court = openCourt(scope, evidence);
  for (const fact of facts.toSorted((left, right) => left.revision - right.revision)) court.hear(fact);
  if (evidence.ended) court.close();
  return court.breaches;
}

function openCourt(scope: AuditScope, evidence: Evidence) {
  const breaches: Breach[] = [];
  const live = new Map<string, LivePod & { component: AuditedComponent }>();
  const known = new Set<string>();
  const baseline = new Map<string, WorkloadFact>();
  const workloads = new Map<string, WorkloadFact>();
  const originals = new Set<string>();
  const settled = new Set<AuditedComponent>();
  const standing = new Set<string>();
  let databaseSettled = scope.database === "skipped";
  let now = 0;

  const report: Report = (invariant, message, pods) => {
    breaches.push({ invariant, at: now, message, pods });
  };
  /** A state that breaks an invariant is reported when it begins, not again with every event while it lasts. */
  const forbid = (invariant: Invariant, what: string, message: string, culprits: readonly LivePod[]): void => {
    const key = `${invariant} ${what}`;
    if (culprits.length === 0) standing.delete(key);
    else if (!standing.has(key)) {
      standing.add(key);
      report(
        invariant,
        message,
        culprits.map(({ pod }) => pod.name),
      );
    }
  };
  const of = (component: AuditedComponent): LivePod[] =>
    [...live.values()].filter((one) => one.component === component);

  const hearPod = (fact: Extract<Fact, { about: "pod" }>): void => {
    const { pod } = fact;
    const under = componentOf(scope, pod);
    if (under === undefined) return;
    const { age, image } = ageOf(under, pod.containers);
    const isFirstSight = !known.has(pod.uid);
    known.add(pod.uid);
    if (isOver(fact.change, pod)) live.delete(pod.uid);
    else live.set(pod.uid, { pod, age, image, component: under.component });
    if (isFirstSight && !fact.baseline && age === "new") hearNewPod(under, pod);
    judgeLiving(under);
    judgeSettled(under);
  };

  const hearNewPod = ({ component }: ComponentUnderAudit, pod: PodFact): void => {
    if (!databaseSettled)
      report("I1", `a new ${component} pod was created before the database step was settled`, [pod.name]);
    if (scope.strategy !== "Full" || component === "api") return;
    const order = scope.components.map((one) => one.component).filter((one) => one !== "api");
    for (const before of order.slice(0, order.indexOf(component)))
      if (!settled.has(before))
        report("I4", `a new ${component} pod was created before ${before} had settled`, [pod.name]);
  };

  const judgeLiving = ({ component }: ComponentUnderAudit): void => {
    const pods = of(component);
    const fresh = pods.filter(({ age }) => age === "new");
    const coexist = fresh.length > 0 && fresh.length < pods.length ? pods : [];
    if (component === "api") {
      const versions = new Set(pods.map(({ image }) => image));
      forbid("I8", component, "two versions of the API at once", versions.size > 1 ? pods : []);
      return;
    }
    if (scope.strategy !== "Full") return;
    if (component !== "polling") {
      forbid("I2", component, `old and new ${component} pods at once`, coexist);
      return;
    }
    forbid("I3", "coexist", "a new polling pod beside an old one", coexist);
    const isVerified = evidence.verifiedAt !== undefined && now >= evidence.verifiedAt;
    forbid(
      "I3",
      "first",
      "more than one new polling pod before polling was verified",
      isVerified || fresh.length < 2 ? [] : fresh,
    );
  };

  const judgeSettled = (under: ComponentUnderAudit): void => {
    if (settled.has(under.component)) return;
    const pods = of(under.component);
    const done = under.workloads.every(({ kind, name }) => {
      const workload = workloads.get(`${kind}/${name}`);
      return workload !== undefined && isDone(under, workload, baseline.get(workload.uid));
    });
    if (done && pods.every(({ age }) => age === "new")) settled.add(under.component);
  };

  const hearWorkload = (fact: Extract<Fact, { about: "workload" }>): void => {
    const { workload } = fact;
    const key = `${workload.kind}/${workload.name}`;
    const before = workloads.get(key);
    if (fact.baseline) baseline.set(workload.uid, workload);
    if (fact.change === "DELETED") {
      workloads.delete(key);
      if (baseline.has(workload.uid)) report("I9", `${key} was deleted`, [workload.name]);
      return;
    }
    workloads.set(key, workload);
    for (const under of scope.components.filter((one) =>
      one.workloads.some((own) => `${own.kind}/${own.name}` === key),
    )) {
      const was = before === undefined ? "unknown" : ageOf(under, before.containers).age;
      const is = ageOf(under, workload.containers).age;
      if (was === "new" && is !== "new" && scope.rollback !== true)
        report("I10", `the template of ${key} went back from the target image`, [workload.name]);
      judgeSettled(under);
    }
  };

  return {
    breaches,
    hear(fact: Fact): void {
      now = fact.at;
      if (fact.about === "pod") hearPod(fact);
      else if (fact.about === "workload") hearWorkload(fact);
      else if (fact.about === "job") databaseSettled ||= settlesDatabase(scope, fact);
      else if (fact.about === "files") return;
      else if (fact.baseline) originals.add(fact.object.uid);
      else if (fact.change === "DELETED" && originals.has(fact.object.uid))
        report("I9", `${fact.object.kind}/${fact.object.name} was deleted`, [fact.object.name]);
    },
    close(): void {
      for (const under of scope.components)
        for (const { kind, name } of under.workloads) {
          const workload = workloads.get(`${kind}/${name}`);
          const original = workload && baseline.get(workload.uid);
          if (workload === undefined || original === undefined) continue;
          for (const kept of notGivenBack(under, workload, original))
            report("I9", `${kind}/${name}: ${kept} was not given back`, [name]);
        }
    },
  };
}

export function componentOf(scope: AuditScope, pod: PodFact): ComponentUnderAudit | undefined {
  // A Job's pod made from an agent's template migrates or measures; it is no agent.
  if (pod.owner === "Job") return undefined;
  return scope.components.find(({ selectors }) =>
    selectors.some((labels) => Object.entries(labels).every(([key, value]) => pod.labels[key] === value)),
  );
}

function ageOf(under: ComponentUnderAudit, containers: readonly ContainerImage[]): { age: Age; image: string } {
  for (const { image } of containers) {
    if (under.newImages.includes(image)) return { age: "new", image };
    if (under.oldImages.includes(image)) return { age: "old", image };
  }
  return { age: "unknown", image: containers[0]?.image ?? "" };
}

/** Whether a Job's news is that the migration has succeeded; one from before the audit is of another upgrade. */
export function settlesDatabase(
  scope: AuditScope,
  { job, baseline }: { readonly job: JobFact; readonly baseline: boolean },
): boolean {
  return job.complete && !baseline && isMigration(scope, job);
}

function isMigration(scope: AuditScope, job: JobFact): boolean {
  if (scope.database === "skipped") return false;
  const { image, command = defaultMigration } = scope.database;
  return job.containers.some(
    (container) => [image].flat().includes(container.image) && command.test(container.command),
  );
}

function isDone(under: ComponentUnderAudit, workload: WorkloadFact, original: WorkloadFact | undefined): boolean {
  if (under.retired === true) return workload.pods?.wanted === 0;
  return (
    ageOf(under, workload.containers).age === "new" &&
    workload.pods !== undefined &&
    workload.pods.ready === workload.pods.wanted &&
    (original === undefined || notGivenBack(under, workload, original).length === 0)
  );
}

/** What of a workload differs from what it was before, other than what the upgrade is for. */
function notGivenBack(under: ComponentUnderAudit, workload: WorkloadFact, original: WorkloadFact): string[] {
  const expected = under.retired === true ? 0 : (under.replicas ?? original.replicas);
  return [
    ...([undefined, expected, under.scaledTo].includes(workload.replicas) ? [] : ["replicas"]),
    ...(canonical(workload.nodeSelector) === canonical(original.nodeSelector) ? [] : ["nodeSelector"]),
    ...(workload.strategy === original.strategy ? [] : ["strategy"]),
  ];
}
