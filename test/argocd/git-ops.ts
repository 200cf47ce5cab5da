/** A scene whose Ceilometer and whose resource both come out of Git, by one Application that heals and prunes. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import { type Topology, workloadsOf } from "../e2e/fixtures/topology.ts";
import { eventually } from "../e2e/resource.ts";
import { inScene, type Scene, type SceneOptions } from "../e2e/scene.ts";
import { type Application, createApplication } from "./application.ts";
import { createRepository, type Repository } from "./repository.ts";

const read = (file: string): unknown => parse(readFileSync(`examples/argocd/${file}.yaml`, "utf8"));

const exampleSchema = z.object({
  spec: z.object({
    ignoreDifferences: z.array(z.unknown()),
    syncPolicy: z.object({
      automated: z.object({ selfHeal: z.literal(true), prune: z.literal(true) }),
      syncOptions: z.array(z.string()),
    }),
  }),
});
/** What the example tells people to write. */
const example = exampleSchema.parse(read("application")).spec;
const { ignoreDifferences, syncPolicy } = example;

export interface GitOps {
  readonly scene: Scene;
  readonly repository: Repository;
  readonly application: Application;
  /** Commits the Ceilometer as it is in this topology, and the resource with this wish. Answers when Argo CD has applied it. */
  commit(message: string, topology: Topology): Promise<string>;
  /** Takes back the last commit, which leads to this. */
  revert(to: Topology): Promise<string>;
  /** Gives the Application the rules of the example about our fields. */
  ignore(): Promise<void>;
  /** Has Argo CD take back by itself what differs. */
  heal(): Promise<void>;
}

export interface GitOpsOptions extends Omit<SceneOptions, "place"> {
  /** The Ceilometer as it is, with the upgrade that Git will ask for. */
  readonly topology: Topology;
  /** Without: the Application has no rules about our fields. */
  readonly ignoring?: boolean;
  /** Without: what differs is only shown. */
  readonly selfHeal?: boolean;
  /** More of Argo CD's options of a sync. */
  readonly syncOptions?: readonly string[];
}

const resourceSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()) }),
  spec: z.looseObject({ ownership: z.literal("Keep") }),
});
/** The resource of the example with another wish: in the same wave, and keeping what it writes. */
const { spec: exampleSpec, ...resource } = resourceSchema.parse(read("upgrade"));
const wishOf = (spec: SpecInput) => ({ ...resource, spec: { ownership: exampleSpec.ownership, ...spec } });
/** Without namespaces: where they go says the Application. */
export const files = ({ objects, spec }: Topology) => ({
  "ceilometer.yaml": objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: undefined } })),
  "upgrade.yaml": [wishOf(spec)],
});

const wishSchema = z.object({ spec: z.object({ target: z.object({ release: z.string() }), retryAttempt: z.int() }) });
function seenWish(json: string): string {
  const { target, retryAttempt } = wishSchema.parse(JSON.parse(json)).spec;
  return JSON.stringify([target.release, retryAttempt]);
}

/** As it stands in Git between two upgrades: the resource asks for what runs. */
export const atRest = (topology: Topology): Topology =>
  topology.wish(({ target, from, components }) => {
    Object.assign(target, { release: from?.release, image: imageOf(topology) });
    delete target.config;
    delete components.collector?.retire;
    delete components.api?.retire;
  });

function imageOf(topology: Topology): string {
  const [workload] = workloadsOf(topology);
  const image = workload?.spec.template.spec.containers[0]?.image;
  if (image === undefined) throw new Error(`${topology.name} has no agent`);
  return image;
}

export async function inGitOps(
  { ignoring = true, selfHeal = true, syncOptions = [], ...options }: GitOpsOptions,
  play: (gitOps: GitOps) => Promise<void>,
): Promise<void> {
  let made: Pick<GitOps, "repository" | "application"> | undefined;
  const place: SceneOptions["place"] = async (cluster, namespace) => {
    const repository = await createRepository(join(cluster.dir, "git", namespace));
    const first = await repository.commit("install", files(atRest(options.topology)));
    const application = await createApplication(cluster, namespace, {
      project: "default",
      source: { repoURL: repository.url, path: ".", targetRevision: "main" },
      destination: { server: cluster.server, namespace },
      syncPolicy: {
        automated: { ...syncPolicy.automated, selfHeal },
        syncOptions: [...syncPolicy.syncOptions, ...syncOptions],
      },
      ...(ignoring ? { ignoreDifferences } : {}),
    });
    made = { repository, application };
    await application.until(first, "Synced", "Healthy");
  };
  await inScene({ ...options, place }, async (scene) => {
    if (made === undefined) throw new Error("nothing was placed");
    const { repository, application } = made;
    const applied = async (commit: string, { spec }: Topology): Promise<string> => {
      await application.refresh();
      const wanted = JSON.stringify([spec.target.release, spec.retryAttempt ?? 0]);
      const query = ["get", "cmu", "ceilometer", "-o", "json"];
      const isThere = async (): Promise<boolean> => wanted === seenWish(await scene.kubectl(...query));
      await eventually(isThere, async () => JSON.stringify((await application.read()).status), 60_000);
      return commit;
    };
    try {
      await play({
        scene,
        repository,
        application,
        commit: async (message, topology) => applied(await repository.commit(message, files(topology)), topology),
        revert: async (to) => applied(await repository.revert(), to),
        ignore: () => application.edit({ ignoreDifferences }),
        heal: () => application.edit({ syncPolicy }),
      });
    } finally {
      await application.close();
    }
  });
}
