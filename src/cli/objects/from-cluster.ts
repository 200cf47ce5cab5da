/** The objects of a namespace, read once from a cluster with the rights of whoever asks. Nothing is written. */
import { MANAGED_BY } from "../../controllers/ceilometer-upgrade/caches.ts";
import {
  AUTOSCALER,
  CONFIG_MAP,
  CRON_JOB,
  DAEMON_SET,
  DEPLOYMENT,
  JOB,
  POD,
  SECRET,
  STATEFUL_SET,
  UPGRADE,
} from "../../controllers/ceilometer-upgrade/resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import { failureOf } from "../../kube/errors.ts";
import { isStored, type KubeObject, type StoredObject } from "../../kube/object.ts";
import type { Resource } from "../../kube/resource.ts";
import type { ObjectName } from "../../model/agent-files.ts";

const LISTED = [DEPLOYMENT, DAEMON_SET, STATEFUL_SET, POD, JOB, CRON_JOB, AUTOSCALER] as const;

export async function readNamespace(client: KubeClient, namespace: string): Promise<readonly StoredObject[]> {
  const lists = await Promise.all([
    ...LISTED.map((resource) => listObjects(client, resource, { namespace })),
    listObjects(client, CONFIG_MAP, { namespace, labelSelector: MANAGED_BY }),
    // A cluster without the definition has none yet.
    listObjects(client, UPGRADE, { namespace }).catch(absent),
  ]);
  return lists.flat();
}

/** Objects by their names, those that are there. */
export async function readNamed(
  client: KubeClient,
  namespace: string,
  names: readonly ObjectName[],
): Promise<readonly StoredObject[]> {
  const found = await Promise.all(
    names.map(async ({ kind, name }) => {
      const resource = kind === "Secret" ? SECRET : CONFIG_MAP;
      return client.get(resource, { namespace, name }).then((object) => ofKind(resource, [object]), absent);
    }),
  );
  return found.flat();
}

/** All objects of a kind, each with its kind. */
export async function listObjects(
  client: KubeClient,
  resource: Resource,
  selection: { readonly namespace: string; readonly labelSelector?: string },
): Promise<readonly StoredObject[]> {
  const { items } = await client.list(resource, selection);
  return ofKind(resource, items);
}

/** Items of a list do not say their kind. */
const ofKind = (resource: Resource, objects: readonly KubeObject[]): readonly StoredObject[] =>
  objects.filter(isStored).map((object) => ({ ...object, kind: resource.kind }));

function absent(error: unknown): readonly StoredObject[] {
  if (failureOf(error)?.kind === "notFound") return [];
  throw error;
}
