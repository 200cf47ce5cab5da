/** What the packages of Ceilometer say of themselves: the truth that the catalogue is compared with. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AgentRelease, type Ceilometer, PACKAGES } from "./environment.ts";

/** The pollsters of a polling namespace, sorted: the names of its entry points. */
export async function packagedPollsters(
  ceilometer: Ceilometer,
  release: AgentRelease,
  namespace: string,
): Promise<readonly string[]> {
  const folder = `ceilometer-${PACKAGES[release]}.dist-info`;
  const text = await readFile(join(ceilometer.modules(release), folder, "entry_points.txt"), "utf8");
  const section = text.split(/^(?=\[)/m).find((part) => part.startsWith(`[ceilometer.poll.${namespace}]`)) ?? "";
  return [...section.matchAll(/^(\S+) = /gm)].flatMap(([, name]) => (name === undefined ? [] : [name])).toSorted();
}
