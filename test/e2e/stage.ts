/** Agents in a namespace of their own, for tests that play the operator with kubectl. */
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import type { KubeObject, Topology } from "./fixtures/topology.ts";
import { eventually } from "./resource.ts";
import { allReady, createObject } from "./scene.ts";
import { create, uniqueName } from "./shared-cluster.ts";

export interface Stage {
  readonly cluster: ClusterAccess;
  readonly namespace: string;
  kubectl(...args: readonly string[]): Promise<string>;
  place(object: KubeObject): Promise<void>;
  /** Merges into the pod template's spec of a workload, lists by name. */
  template(workload: string, spec: unknown): Promise<string>;
  rolledOut(workload: string): Promise<string>;
  /** No pod has this label `component` any more, not even one that terminates. */
  podsGone(component: string): Promise<void>;
  /** Scales a Deployment whose pods have this label to nothing, and waits until they are gone. */
  takeDown(deployment: string, component: string): Promise<void>;
}

export async function freshAgents(cluster: ClusterAccess, topology: Topology): Promise<Stage> {
  const namespace = uniqueName("audited");
  await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (const object of topology.objects) await createObject(cluster, namespace, object);
  await allReady(cluster, namespace, topology, []);
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(["-n", namespace, ...args]);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const podsGone = async (component: string): Promise<void> => {
    let left = "";
    const look = async (): Promise<boolean> => {
      left = await kubectl("get", "pods", "-l", `component=${component}`, "-o", "name");
      return left === "";
    };
    await eventually(look, () => `in ${namespace} are still there: ${left}`, 60_000);
  };
  return {
    cluster,
    namespace,
    kubectl,
    place: (object) => createObject(cluster, namespace, object),
    template: (workload, spec) => kubectl("patch", workload, "-p", JSON.stringify({ spec: { template: { spec } } })),
    rolledOut: (workload) => kubectl("rollout", "status", workload, "--timeout=60s"),
    podsGone,
    async takeDown(deployment, component) {
      await kubectl("scale", deployment, "--replicas=0");
      await podsGone(component);
    },
  };
}
