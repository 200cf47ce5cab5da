/** Everything in the repository that is written by a program and committed. */

import { customResourceDefinition } from "../../src/api/v1alpha1/crd.ts";
import { GROUP, PLURAL } from "../../src/api/v1alpha1/names.ts";
import { pluginReference } from "../../src/cli/reference.ts";
import { ruleGroups } from "../monitoring/alerts.ts";
import { dashboard } from "../monitoring/dashboard.ts";
import { planPicture } from "../pictures/plan.ts";
import { sequencePicture } from "../pictures/sequence.ts";
import { terminalPicture } from "../pictures/terminal.ts";
import { argoConfigMap } from "./argocd.ts";
import { chartReadme, chartValues, valuesYaml } from "./chart-values.ts";
import { fieldReference } from "./field-reference.ts";
import { metricsPage } from "./metrics.ts";
import { reasonsPage } from "./reasons.ts";
import { chartRules, permissionsPage } from "./roles.ts";
import { toYaml } from "./yaml.ts";

export const COMMAND = "npm run gen";
const CHART = "charts/ceilometer-upgrade-operator";

export interface Artefact {
  /** From the root of the repository. */
  readonly path: string;
  readonly content: string;
}

export function artefacts(): readonly Artefact[] {
  const crd = toYaml(COMMAND, customResourceDefinition());
  const argoCd = toYaml(COMMAND, argoConfigMap());
  return [
    { path: `crds/${GROUP}_${PLURAL}.yaml`, content: crd },
    // Not the chart's `crds/` folder: Helm installs what lies there once and never upgrades it.
    { path: `${CHART}/files/crd.yaml`, content: crd },
    { path: `${CHART}/files/alerts.yaml`, content: toYaml(COMMAND, ruleGroups()) },
    { path: `${CHART}/files/dashboard.json`, content: `${JSON.stringify(dashboard(), undefined, 2)}\n` },
    { path: `${CHART}/files/rules.yaml`, content: toYaml(COMMAND, chartRules()) },
    { path: "config/argocd/argocd-cm.yaml", content: argoCd },
    // For people who have the chart and not the repository.
    { path: `${CHART}/argocd/argocd-cm.yaml`, content: argoCd },
    { path: `${CHART}/values.yaml`, content: valuesYaml(COMMAND, chartValues()) },
    { path: `${CHART}/README.md`, content: chartReadme() },
    { path: "docs/reference/ceilometerupgrade.md", content: fieldReference() },
    { path: "docs/reference/metrics.md", content: metricsPage() },
    { path: "docs/reference/permissions.md", content: permissionsPage() },
    { path: "docs/reference/plugin.md", content: pluginReference() },
    { path: "docs/reference/reasons.md", content: reasonsPage() },
    ...pictures(),
  ];
}

function pictures(): readonly Artefact[] {
  const drawn = {
    sequence: sequencePicture(),
    full: planPicture("classic", "openstack-classic", "Full: one write after the other, and who runs after each"),
    "partial-pollsters": planPicture(
      "new-pollsters",
      "openstack-new-pollsters",
      "Partial, with new pollsters: they start in a group of their own, beside old agents",
    ),
    "partial-pipeline": planPicture(
      "changed-pipeline",
      "openstack-changed",
      "Partial, with another pipeline: partitioned old agents are restarted on it before new ones come",
    ),
    "status-held": terminalPicture("status-held.txt", "kubectl ceilometer-upgrade status -w", 118),
  };
  return Object.entries(drawn).map(([name, content]) => ({ path: `docs/pictures/${name}.svg`, content }));
}

export interface Drift {
  readonly path: string;
  readonly why: "missing" | "differs";
}

/** `read` answers undefined for a file that does not exist. */
export async function drift(
  wanted: readonly Artefact[],
  read: (path: string) => Promise<string | undefined>,
): Promise<readonly Drift[]> {
  const found = await Promise.all(
    wanted.map(async ({ path, content }): Promise<Drift | undefined> => {
      const current = await read(path);
      if (current === undefined) return { path, why: "missing" };
      return current === content ? undefined : { path, why: "differs" };
    }),
  );
  return found.filter((entry) => entry !== undefined);
}
