import { expect, test } from "vitest";
import { LABEL } from "../../api/v1alpha1/names.ts";
import type { OwnerReference } from "../../kube/object.ts";
import { RECORD_KEY } from "../../model/attempt.ts";
import { recordOf } from "./observe.ts";
import { ownConfigView } from "./views/config.ts";

const UID = "uid-of-the-resource";
const owner = { apiVersion: "v1", kind: "CeilometerUpgrade", name: "ceilometer", uid: UID, controller: true };
const body = {
  plan: "plan-1",
  inputs: "inputs-1",
  startedAt: "2026-01-01T00:00:00Z",
  to: "2025.2",
  files: {},
  longestIntervalSeconds: 600,
  targets: [],
};

interface Words {
  readonly owners?: readonly OwnerReference[];
  readonly immutable?: boolean;
  readonly purpose?: string;
  readonly text?: string;
}
const view = ({ owners = [owner], immutable = true, purpose = "attempt", text = JSON.stringify(body) }: Words = {}) =>
  ownConfigView({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "ceilometer-attempt-1",
      namespace: "openstack",
      uid: "uid-of-the-record",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { [LABEL.purpose]: purpose, [LABEL.upgrade]: UID },
      ownerReferences: owners,
    },
    immutable,
    data: { [RECORD_KEY]: text },
  });

test("a record is an immutable ConfigMap that the resource controls", () => {
  expect(recordOf(view(), UID).map(({ plan }) => plan)).toEqual(["plan-1"]);
});

test.each<[string, Words]>([
  ["has no owner", { owners: [] }],
  ["is owned by another resource", { owners: [{ ...owner, uid: "another" }] }],
  ["is owned by it, and controlled by nobody", { owners: [{ ...owner, controller: false }] }],
  ["can be changed", { immutable: false }],
  ["is for something else", { purpose: "configuration" }],
])("a whole record, with every label of one, that %s is none", (_what, words) => {
  expect(recordOf(view(words), UID)).toEqual([]);
});

test("of what the resource does control, only a whole record counts", () => {
  for (const text of ["", "{", "null", "[]", JSON.stringify({ ...body, targets: 1 })])
    expect(recordOf(view({ text }), UID)).toEqual([]);
});
