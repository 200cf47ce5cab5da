/**
 * What a page of the documentation asks its reader to type, in the order of the page. Commands are blocks marked `sh`. What a
 * reader need not see is an HTML comment before a block:
 *
 * - `<!-- not run: REASON -->` the commands are not run by the tests;
 * - `<!-- ends with: CODE … -->` a command of the block may end with this code, too;
 * - `<!-- keeps running -->` the block is for another terminal, and ends with the page;
 * - `<!-- file: NAME -->` the block is a file that later commands read;
 * - `<!-- output -->` the block is what the commands before it print: the words of each line are found in one line of theirs;
 * - `<!-- first: COMMANDS -->` brings about what the page takes for granted; it stands anywhere;
 * - `<!-- begins with: nothing -->` the page needs a cluster without operator and Ceilometer.
 */

interface At {
  /** Of the block's first fence, from 1. */
  readonly line: number;
  readonly text: string;
}
export type Piece =
  | ({ readonly kind: "run"; readonly endsWith: readonly number[]; readonly keepsRunning: boolean } & At)
  | ({ readonly kind: "notRun"; readonly reason: string } & At)
  | ({ readonly kind: "file"; readonly name: string } & At)
  | ({ readonly kind: "output" | "first" } & At);

export interface PageCommands {
  readonly beginsWithNothing: boolean;
  readonly pieces: readonly Piece[];
}

const PIECE = /^```(?<language>[a-z]*)\n(?<text>[\s\S]*?)^```$|^<!--(?<comment>[\s\S]*?)-->$/gm;
const DIRECTIVE = /^(not run|ends with|keeps running|file|output|first|begins with)\b:?\s*([\s\S]*)$/;

/** Programs that a block begins with if it is one of commands, and so has to be marked as one. */
const TYPED = /^(?:\$ |(?:kubectl|helm|npm|npx|node|git|docker|kind|curl|argocd|cosign|skopeo|flux) )/m;

interface Directive {
  readonly name: string;
  readonly value: string;
}

/** @throws with the line, where a block of commands is not marked as one, or a directive belongs to no block. */
export function commandsOf(page: string): PageCommands {
  const pieces: Piece[] = [];
  let beginsWithNothing = false;
  let directives: readonly Directive[] = [];
  for (const found of page.matchAll(PIECE)) {
    const { language, text = "", comment } = found.groups ?? {};
    const line = page.slice(0, found.index).split("\n").length;
    if (comment === undefined) {
      const piece = pieceOf({ line, text }, language ?? "", directives);
      if (piece !== undefined) pieces.push(piece);
      directives = [];
      continue;
    }
    const [, name, value = ""] = DIRECTIVE.exec(comment.trim()) ?? [];
    if (name === undefined) continue;
    if (name === "first") pieces.push({ kind: "first", line, text: value });
    else if (name === "begins with") beginsWithNothing = true;
    else directives = [...directives, { name, value: value.trim() }];
  }
  if (directives.length > 0) throw new Error(`"${directives[0]?.name}" has no block behind it`);
  return { beginsWithNothing, pieces };
}

function pieceOf(at: At, language: string, directives: readonly Directive[]): Piece | undefined {
  const valueOf = (name: string): string | undefined => directives.find((each) => each.name === name)?.value;
  const name = valueOf("file");
  if (name !== undefined) return { kind: "file", name, ...at };
  if (valueOf("output") !== undefined) return { kind: "output", ...at };
  if (language !== "sh") {
    if (language === "" && TYPED.test(at.text))
      throw new Error(`line ${at.line}: a block of commands is marked \`sh\``);
    return undefined;
  }
  const reason = valueOf("not run");
  if (reason === "") throw new Error(`line ${at.line}: why is it not run?`);
  if (reason !== undefined) return { kind: "notRun", reason, ...at };
  const endsWith = (valueOf("ends with") ?? "").split(/\D+/).filter(Boolean).map(Number);
  return { kind: "run", endsWith, keepsRunning: valueOf("keeps running") !== undefined, ...at };
}

/** What changes from run to run: numbers, names with numbers, times, and what a page leaves out. */
const CHANGES = /\d|…|^\W*$/;

/** Lines of `expected` of which no line of `actual` has all words. */
export function missingLines(expected: string, actual: string): readonly string[] {
  const printed = actual.split("\n").map((line) => new Set(line.split(/\s+/)));
  return expected.split("\n").filter((line) => {
    const words = line.split(/\s+/).filter((word) => !CHANGES.test(word));
    return !printed.some((found) => words.every((word) => found.has(word)));
  });
}
