import { describe, expect, test } from "vitest";
import { aDeployment, anAgent, anUpgrade, aPod, aRecord, aWorld, NEW_IMAGE, NOW } from "../../test/support/builders.ts";
import type { AcceptedRisk } from "../api/v1alpha1/schema.ts";
import type { Pod } from "../model/observation.ts";
import type { Scene } from "./scene.ts";
import { seePolling } from "./see-polling.ts";

const workload = aDeployment({ name: "central-new", component: "polling", image: NEW_IMAGE, replicas: 1 });
const pod = aPod(workload);
const agent = anAgent(workload, { component: "polling", pods: [pod] });
const question = `podLog/${pod.metadata.uid}/agent/finished/`;
const HOUR = 3_600_000;

function look(
  verdict: "pass" | "fail" | "inconclusive" | undefined,
  passed: number,
  acceptedRisks: AcceptedRisk[] = [],
  times: {
    readonly readySince?: number;
    readonly createdAt?: number;
    readonly askedSince?: number;
    readonly others?: readonly Pod[];
    readonly isUnseen?: boolean;
  } = {},
) {
  const { readySince, askedSince, createdAt = pod.metadata.createdAt, others = [], isUnseen = false } = times;
  const metadata = { ...pod.metadata, createdAt };
  const own = { ...pod, metadata, ...(readySince === undefined ? {} : { readySince }) };
  const seen = { ...agent, pods: isUnseen ? [] : [...others, own] };
  const targets = [{ kind: "Deployment" as const, name: "central" }];
  const wished = anUpgrade({
    strategy: "Partial",
    target: { release: "2025.2", image: NEW_IMAGE },
    components: { database: { action: "Skip" }, polling: { targets, verification: { podLog: {} } } },
  });
  // An attempt may remember one that could not be written any more.
  const upgrade = { ...wished, spec: { ...wished.spec, acceptedRisks } };
  const world = aWorld({ upgrade, ...(verdict && { probes: { [question]: { at: NOW, verdict, reason: "so" } } }) });
  const none = { collector: [], notification: [], polling: [seen], api: [] };
  const scene: Scene = {
    world,
    record: aRecord(),
    agents: none,
    left: { ...none, polling: [] },
    target: { name: "2025.2", major: 25 },
  };
  const asked = askedSince === undefined ? {} : { askedSince };
  return seePolling(scene, seen, { since: NOW - passed, ...asked, what: "data", whose: "the new agents" });
}

const risk = (object: string, expiresAt: string) => [
  { check: "VerificationInconclusive" as const, object, reason: "no zones yet", expiresAt },
];
const reasonOf = (outcome: ReturnType<typeof look>) =>
  outcome?.kind === "held" ? outcome.violations[0].reason : outcome?.kind;

describe("agents beside old ones", () => {
  test("go on when one is seen to poll", () => expect(look("pass", 0)).toBeUndefined());

  test("are waited for until the time-out, with the question open", () => {
    expect(look("inconclusive", 0)).toMatchObject({ kind: "wait", probes: [{ id: question }] });
  });

  test("hold afterwards, by what the answer was", () => {
    expect(reasonOf(look("fail", HOUR))).toBe("VerificationFailed");
    expect(reasonOf(look("inconclusive", HOUR))).toBe("VerificationInconclusive");
  });
});

describe("agents that were not heard yet", () => {
  test("are waited for, however long ago they were started", () => {
    expect(reasonOf(look(undefined, HOUR))).toBe("wait");
  });

  test("have their whole time where they came in the place of others", () => {
    const others = { createdAt: NOW - 120_000, readySince: NOW - 60_000 };
    expect(reasonOf(look("inconclusive", HOUR, [], others))).toBe("wait");
  });

  test("have the time of their step to become ready, and no more where they become so again and again", () => {
    const at = (seconds: number) => {
      const now = { createdAt: NOW - seconds * 1000, readySince: NOW - 2000 };
      return reasonOf(look("inconclusive", seconds * 1000, [], now));
    };
    expect(at(1800 + 899)).toBe("wait");
    expect(at(1800 + 900)).toBe("VerificationInconclusive");
  });

  test("have it, too, where they came long before the last one of them, and one of their containers began anew", () => {
    const came = { createdAt: NOW - 2 * HOUR, readySince: NOW - 60_000 };
    expect(reasonOf(look("inconclusive", 2 * HOUR, [], { ...came, askedSince: NOW - 60_000 }))).toBe("wait");
    expect(reasonOf(look("inconclusive", 2 * HOUR, [], came))).toBe("VerificationInconclusive");
  });
});

describe("agents that cannot be asked", () => {
  const fresh = { createdAt: NOW - 60_000, readySince: NOW - 30_000 };
  const going = { name: "central-new-going", createdAt: NOW - 2 * HOUR, readySince: NOW - 2 * HOUR };

  test("do not use up the time of the one that came in their place, while they terminate", () => {
    const leaving = { ...aPod(workload, { name: going.name }), readySince: going.readySince };
    const metadata = { ...leaving.metadata, createdAt: going.createdAt, deletingSince: NOW - 10_000 };
    const others = [{ ...leaving, metadata }];
    expect(reasonOf(look("inconclusive", 2 * HOUR, [], { ...fresh, others }))).toBe("wait");
  });

  test("say nothing against it where their controller knows of them before their watch does", () => {
    expect(reasonOf(look(undefined, 2 * HOUR, [], { isUnseen: true }))).toBe("wait");
  });
});

describe("a risk that is accepted", () => {
  const object = "Deployment/central-new";
  test("lets what is inconclusive pass, by its name", () => {
    expect(look("inconclusive", HOUR, risk(object, "2027-01-01T00:00:00Z"))).toBeUndefined();
    expect(reasonOf(look("inconclusive", HOUR, risk("Deployment/other", "2027-01-01T00:00:00Z")))).toBe(
      "VerificationInconclusive",
    );
  });

  test("holds again once it has expired, or where its time cannot be read", () => {
    for (const expiresAt of ["2025-12-31T00:00:00Z", "some day"]) {
      expect(reasonOf(look("inconclusive", HOUR, risk(object, expiresAt)))).toBe("VerificationInconclusive");
    }
  });

  test("never covers a verification that failed", () => {
    expect(reasonOf(look("fail", HOUR, risk(object, "2027-01-01T00:00:00Z")))).toBe("VerificationFailed");
  });
});
