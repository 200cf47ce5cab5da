import { expect, test } from "vitest";
import { aDeployment, aRecord, aRecordedTarget } from "../../../test/support/builders.ts";
import type { RecordedPolling } from "../../model/attempt.ts";
import { standInSpec } from "./stand-in-spec.ts";

const polling: RecordedPolling = {
  namespaces: ["central"],
  path: "Roll",
  why: "nothing is new",
  overlap: true,
  file: { path: "/etc/ceilometer/polling.yaml", volume: "etc" },
  before: {},
};
const target = aRecordedTarget(aDeployment({ name: "central" }), { component: "polling" });
const full = aRecord({ targets: [target] });
const partial = aRecord({ targets: [target, { ...target, polling }] });

test("its strategy is that of the attempt that is carried out, or was last", () => {
  const ended = { state: "Superseded", at: "2026-01-01T01:00:00Z", retry: 0 } as const;
  expect(standInSpec([full]).strategy).toBe("Full");
  expect(standInSpec([partial]).strategy).toBe("Partial");
  expect(standInSpec([{ ...partial, ended }, full]).strategy).toBe("Full");
  expect(standInSpec([{ ...full, ended }, partial]).strategy).toBe("Partial");
});

test("where there is no record it is the one in which old and new never meet", () => {
  expect(standInSpec([]).strategy).toBe("Full");
});
