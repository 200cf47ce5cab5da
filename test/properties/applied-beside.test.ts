/**
 * Somebody applies the workloads from Git all the while, as Argo CD, Flux and Helm 4 do: what the operator has written is its own until
 * it lets go, so that an apply of the old image is refused by its name, and changes nothing.
 */
import { expect, test } from "vitest";
import { FIELD_MANAGER } from "../../src/api/v1alpha1/names.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import { imageOf, specOf, type Topology, workloadObject } from "../sim/topology.ts";
import { Safety } from "./safety.ts";

const ROUNDS = 600;
const QUIET = 10;
const GIT = "gitops";

const topology: Topology = {
  from: "newton",
  to: "ocata",
  hosts: ["control-0", "compute-0", "compute-1"],
  agents: [
    { component: "collector", kind: "StatefulSet", name: "collector", replicas: 2 },
    { component: "notification", kind: "Deployment", name: "notification", replicas: 2 },
    { component: "polling", kind: "DaemonSet", name: "compute" },
    { component: "api", kind: "Deployment", name: "api", replicas: 1 },
  ],
};

/** What Git has at a release. */
const manifests = (release: string) =>
  topology.agents.map((agents) => {
    const { metadata, ...object } = workloadObject(agents, imageOf(release));
    const { annotations: _, ...named } = metadata;
    return { ...object, metadata: named };
  });

interface Applying {
  readonly ownership: "Keep" | "Release";
  readonly force?: boolean;
}

function story({ ownership, force = false }: Applying) {
  const cluster = new ModelCluster(topology, decide, { onVerified: (pod) => safety.verified(pod) });
  const safety = new Safety(cluster);
  const { api } = cluster;
  for (const object of manifests(topology.from)) api.apply(object, { manager: GIT, force: true });
  cluster.wish({ ...specOf(topology), ownership });
  const said = { changed: 0, refused: 0, refusedFor: new Set<string>() };
  const applyAll = (release: string): void => {
    for (const object of manifests(release)) {
      const before = api.get(object.kind ?? "", object.metadata.name)?.metadata.generation;
      const answer = api.apply(object, { manager: GIT, force });
      if ("object" in answer) said.changed += answer.object.metadata.generation === before ? 0 : 1;
      else {
        said.refused += 1;
        said.refusedFor.add(/"([^"]+)" using/.exec(answer.message)?.[1] ?? answer.message);
      }
    }
  };
  let phase = "";
  let reason = "";
  let message = "";
  const run = (each: () => void): void => {
    for (let round = 0, quiet = 0; round < ROUNDS && quiet < QUIET; round += 1) {
      each();
      cluster.deliverAll();
      const look = cluster.look();
      const wrote = look !== undefined && cluster.send(look) !== undefined;
      ({
        phase = "",
        headline: { reason, message } = { reason: "", message: "" },
      } = look?.decision ?? {});
      while (cluster.answer(0)) cluster.operator.dirty = true;
      quiet = cluster.stepOthers() || wrote ? 0 : quiet + 1;
      cluster.now += 10_000;
    }
  };
  return { cluster, safety, said, applyAll, run, end: () => ({ phase, reason, message }) };
}

test("Keep: an apply of what was before changes nothing from the first write to the end, and after it", () => {
  const { safety, said, applyAll, run, end } = story({ ownership: "Keep" });
  run(() => applyAll(topology.from));
  expect(end().phase).toBe("Completed");
  expect(safety.breaches).toEqual([]);
  expect(said.changed).toBe(0);
  expect([...said.refusedFor]).toEqual([FIELD_MANAGER]);
  // At the end all of them are the operator's.
  const { refused } = said;
  applyAll(topology.from);
  expect(said.refused - refused).toBe(topology.agents.length);
  applyAll(topology.to);
  expect(said.refused - refused).toBe(topology.agents.length);
});

test("Release: at the end nobody is in the way of Git, whatever it says", () => {
  const { cluster, said, applyAll, run, end } = story({ ownership: "Release" });
  run(() => {});
  expect(end().phase).toBe("Completed");
  applyAll(topology.to);
  expect(said).toMatchObject({ changed: 0, refused: 0 });
  applyAll("pike");
  expect(said).toMatchObject({ changed: topology.agents.length, refused: 0 });
  const images = cluster.workloads.map(({ spec }) => spec.template.spec.containers[0]?.image);
  expect(new Set(images)).toEqual(new Set([imageOf("pike")]));
});

test("who applies by force all the while is told of by name, and nobody fights for ever", () => {
  const { cluster, said, applyAll, run, end } = story({ ownership: "Keep", force: true });
  run(() => applyAll(topology.from));
  expect(said.changed).toBeGreaterThan(0);
  expect(end()).toMatchObject({ reason: "Contested" });
  expect(end().message).toContain(GIT);
  expect(cluster.stepOperator()).toBe(false);
});
