import { expect, test } from "vitest";
import {
  aDeployment,
  anAgent,
  anUpgrade,
  aRecord,
  aRecordedTarget,
  aWorld,
  marks,
  SPEC,
} from "../../test/support/builders.ts";
import { growth } from "../../test/support/growth.ts";
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import { parseRelease } from "../model/release.ts";
import { releaseOf, releasePair } from "./release-pair.ts";

const ocata = parseRelease("ocata") ?? { name: "", major: 0 };
const queens = parseRelease("queens") ?? { name: "", major: 0 };
const at = (image: string, annotations = {}) => anAgent(aDeployment({ name: "notification", image, annotations }));
const reasons = (agent: ReturnType<typeof at>, world = aWorld(), target = ocata) =>
  releasePair([agent], world, target).map((each) => each.reason);

test("forwards, and to the same release, is a pair", () => {
  expect(reasons(at("r/c:newton"))).toEqual([]);
  expect(reasons(at("r/c:ocata-2"))).toEqual([]);
});

test("backwards is a downgrade", () => {
  expect(reasons(at("r/c:pike"))).toEqual(["Downgrade"]);
});

test("an image that says no release needs an annotation or spec.from", () => {
  const upgrade = anUpgrade({ from: { release: "newton" } });
  expect(reasons(at("r/c:latest"))).toEqual(["ReleaseUnknown"]);
  expect(reasons(at("r/c:latest", { [ANNOTATION.release]: "newton" }))).toEqual([]);
  expect(reasons(at("r/c:latest"), aWorld({ upgrade }))).toEqual([]);
});

test("the annotation counts more than the tag, and a wrong one is not guessed around", () => {
  expect(reasons(at("r/c:newton", { [ANNOTATION.release]: "pike" }))).toEqual(["Downgrade"]);
  expect(reasons(at("r/c:newton", { [ANNOTATION.release]: "nonsense" }))).toEqual(["ReleaseUnknown"]);
});

test("spec.from must agree with what runs, but not with what an earlier attempt has moved", () => {
  const world = aWorld({ upgrade: anUpgrade({ from: { release: "mitaka" } }) });
  expect(reasons(at("r/c:newton"), world)).toEqual(["ReleaseContradiction"]);
  expect(reasons(at("r/c:newton", marks({ phase: {} })), world)).toEqual([]);
  expect(reasons(at("r/c:ocata"), world)).toEqual([]);
});

test.each([
  [queens, false, ["ComponentRemoved"]],
  [queens, true, []],
  [ocata, true, ["ComponentNotRemoved"]],
  [ocata, false, []],
] as const)("a collector towards $0.name with retire %s", (target, retire, found) => {
  const collector = { targets: [{ kind: "Deployment" as const, name: "collector" }], retire };
  const world = aWorld({ upgrade: anUpgrade({ components: { ...SPEC.components, collector } }) });
  const agent = anAgent(aDeployment({ name: "collector", component: "collector" }), { component: "collector" });
  expect(reasons(agent, world, target)).toEqual(found);
});

test("what the operator itself has installed counts more than what was said before it", () => {
  const digest = "r/c@sha256:b";
  const newton = parseRelease("newton") ?? { name: "", major: 0 };
  const upgrade = anUpgrade({ from: { release: "newton" } });
  const runs = (image: string, annotated: string | undefined, more: object = {}) => {
    const annotations = annotated === undefined ? {} : { [ANNOTATION.release]: annotated };
    const workload = aDeployment({ name: "notification", image, annotations });
    const target = aRecordedTarget(workload, { image: "r/c@sha256:a", release: "newton", targetImage: digest });
    const world = aWorld({ upgrade, records: [aRecord({ to: "ocata", targets: [target], ...more })] });
    return { world, agent: anAgent(workload), release: releaseOf(anAgent(workload), world)?.name };
  };
  const { world, agent } = runs(digest, "newton");
  expect(reasons(agent, world, newton)).toEqual(["Downgrade"]);
  expect([runs(digest, "newton").release, runs(digest, undefined).release]).toEqual(["ocata", "ocata"]);
  // Somebody has said something else since, and knows better.
  expect(runs(digest, "pike").release).toBe("pike");
  // Of another image nothing is known, nor of one that it only has found.
  expect([runs("r/c@sha256:c", undefined).release, runs("r/c@sha256:a", undefined).release]).toEqual([
    "newton",
    "newton",
  ]);
  // A way back speaks of all its targets as one.
  const back = { of: "plan-1", by: "Spec", why: "asked" } as const;
  expect(runs(digest, undefined, { back }).release).toBe("newton");
});

test("records, which are kept for ever and which anybody can make, are not put in order again for each agent that is asked for", () => {
  const make = (length: number) => {
    const workloads = Array.from({ length }, (_, index) => aDeployment({ name: `central-${index}` }));
    const records = workloads.map((workload, index) =>
      aRecord({
        plan: `plan-${index}`,
        targets: [aRecordedTarget(workload, { targetImage: "r/c@sha256:other" })],
        metadata: { resourceVersion: `${index + 1}` },
      }),
    );
    return { world: aWorld({ records }), agents: workloads.map((workload) => anAgent(workload)) };
  };
  const ask = ({ world, agents }: ReturnType<typeof make>) => agents.map((agent) => releaseOf(agent, world));
  expect(growth({ from: 150, times: 8 }, make, ask)).toBeLessThan(24);
});
