/** Asks a person, where one is there to answer. */
import { createInterface } from "node:readline";
import { CommandError } from "./failures.ts";
import type { Surroundings } from "./surroundings.ts";

/** Goes on at once where no terminal is there: a script has said what it wants. @throws CommandError for anything but a yes. */
export async function confirm({ answers, err, signal }: Surroundings, question: string): Promise<void> {
  if (answers === undefined) return;
  err.write(`${question} [y/N] `);
  const lines = createInterface({ input: answers });
  try {
    const answer = await new Promise<string>((resolve) => {
      lines.once("line", resolve);
      // The end of the input, or a Ctrl-C.
      lines.once("close", () => resolve(""));
      signal.addEventListener("abort", () => resolve(""), { once: true });
    });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError("nothing was changed");
  } finally {
    lines.close();
  }
}
