/**
 * Stands in for every program of Ceilometer on a real kubelet: it says what the program would say, and polls nothing. Under which name
 * it was called decides what it is, and a file which release; `scripts/kind/agent-image.ts` puts both into an image.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type LogLine, logOf, podSchema, processLine } from "../../tools/control-plane/ceilometer-log.ts";

/** Milliseconds; a real agent polls every few minutes. */
const INTERVAL = 5000;
const IMAGE_FILE = "/agent/image";
const POLLING_FILE = "/etc/ceilometer/polling.yaml";
/** Programs that do their work and end. */
const ENDING = new Set(["ceilometer-dbsync", "ceilometer-upgrade", "kubernetes-entrypoint"]);

const pollingFile = z.object({ sources: z.array(z.object({ meters: z.array(z.string()) })) });

function meters(): readonly string[] {
  try {
    return pollingFile.parse(parse(readFileSync(POLLING_FILE, "utf8"))).sources.flatMap((source) => source.meters);
  } catch {
    // Without a file, a real agent takes the one of its package.
    return [];
  }
}

function say(lines: readonly LogLine[]): void {
  const now = new Date();
  process.stderr.write(lines.map((line) => processLine(line, now)).join(""));
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));

const [, called = "", ...args] = process.argv;
const program = basename(called);
const pod = podSchema.parse({
  metadata: { uid: "", name: "", namespace: "", ownerReferences: ENDING.has(program) ? [{ kind: "Job" }] : [] },
  spec: { containers: [{ name: program, image: readFileSync(IMAGE_FILE, "utf8"), command: [program, ...args] }] },
});
const [container] = pod.spec.containers;
if (container === undefined) throw new Error("a pod without a container");
const { start, cycle } = logOf(pod, container, meters());
say([...start, ...cycle]);
if (!ENDING.has(program)) setInterval(() => say(cycle), INTERVAL);
