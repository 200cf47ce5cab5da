/** The way back: when a target is one, what stops it before anything is written, and how it ends. */
import { describe, expect, test } from "vitest";
import {
  aDeployment,
  anObservation,
  anUpgrade,
  aRecord,
  aRecordedTarget,
  OLD_IMAGE,
  podsOf,
} from "../../test/support/builders.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import { decide } from "./decide.ts";

const COMPLETED = { state: "Completed", at: "2026-01-01T00:10:00Z", retry: 0 } as const;
const NEWTON: SpecInput["target"] = { release: "newton", image: OLD_IMAGE };

describe("a target that is the release of before", () => {
  const OWN = { old: "registry.example/notification:newton", new: "registry.example/notification:ocata" } as const;

  /** Git says Newton again, and gives the notification agents this image. */
  function reverted(image: string | undefined) {
    const notification = {
      targets: [{ kind: "Deployment" as const, name: "notification" }],
      workloadPartitioning: "Disabled" as const,
      ...(image === undefined ? {} : { image }),
    };
    const upgrade = anUpgrade({ target: NEWTON, components: { database: { action: "Skip" }, notification } });
    const workload = aDeployment({ name: "notification", image: OWN.new });
    const target = aRecordedTarget(workload, { image: OWN.old, targetImage: OWN.new, release: "newton" });
    const records = [aRecord({ inputs: "other", targets: [target], ended: COMPLETED })];
    const { effect, headline } = decide(
      anObservation({ upgrade, workloads: [workload], pods: podsOf(workload), records }),
    );
    return effect?.why.reason ?? headline.reason;
  }

  test("is its way back where a component has an image of its own", () => {
    expect(reverted(OWN.old)).toBe("Holding");
  });

  test("is a downgrade where that image is not the one of before", () => {
    expect(reverted(undefined)).toBe("Downgrade");
    expect(reverted("registry.example/notification:other")).toBe("Downgrade");
  });
});
