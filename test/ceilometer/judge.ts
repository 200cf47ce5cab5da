/** What a release of Ceilometer itself makes of configuration files, asked without starting an agent. */
import { join } from "node:path";
import { z } from "zod";
import { run } from "../../tools/control-plane/process.ts";
import { type AgentRelease, ensureCeilometer } from "./environment.ts";

export interface Case {
  readonly what: "polling" | "meters" | "events";
  readonly text: string;
  /** Of pollsters, meters or events, to see which of them each source takes. */
  readonly names: readonly string[];
}

const verdictSchema = z.union([
  z.object({ error: z.string() }),
  z.object({
    /** Of a pipeline file. */
    pipelines: z.array(z.string()),
    /** The names that each source takes; of a pipeline file, each pipeline. */
    supported: z.array(z.array(z.string())),
    /** Of a polling file, as YAML was read. */
    sources: z.array(z.record(z.string(), z.unknown())),
  }),
]);
export type Verdict = z.infer<typeof verdictSchema>;

/** One verdict for each case, in their order. */
export async function judge(release: AgentRelease, cases: readonly Case[]): Promise<readonly Verdict[]> {
  const { python, modules, compiled } = await ensureCeilometer();
  const env = {
    PATH: process.env["PATH"],
    PYTHONPATH: modules(release),
    PYTHONPYCACHEPREFIX: compiled,
    PYTHONUTF8: "1",
  };
  const script = join(import.meta.dirname, "plugin", "judge.py");
  const { code, stdout, stderr } = await run(python, [script], { input: JSON.stringify(cases), env });
  if (code !== 0) throw new Error(`judge.py ended with ${code}:\n${stderr}`);
  return z.array(verdictSchema).length(cases.length).parse(JSON.parse(stdout));
}
