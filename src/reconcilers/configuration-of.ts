/** The configuration that an agent has now, or would have as the target, read from what its template mounts. */

import { type Agent, type WantedMount } from "../model/agent.ts";
import { type AgentConfiguration, readAgentConfiguration, settingsOf } from "../model/agent-configuration.ts";
import { objectsMounted, plainPath } from "../model/agent-files.ts";
import type { Objects } from "../model/agent-settings.ts";
import type { ConfigObject, Seen, World } from "../model/observation.ts";
import type { Container, PodTemplate, Volume, VolumeMount } from "../model/pod-template.ts";
import type { Release } from "../model/release.ts";

/** What a template would be with other files in the agent's container. */
export interface Rendered {
  readonly template: PodTemplate;
  readonly container: Container;
}

export const renderedNow = ({ workload, container }: Agent): Rendered => ({ template: workload.template, container });

/** One file is mounted at a path, in the place of whatever was there. Without a mount there is nothing any more. */
export function withMount(
  { template, container }: Rendered,
  path: string,
  volumeName: string,
  put: { readonly mount?: VolumeMount | undefined; readonly volume?: Volume | undefined },
): Rendered {
  const mounts = (container.volumeMounts ?? []).filter(({ mountPath }) => mountPath !== path);
  const volumes = (template.spec.volumes ?? []).filter(({ name }) => name !== volumeName);
  const changed = { ...container, volumeMounts: put.mount === undefined ? mounts : [...mounts, put.mount] };
  const containers = template.spec.containers.map((each) => (each === container ? changed : each));
  const spec = { ...template.spec, containers, volumes: put.volume === undefined ? volumes : [...volumes, put.volume] };
  return { template: { ...template, spec }, container: changed };
}

/** The template with the files that are wanted of the agent. */
export function renderedAsWanted(agent: Agent, mounts: readonly WantedMount[] = agent.wanted.mounts): Rendered {
  return mounts.reduce((rendered, { path, volume: name, kind, object, key }) => {
    const source = kind === "ConfigMap" ? { configMap: { name: object } } : { secret: { secretName: object } };
    return withMount(rendered, path, name, {
      mount: { name, mountPath: path, subPath: key, readOnly: true },
      volume: { name, ...source },
    });
  }, renderedNow(agent));
}

/** A Secret that the operator was not told of is not read, and that is said where something would be in it. */
function readable(world: World, { template, container }: Rendered, more: Objects): Objects {
  const objects = new Map<string, Seen<ConfigObject>>([...world.files, ...more]);
  for (const { kind, name } of objectsMounted(template, container)) {
    if (kind !== "Secret" || world.operator.secrets.includes(name)) continue;
    objects.set(`Secret/${name}`, { seen: "unreadable", why: "it is not among the secrets of the operator's chart" });
  }
  return objects;
}

/** One option as the agent would have it; undefined where nothing sets it, or where that is not known. */
export function optionOf(
  world: World,
  agent: Agent,
  release: Release,
): (section: string, name: string) => string | undefined {
  const rendered = renderedNow(agent);
  const objects = readable(world, rendered, new Map());
  const settings = settingsOf({ ...rendered, component: agent.component, release, objects });
  return (section, name) => {
    const value = settings.text(section, name);
    return value.kind === "known" ? value.value : undefined;
  };
}

/** `more`: objects that are not there yet, such as the copies that an attempt will make. */
export function configurationOf(
  world: World,
  agent: Agent,
  release: Release,
  rendered: Rendered = renderedNow(agent),
  more: Objects = new Map(),
): AgentConfiguration {
  const { component } = agent;
  const objects = readable(world, rendered, more);
  return readAgentConfiguration({ ...rendered, component, release, objects });
}

/**
 * What an agent reads in the place of a file that would be mounted for it, where its options have it look for another one; undefined
 * where it reads this one, or where nobody knows.
 */
export function readInstead(
  world: World,
  agent: Agent,
  release: Release,
  which: "pipeline" | "eventPipeline" | "polling",
  mount: WantedMount,
): string | undefined {
  const file = configurationOf(world, agent, release, renderedAsWanted(agent, [mount]))[which];
  const { path, source, state } = file;
  if (path === undefined) return undefined;
  const isNamed = plainPath(path.startsWith("/") ? path : `/etc/ceilometer/${path}`) === mount.path;
  const isOther = state === "read" && source.kind === "object" && source.name !== mount.object;
  if (isOther) return `${path} of ${source.object}/${source.name}`;
  return isNamed ? undefined : path;
}
