/** The real operator under the real Argo CD, which owns the same workloads, heals them and prunes. */
import { expect, test } from "vitest";
import { auditScope, modern, newPollsters } from "../e2e/fixtures/topology.ts";
import { leftovers, widened } from "../e2e/isolation.ts";
import { conditionOf, eventually } from "../e2e/resource.ts";
import type { Application } from "./application.ts";
import { inGitOps } from "./git-ops.ts";
import { made, podsOf } from "./namespace.ts";

const NEW = "2025.2";

/** What was out of sync at any time since Argo CD first saw the commit, as `<kind>/<name>`. */
function outOfSync({ seen }: Application, revision: string): ReadonlySet<string> {
  const since = seen.filter(({ status }) => status.sync.revision === revision);
  const resources = since.flatMap(({ status }) => status.resources.filter((each) => each.status !== "Synced"));
  return new Set(resources.map(({ kind, name }) => `${kind}/${name}`));
}

test.concurrent.each([
  ["client-side", []],
  ["server-side", ["ServerSideApply=true"]],
])("%s: a commit upgrades and nothing is healed; then Git gets the image, and nothing moves", (_how, syncOptions) => {
  const topology = modern();
  return inGitOps({ topology, syncOptions }, async ({ scene, application, commit }) => {
    const revision = await commit("upgrade to 2025.2", topology);
    await scene.succeed();
    await application.until(revision, "Synced", "Healthy");
    expect(outOfSync(application, revision)).toEqual(new Set(["CeilometerUpgrade/ceilometer"]));

    const before = { pods: await podsOf(scene), writes: scene.effects().length };
    const shown = await commit("show what runs", topology.tagged(NEW));
    const { status } = await application.until(shown, "Synced", "Healthy");
    await application.sync(shown);
    expect(outOfSync(application, shown)).toEqual(new Set());
    expect(status.resources.length).toBe(topology.objects.length + 1);
    expect({ pods: await podsOf(scene), writes: scene.effects().length }).toEqual(before);

    // Git has everything back when the operator is not known any more to have written it.
    const given = topology.tagged(NEW).wish((spec) => Object.assign(spec, { ownership: "Release" }));
    await application.until(await commit("ownership back", given), "Synced", "Healthy");
    const owned = () =>
      scene.kubectl("get", "deploy,ds", "-o", "jsonpath={.items[*].metadata.managedFields}", "--show-managed-fields");
    const isBack = async (): Promise<boolean> =>
      !(await owned()).includes('"f:image":{}},"manager":"ceilometer-upgrade-operator"');
    await eventually(isBack, owned, 30_000);
    const three = given.workload("ceilometer-notification", ({ spec }) => {
      spec.replicas = 3;
    });
    await application.until(await commit("one more", three), "Synced", "Healthy");
    const query = ["get", "deploy", "ceilometer-notification", "-o", "jsonpath={.status.readyReplicas}"];
    await eventually(
      async () => (await scene.kubectl(...query)) === "3",
      () => scene.kubectl(...query),
      30_000,
    );
    expect(conditionOf(await scene.resource(), "Drifted")?.status).toBe("False");
  });
});

test.concurrent("what the operator creates is neither pruned nor out of sync: records, copies, Jobs, an isolated group", () => {
  const topology = newPollsters();
  const audit = auditScope(topology, { windows: widened("Deployment/ceilometer-central") });
  return inGitOps({ topology, audit }, async ({ scene, application, commit }) => {
    let whileIsolated: readonly string[] = [];
    scene.proxy.setHook(async (_n, phase, { method, path }) => {
      if (phase === "after-commit" && method === "POST" && /\/(deployments|daemonsets)\b/.test(path)) {
        await application.refresh();
        whileIsolated = await made(scene);
      }
      return undefined;
    });
    const revision = await commit("upgrade to 2025.2", topology);
    await scene.succeed();
    await application.until(revision, "Synced", "Healthy");
    expect(await leftovers(scene)).toEqual([]);
    expect(outOfSync(application, revision)).toEqual(new Set(["CeilometerUpgrade/ceilometer"]));
    expect(whileIsolated.some((name) => /^(Deployment|DaemonSet)\//.test(name))).toBe(true);

    const before = await made(scene);
    expect(before.length).toBeGreaterThan(1);
    await application.sync(revision);
    const { status } = await application.until(revision, "Synced", "Healthy");
    expect(status.resources.filter(({ requiresPruning }) => requiresPruning === true)).toEqual([]);
    expect(await made(scene)).toEqual(before);
  });
});

test.concurrent("without the rules a fight is named and given up after three rounds; with them a retry ends well", () => {
  // It stays in the middle until a person says go, so that Argo CD has all the time to take each start back.
  const topology = modern().wish((spec) => Object.assign(spec, { approvals: [{ before: "polling" }] }));
  return inGitOps({ topology, ignoring: false }, async ({ scene, application, commit, ignore }) => {
    const revision = await commit("upgrade to 2025.2", topology);
    const { object, message } = await scene.stalled("Contested");
    expect(object).toBe("Deployment/ceilometer-notification");
    expect(message).toContain("brought to the target 3 times");
    expect(message).toContain("the last writer is argocd-controller");
    const degraded = await application.until(revision, "Synced", "Degraded");
    const { health } = degraded.status.resources.find(({ kind }) => kind === "CeilometerUpgrade") ?? {};
    expect(health?.status).toBe("Degraded");
    expect(health?.message).toMatch(/^Contested: .*argocd-controller/);
    const takenBack = (await scene.verdict({ ended: false })).filter(({ invariant }) => invariant === "I10");
    expect(takenBack.length).toBe(3);

    await ignore();
    const retried = await commit(
      "try again",
      modern().wish((spec) => Object.assign(spec, { retryAttempt: 1 })),
    );
    await scene.until({ type: "Succeeded", status: "True" });
    await application.until(retried, "Synced", "Healthy");
  });
});

test.concurrent("what is taken back after the end is drift: no fight, and not Healthy", () => {
  const topology = modern();
  return inGitOps({ topology, ignoring: false, selfHeal: false }, async ({ scene, application, commit, heal }) => {
    const revision = await commit("upgrade to 2025.2", topology);
    await scene.succeed();
    await application.until(revision, "OutOfSync", "Healthy");
    const writes = scene.effects().length;
    await heal();
    await scene.until({ type: "Drifted", status: "True" });
    await application.until(revision, "Synced", "Suspended");
    expect(conditionOf(await scene.resource(), "Succeeded")?.status).toBe("True");
    expect(scene.effects().length).toBe(writes);
  });
});
