/** The settings of Argo CD for our resource: its Lua, gathered into the keys of the ConfigMap `argocd-cm`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { GROUP, KIND } from "../../src/api/v1alpha1/names.ts";

const sources = join(import.meta.dirname, "..", "..", "config", "argocd");

/** In the order in which people are shown them. */
export const ACTIONS = ["pause", "resume", "approve", "abort", "retry", "rollback"] as const;

const lua = (path: string): string => readFileSync(join(sources, `${path}.lua`), "utf8");

/** Keys of `argocd-cm`. */
export function argoSettings(): Readonly<Record<string, string>> {
  const actions = {
    "discovery.lua": lua("actions/discovery"),
    definitions: ACTIONS.map((name) => ({ name, "action.lua": lua(`actions/${name}`) })),
  };
  return {
    [`resource.customizations.health.${GROUP}_${KIND}`]: lua("health"),
    [`resource.customizations.actions.${GROUP}_${KIND}`]: stringify(actions, { lineWidth: 0 }),
  };
}

/** A patch of the ConfigMap, for kustomize and for `kubectl patch --patch-file`. */
export const argoConfigMap = (): unknown => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "argocd-cm" },
  data: argoSettings(),
});
