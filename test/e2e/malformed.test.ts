/**
 * One malformed resource, annotation, record or status never stops another: the other resource's upgrade goes to its end beside
 * them, and what cannot be understood is said where it stands.
 */
import { expect, test } from "vitest";
import { ANNOTATION, API_VERSION, KIND, LABEL, VERB } from "../../src/api/v1alpha1/names.ts";
import { RECORD_KEY } from "../../src/model/attempt.ts";
import { modern } from "./fixtures/topology.ts";
import { eventually, resourcePath } from "./resource.ts";
import { createObject, inScene, type Scene } from "./scene.ts";
import { mergePatch } from "./shared-cluster.ts";

const HUGE = "[".repeat(60 * 1024);
const JUNK = ["{", "null", "[]", HUGE];

/** What an attempt looks like that never was: right label, wrong owner or none, and no content to speak of. */
async function forgeRecords({ cluster, namespace }: Scene): Promise<void> {
  for (const [index, junk] of JUNK.entries()) {
    await createObject(cluster, namespace, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: `ceilometer-attempt-forged-${index}`,
        labels: { "app.kubernetes.io/managed-by": "ceilometer-upgrade-operator", [LABEL.purpose]: "attempt" },
        annotations: { [ANNOTATION.ended]: junk, [ANNOTATION.clock]: junk, [ANNOTATION.verbs]: junk },
      },
      data: { [RECORD_KEY]: junk },
      immutable: true,
    });
  }
}

/** Of workloads that nobody upgrades, and of those that the upgrade is about: marks that nobody understands. */
async function forgeMarks({ kubectl }: Scene): Promise<void> {
  const workloads = ["deploy/ceilometer-notification", "deploy/ceilometer-central", "ds/ceilometer-compute"];
  for (const [index, workload] of workloads.entries()) {
    const marks = [ANNOTATION.claim, ANNOTATION.borrowed, ANNOTATION.phase, ANNOTATION.completedPlan];
    await kubectl("annotate", workload, ...marks.map((mark) => `${mark}=${JUNK[index] ?? ""}`));
  }
}

/** Every verb by annotation with what nobody understands, an annotation of 60 KiB, and a status that somebody forged. */
async function storeMalformed({ cluster, namespace, topology }: Scene): Promise<void> {
  const annotations = Object.fromEntries(Object.values(VERB).map((verb) => [verb, HUGE.slice(0, 16_000)]));
  await createObject(cluster, namespace, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: "malformed", annotations: { ...annotations, note: HUGE } },
    spec: topology.wish((spec) => {
      spec.paused = true;
    }).spec,
  });
  const steps = Array.from({ length: 16 }, (_, index) => ({ name: `forged-${index}`, state: "Succeeded" }));
  await mergePatch(cluster, `${resourcePath(namespace, "malformed")}/status`, { status: { steps, step: "Done" } });
}

test("a malformed resource, marks, records and annotations beside one upgrade that must complete", () =>
  inScene({ topology: modern() }, async (scene) => {
    await forgeRecords(scene);
    await forgeMarks(scene);
    await storeMalformed(scene);
    await scene.apply();
    await scene.succeed({ timeout: 200_000 });
    const said = async (): Promise<string> => JSON.stringify((await scene.resource("malformed"))?.status);
    const told = async (): Promise<boolean> => (await said()).includes("RequestInvalid");
    await eventually(told, said, 30_000);
    expect(await said()).not.toContain("forged");
  }));
