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
  const workload = aDeployment({
    name: "notification",
    image: digest,
    annotations: { [ANNOTATION.release]: "newton" },
  });
  const target = aRecordedTarget(workload, { container: "agent", image: "r/c@sha256:a", targetImage: digest });
  const records = [aRecord({ to: "ocata", targets: [target] })];
  const world = aWorld({ upgrade: anUpgrade({ from: { release: "newton" } }), records });
  const newton = parseRelease("newton") ?? { name: "", major: 0 };
  expect(releaseOf(anAgent(workload), world)?.name).toBe("ocata");
  expect(reasons(anAgent(workload), world, newton)).toEqual(["Downgrade"]);
  // Of another image it knows nothing.
  const other = aDeployment({ name: "notification", image: "r/c@sha256:c" });
  expect(releaseOf(anAgent(other), world)?.name).toBe("newton");
});
