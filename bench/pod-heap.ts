/** What the operator's heap may take in a pod of the chart: measured is what is shipped, on whatever machine. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { root } from "../scripts/demo/installation.ts";

const valuesSchema = z.object({ resources: z.object({ limits: z.object({ memory: z.string() }) }) });

/** MiB. Where a pod's memory has a limit, Node lets its heap take half of that. */
export async function podHeapMib(): Promise<number> {
  const file = join(root, "charts", "ceilometer-upgrade-operator", "values.yaml");
  const { memory } = valuesSchema.parse(parse(await readFile(file, "utf8"))).resources.limits;
  const mib = /^(\d+)Mi$/.exec(memory)?.[1];
  if (mib === undefined) throw new Error(`values.yaml: resources.limits.memory is ${memory}, and read are Mi only`);
  return Number(mib) / 2;
}
