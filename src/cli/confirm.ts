/** Asks a person, where one is there to answer. */
import { createInterface } from "node:readline";
import { CommandError } from "./failures.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Output } from "./terminal/screen.ts";

/** Where a person sees a question: standard error, else, where that goes elsewhere, standard output. */
export const shownTo = ({ out, err }: Pick<Surroundings, "out" | "err">): Output =>
  err.isTTY !== true && out.isTTY === true ? out : err;

/** What a person answers in; undefined where nobody is there, or would see the question. */
export function answersIn<T extends { readonly isTTY?: boolean }>(
  input: T,
  streams: Pick<Surroundings, "out" | "err">,
): T | undefined {
  return input.isTTY === true && shownTo(streams).isTTY === true ? input : undefined;
}

/** Goes on at once where no terminal is there: a script has said what it wants. @throws CommandError for anything but a yes. */
export async function confirm(around: Surroundings, question: string): Promise<void> {
  const { answers, signal } = around;
  if (answers === undefined) return;
  shownTo(around).write(`${question} [y/N] `);
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
