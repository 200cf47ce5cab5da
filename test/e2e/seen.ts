/** What the auditor has seen, as a test asks for it. */
import type { Fact } from "../support/audit-facts.ts";
import type { Scene } from "./scene.ts";

const inOrder = ({ auditor }: Scene): readonly Fact[] => auditor.facts.toSorted((a, b) => a.revision - b.revision);

/** Components by their label, in the order in which the first pod of each that runs the image was created. */
export function firstNewPods(scene: Scene, image: string): readonly string[] {
  const seen = new Set<string>();
  for (const fact of inOrder(scene)) {
    if (fact.about !== "pod" || fact.pod.owner === "Job") continue;
    const label = fact.pod.labels["component"];
    if (label !== undefined && fact.pod.containers.some((container) => container.image === image)) seen.add(label);
  }
  return [...seen];
}

/** How often a workload was taken down as a whole. */
export function timesDown(scene: Scene, name: string): number {
  const counts = inOrder(scene).flatMap((fact) =>
    fact.about === "workload" && fact.workload.name === name ? [fact.workload.replicas] : [],
  );
  return counts.filter((replicas, at) => replicas === 0 && at > 0 && counts[at - 1] !== 0).length;
}

/** Image and files of the agents of a component, each combination once, in the order in which pods had them. */
export function generations(scene: Scene, component: string): readonly string[] {
  const seen = inOrder(scene).flatMap((fact) => {
    if (fact.about !== "pod" || fact.pod.owner === "Job" || fact.pod.labels["component"] !== component) return [];
    const [agent] = fact.pod.containers;
    if (agent === undefined) return [];
    const mounted = fact.pod.volumes.flatMap(({ sources }) => sources.map(({ name }) => name));
    const files = [...new Set(mounted)]
      .filter((name) => name.startsWith("ceilometer"))
      .map((name) => name.replace(/-[0-9a-f]{8}$/, ""))
      .toSorted();
    const intake = agent.command.includes("drain.conf") ? " (intake off)" : "";
    return [`${agent.image.split(":")[1]} ${files.join("+")}${intake}`];
  });
  return [...new Set(seen)];
}
