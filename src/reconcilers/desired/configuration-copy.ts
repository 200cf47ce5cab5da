/**
 * An immutable copy of a configuration file, named by its content: only then is it known what a pod that mounts it has
 * loaded. It has no owner, because pods of the users mount it: the garbage collector would take it from under them.
 */
import type { Upgrade } from "../../model/observation.ts";
import type { ObjectBody } from "../../model/outcome.ts";
import { gitOpsOptOut, ownLabels } from "./job.ts";

/** `configuration`: a file that the agents keep. `derived`: one that only the upgrade needs, removed at its end. */
export type CopyPurpose = "configuration" | "derived";

export function configurationCopy(
  upgrade: Upgrade,
  name: string,
  key: string,
  text: string,
  purpose: CopyPurpose = "configuration",
): ObjectBody {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      namespace: upgrade.metadata.namespace,
      name,
      labels: ownLabels(upgrade, "configuration", purpose),
      annotations: gitOpsOptOut,
    },
    immutable: true,
    data: { [key]: text },
  };
}
