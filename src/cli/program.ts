/** All commands together, and what becomes of an error: one line for what somebody can mend, a stack for our own mistakes. */
import { CommanderError } from "@commander-js/extra-typings";
import { KubeApiError } from "../kube/errors.ts";
import { addCompletion } from "./completion/command.ts";
import { CommandError, EXIT, type ExitCode, UnreadError, UsageError } from "./failures.ts";
import { addHistory } from "./history/command.ts";
import { addLint } from "./lint/command.ts";
import { addPlan } from "./plan/command.ts";
import { addRehearse } from "./rehearse/command.ts";
import { addReport } from "./report/command.ts";
import { createRoot, type Root, type SetCode } from "./root-command.ts";
import { addStatus } from "./status/command.ts";
import type { Surroundings } from "./surroundings.ts";
import { guarded } from "./terminal/screen.ts";
import { addVerbs } from "./verbs/command.ts";
import { addVersion } from "./version/command.ts";
import { addWhy } from "./why/command.ts";

export function createProgram(around: Surroundings, setCode: SetCode): Root {
  const root = createRoot(around);
  for (const add of [
    addStatus,
    addWhy,
    addPlan,
    addLint,
    addRehearse,
    addVerbs,
    addHistory,
    addReport,
    addCompletion,
    addVersion,
  ])
    add(root, around, setCode);
  return root;
}

/** The exit code. `args` are those behind the program's name. */
export async function runPlugin(args: readonly string[], process: Surroundings): Promise<number> {
  const around = { ...process, out: guarded(process.out), err: guarded(process.err) };
  let code: number = EXIT.ok;
  const program = createProgram(around, (wanted) => {
    code = wanted;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    return codeOf(error, around);
  }
}

/** @throws whatever is a mistake of the program: its stack is wanted. */
function codeOf(error: unknown, { err, signal }: Surroundings): ExitCode {
  // Whatever failed then, failed because of it.
  if (signal.aborted) return EXIT.interrupted;
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError) {
    err.write(`${error.message}\n`);
    return EXIT.usage;
  }
  if (error instanceof UnreadError) {
    err.write(`${error.message}\n`);
    return EXIT.unread;
  }
  if (error instanceof CommandError || error instanceof KubeApiError) {
    err.write(`${error.message}\n`);
    return EXIT.failure;
  }
  throw error;
}
