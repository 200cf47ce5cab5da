/** Records that nobody lets go any more, and those that somebody still does. */
import { expect, test } from "vitest";
import { aMeta, NAMESPACE, NOW } from "../../../test/support/builders.ts";
import { FINALIZER } from "../../api/v1alpha1/names.ts";
import type { Meta } from "../../model/meta.ts";
import type { Seen } from "../../model/observation.ts";
import { orphanedKeys, releaseOrphan } from "./orphaned-record.ts";
import type { OwnConfigView } from "./views/config.ts";

const owner = { kind: "CeilometerUpgrade", name: "ceilometer", uid: "gone" };
const going: Partial<Meta> = { owner, deletingSince: NOW, finalizers: [FINALIZER] };
const view = (metadata: Partial<Meta>, purpose = "attempt"): OwnConfigView => ({
  metadata: aMeta("record", metadata),
  purpose,
  immutable: true,
  body: undefined,
  digests: new Map(),
});

function caches(views: readonly OwnConfigView[], uids: readonly string[] | "unreadable") {
  const list = <T>(value: readonly T[]): Seen<readonly T[]> =>
    uids === "unreadable" ? { seen: "unreadable", why: "away" } : { seen: "present", value };
  const resources = uids === "unreadable" ? [] : uids.map((uid) => ({ metadata: aMeta("ceilometer", { uid }) }));
  return {
    ownConfig: { of: () => views, all: () => views },
    upgrades: { list: () => list(resources.map((each) => ({ ...each, status: {} }))) },
  };
}

const present = (metadatas: readonly Meta[]): Seen<readonly { readonly metadata: Meta }[]> => ({
  seen: "present",
  value: metadatas.map((metadata) => ({ metadata })),
});
const key = `${NAMESPACE}/ceilometer`;

test("a record that ends, of a resource that is gone, is let go, though another one has its name now", () => {
  for (const uids of [[], ["another"]]) {
    const seen = caches([view(going)], uids);
    expect(orphanedKeys(seen, false, NAMESPACE)).toEqual([key]);
    expect(orphanedKeys(seen, false)).toEqual([key]);
    expect(releaseOrphan(seen, false, key)).toMatchObject({
      kind: "annotate",
      ref: { kind: "ConfigMap", name: "record" },
      metadata: { finalizers: [] },
    });
    expect(releaseOrphan(seen, false, `${NAMESPACE}/another`)).toBeUndefined();
  }
});

test("one that has no owner any more, so that nobody reads it, is let go by its own name", () => {
  const seen = caches([view({ deletingSince: NOW, finalizers: [FINALIZER] })], ["there"]);
  expect(orphanedKeys(seen, false)).toEqual([`${NAMESPACE}/record`]);
  expect(releaseOrphan(seen, false, `${NAMESPACE}/record`)).toMatchObject({ ref: { name: "record" } });
});

test.each([
  ["its resource is there", going, ["gone"]],
  ["resources cannot be listed", going, "unreadable"],
  ["nobody has deleted it", { owner, finalizers: [FINALIZER] }, []],
  ["it is not held", { ...going, finalizers: ["theirs"] }, []],
] as const)("it stays where %s", (_where, metadata, uids) => {
  const seen = caches([view(metadata)], uids);
  expect(orphanedKeys(seen, false)).toEqual([]);
  expect(releaseOrphan(seen, false, key)).toBeUndefined();
});

test("what is no record is none of its business", () => {
  expect(releaseOrphan(caches([view(going, "configuration")], []), true, key)).toBeUndefined();
});

test("where the operator is removed every record is let go that nothing is borrowed for, deleted or not", () => {
  const held = view({ owner: { ...owner, uid: "there" }, finalizers: [FINALIZER] });
  const seen = caches([held], ["there"]);
  expect(orphanedKeys(seen, true)).toEqual([key]);
  expect(releaseOrphan(seen, true, key)).toMatchObject({ metadata: { finalizers: [] } });
  expect(orphanedKeys(caches([view({ owner, finalizers: [FINALIZER] })], []), true)).toEqual([key]);
  const borrows = {
    ...seen,
    upgrades: { list: () => present([aMeta("ceilometer", { uid: "there", finalizers: [FINALIZER] })]) },
  };
  expect(orphanedKeys(borrows, true)).toEqual([]);
});

test("a thousand resources with ten records each are listed once, at each change of their namespace", () => {
  const uids = Array.from({ length: 1000 }, (_, index) => `u${index}`);
  const views = uids.flatMap((uid) =>
    Array.from({ length: 10 }, () => view({ owner: { ...owner, uid }, finalizers: [FINALIZER] })),
  );
  const seen = caches(views, uids);
  let lists = 0;
  const list = () => {
    lists += 1;
    return seen.upgrades.list();
  };
  expect(orphanedKeys({ ...seen, upgrades: { list } }, false, NAMESPACE)).toEqual([]);
  expect(releaseOrphan({ ...seen, upgrades: { list } }, false, key)).toBeUndefined();
  expect(lists).toBe(2);
});
