/** A kind of object and where the API server serves it. `group` is empty for the core group. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface Place {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

export const apiVersion = ({ group, version }: Resource): string => (group === "" ? version : `${group}/${version}`);

/** Path of a collection, an object or a subresource. Without a namespace, that of a namespaced kind is the collection over all namespaces. */
export function resourcePath(resource: Resource, { namespace, name, subresource }: Place = {}): string {
  const root = resource.group === "" ? "api" : "apis";
  const parts = [root, ...apiVersion(resource).split("/")];
  if (resource.namespaced && namespace !== undefined) parts.push("namespaces", namespace);
  else if (resource.namespaced && name !== undefined) throw new TypeError(`${resource.kind} ${name} needs a namespace`);
  parts.push(resource.plural);
  if (name === "") throw new TypeError(`${resource.kind} needs a name`);
  if (name !== undefined) parts.push(name);
  if (name !== undefined && subresource !== undefined) parts.push(...subresource.split("/"));
  return `/${parts.map(encodeURIComponent).join("/")}`;
}
