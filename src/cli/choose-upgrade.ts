/** Which resource a command is about: the one that is named, else the only one of the namespace. */
import { KIND, PLURAL, SHORT_NAME } from "../api/v1alpha1/names.ts";
import { UPGRADE } from "../controllers/ceilometer-upgrade/resources.ts";
import type { KubeClient } from "../kube/client.ts";
import { failureOf } from "../kube/errors.ts";
import type { KubeObject } from "../kube/object.ts";
import { UsageError } from "./failures.ts";

/** A name as kubectl prints it (`ceilometerupgrade.ceilometer.openstack.org/name`) is a name, too. */
export function plainName(given: string): string {
  const [kind = "", name, ...more] = given.split("/");
  if (name === undefined && given !== "") return given;
  const known = [KIND.toLowerCase(), PLURAL, SHORT_NAME];
  const isKnown = known.includes(kind.split(".")[0]?.toLowerCase() ?? "");
  if (isKnown && name !== undefined && name !== "" && more.length === 0) return name;
  throw new UsageError(`${JSON.stringify(given)} is no name of a ${KIND}: give NAME or ${SHORT_NAME}/NAME`);
}

/** @throws UsageError where there is none, or it is not clear which one is meant: to a script that is no upgrade that is held. */
export async function chooseUpgrade(
  client: KubeClient,
  namespace: string,
  given: string | undefined,
): Promise<KubeObject> {
  if (given !== undefined) return named(client, namespace, plainName(given));
  const { items } = await client.list(UPGRADE, { namespace }).catch(explained);
  const [only, second] = items;
  if (only === undefined) throw new UsageError(`there is no ${KIND} in namespace ${namespace}; name another with -n`);
  if (second === undefined) return only;
  const names = items.map(({ metadata }) => metadata.name).toSorted();
  throw new UsageError(`there are ${items.length} in namespace ${namespace}, name one of them: ${names.join(", ")}`);
}

async function named(client: KubeClient, namespace: string, name: string): Promise<KubeObject> {
  try {
    return await client.get(UPGRADE, { namespace, name });
  } catch (error) {
    if (failureOf(error)?.kind !== "notFound") throw error;
    // Either the definition or the resource is not there: the list tells the two apart.
    const { items } = await client.list(UPGRADE, { namespace }).catch(explained);
    const others = items.map(({ metadata }) => metadata.name).toSorted();
    const there = others.length === 0 ? "there is none" : `there are: ${others.join(", ")}`;
    throw new UsageError(`there is no ${KIND} ${name} in namespace ${namespace}; ${there}`, { cause: error });
  }
}

/** A cluster without the definition answers 404 to a list. */
export function explained(error: unknown): never {
  if (failureOf(error)?.kind !== "notFound") throw error;
  throw new UsageError(
    `this cluster does not know ${KIND}: install the operator's chart, or choose another --context`,
    {
      cause: error,
    },
  );
}
