import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FINALIZER, KIND } from "../../api/v1alpha1/names.ts";
import { failureFromStatus, KubeApiError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { Controller } from "../../runtime/controller.ts";
import { silentLog } from "../../runtime/logger.ts";
import { Store } from "../../runtime/store.ts";
import { isHeld, isLast, type Leave, leaveOf } from "./leave.ts";
import { type UpgradeView, upgradeView } from "./views/upgrade.ts";

let clock: FakeClock;
let store: Store<UpgradeView>;
let life: AbortController;
beforeEach(() => {
  clock = new FakeClock();
  store = new Store();
  life = new AbortController();
});

let version = 0;
function anUpgrade(finalizers: readonly string[]): UpgradeView {
  version += 1;
  const metadata = { name: "u", namespace: "n", uid: "1", resourceVersion: String(version), finalizers };
  const object: KubeObject = { kind: KIND, metadata };
  return upgradeView(object);
}

/** `status`: how the API server answers a list. */
function aLeave(
  status: number,
  orphans: readonly string[] = [],
): { readonly leave: Leave; readonly ended: Promise<void> } {
  const managed = [{ name: "upgrades", store, run: () => Promise.resolve() }];
  const client = { listPage: () => Promise.reject(new KubeApiError(failureFromStatus({}, status))) };
  const leave = leaveOf({
    client,
    upgrades: { all: () => store.list(), managed },
    orphans: () => orphans,
    namespaces: [],
    clock,
    log: silentLog,
  });
  const controller: Controller = {
    name: "test",
    depth: 0,
    enqueue: () => undefined,
    run: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
  };
  return { leave, ended: leave.run(controller, life.signal) };
}

test("it ends when no resource is held any more", async () => {
  store.replace([anUpgrade([FINALIZER, "another"])], "1");
  const { leave, ended } = aLeave(500);
  await clock.advance(60_000);
  expect(leave.isDone()).toBe(false);
  store.observe(anUpgrade(["another"]));
  await clock.advance(1_000);
  await ended;
  expect(leave.isDone()).toBe(true);
});

test("it does not end while records are held of resources that are not", async () => {
  store.replace([], "1");
  const orphans = ["openstack/ceilometer"];
  const { leave, ended } = aLeave(500, orphans);
  await clock.advance(60_000);
  expect(leave.isDone()).toBe(false);
  orphans.pop();
  await clock.advance(1_000);
  await ended;
  expect(leave.isDone()).toBe(true);
});

test.each([
  [403, false],
  [500, false],
  [404, true],
])(
  "where resources cannot be listed (%i) it is not known that none is held, unless there is no such kind",
  async (status, done) => {
    store.fail("refused");
    const { leave, ended } = aLeave(status);
    await clock.advance(60_000);
    expect(leave.isDone()).toBe(done);
    life.abort();
    await clock.advance(1_000);
    await ended;
    expect(leave.isDone()).toBe(done);
  },
);

test("what is held and what is the last write is told by finalizer and object", () => {
  expect(isHeld(anUpgrade([]))).toBe(false);
  const why = { reason: "", message: "" };
  const ref = { kind: KIND, namespace: "n", name: "u" };
  const effect = { kind: "annotate", ref, uid: "1", resourceVersion: "1", metadata: {}, why } as const;
  expect(isLast(effect)).toBe(true);
  expect(isLast({ ...effect, ref: { ...ref, kind: "Deployment" } })).toBe(false);
});
