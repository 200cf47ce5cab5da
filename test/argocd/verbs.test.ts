/** What people do to an upgrade that Argo CD has begun: by an action, and by `git revert`. */
import { expect, inject, test } from "vitest";
import { modern, type Topology } from "../e2e/fixtures/topology.ts";
import { imagesOf } from "../e2e/isolation.ts";
import { eventually } from "../e2e/resource.ts";
import { act } from "./act.ts";
import { adminOf } from "./admin.ts";
import { atRest, inGitOps } from "./git-ops.ts";

const OLD = "quay.io/example/ceilometer:2025.1";
const NEW = "quay.io/example/ceilometer:2025.2";

const approved = (topology: Topology): Topology =>
  topology.wish((spec) => Object.assign(spec, { approvals: [{ before: "polling" }] }));

test.concurrent("each action does what it says, and is no difference from Git", () => {
  const topology = approved(modern());
  const admin = adminOf(inject("argocd"));
  return inGitOps({ topology }, async ({ scene, application, commit }) => {
    const revision = await commit("upgrade to 2025.2", topology);
    await scene.until({ type: "AwaitingApproval", status: "True" });
    await application.until(revision, "Synced", "Suspended");

    await act(admin, scene, "pause");
    await scene.until({ type: "Paused", status: "True" });
    await act(admin, scene, "resume");
    await scene.until({ type: "AwaitingApproval", status: "True" });

    await act(admin, scene, "abort");
    await scene.stalled("Aborted");
    await application.until(revision, "Synced", "Degraded");
    await act(admin, scene, "retry");
    await scene.until({ type: "AwaitingApproval", status: "True" });

    await act(admin, scene, "approve");
    await scene.succeed();
    await application.until(revision, "Synced", "Healthy");
    expect(await imagesOf(scene)).toEqual([NEW]);

    await act(admin, scene, "rollback");
    await scene.stalled("RolledBack");
    expect(await imagesOf(scene)).toEqual([OLD]);
    await application.until(revision, "Synced", "Degraded");
    await act(admin, scene, "retry");
    await scene.until({ type: "AwaitingApproval", status: "True" });
    await application.until(revision, "Synced", "Suspended");
  });
});

test.concurrent("git revert takes the workloads back, not the database", () => {
  const topology = modern();
  return inGitOps({ topology }, async ({ scene, application, commit, revert }) => {
    const revision = await commit("upgrade to 2025.2", topology);
    await scene.succeed();
    await application.until(revision, "Synced", "Healthy");

    const reverted = await revert(atRest(topology));
    await scene.until({ type: "Succeeded", status: "True" });
    await application.until(reverted, "Synced", "Healthy");
    expect(await imagesOf(scene)).toEqual([OLD]);
    const { status } = (await scene.resource()) ?? {};
    expect(status?.history.map(({ state }) => state)).toContain("RolledBack");
  });
});

test.concurrent("a later wave waits for the whole upgrade, also while that waits for a person", () => {
  const metadata = { name: "after", annotations: { "argocd.argoproj.io/sync-wave": "2" } };
  const topology = approved(modern());
  const admin = adminOf(inject("argocd"));
  return inGitOps({ topology }, async ({ scene, application, commit }) => {
    const later = topology.with({ apiVersion: "v1", kind: "ConfigMap", metadata });
    const revision = await commit("upgrade, and what comes after it", later);
    await scene.until({ type: "AwaitingApproval", status: "True" });
    await eventually(
      async () => /waiting for healthy state of .*CeilometerUpgrade/.test((await application.operation()).message),
      async () => JSON.stringify(await application.operation()),
      30_000,
    );
    expect((await scene.tryKubectl("get", "configmap", "after")).stderr).toContain("NotFound");
    await act(admin, scene, "approve");
    await scene.succeed();
    await application.until(revision, "Synced", "Healthy");
    await scene.kubectl("get", "configmap", "after");
  });
});
