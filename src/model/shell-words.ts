/**
 * As much of a shell as it takes to read `exec ceilometer-polling --config-file …` out of a one-liner or a start script: words,
 * quotes, line continuations, comments. Variables stay as written, for the caller to see that a value is not known.
 */

/** In UTF-16 units. */
const LARGEST = 64 * 1024;

/** What ends a command. */
const END = /^(?:\r?\n|;|&&?|\|\|?|\(|\))/;

type Token = { readonly word: string } | "end";

function* tokensOf(text: string): Generator<Token> {
  let word: string | undefined;
  let rest = text;
  const skip = (count: number): string => {
    const taken = rest.slice(0, count);
    rest = rest.slice(count);
    return taken;
  };
  while (rest !== "") {
    const blank = /^(?:[ \t]+|\\\r?\n)/.exec(rest)?.[0];
    const end = END.exec(rest)?.[0];
    if (blank !== undefined || end !== undefined) {
      if (word !== undefined) yield { word };
      word = undefined;
      if (end !== undefined) yield "end";
      skip((blank ?? end ?? "").length);
    } else if (word === undefined && rest.startsWith("#")) {
      skip(/^[^\n]*/.exec(rest)?.[0].length ?? 0);
    } else {
      const piece = pieceOf(rest);
      skip(piece.length);
      word = (word ?? "") + piece.value;
    }
  }
  if (word !== undefined) yield { word };
}

/** The next part of a word: one in quotes, an escaped character, or plain letters. */
function pieceOf(rest: string): { readonly value: string; readonly length: number } {
  const single = /^'([^']*)'?/.exec(rest);
  if (single !== null) return { value: single[1] ?? "", length: single[0].length };
  const double = /^"((?:[^"\\]|\\[^])*)"?/.exec(rest);
  if (double !== null) {
    return { value: (double[1] ?? "").replaceAll(/\\(["\\$`])/g, "$1"), length: double[0].length };
  }
  const escaped = /^\\([^])/.exec(rest);
  if (escaped !== null) return { value: escaped[1] ?? "", length: 2 };
  const plain = /^[^\s'"\\;&|()]+/.exec(rest)?.[0] ?? rest.slice(0, 1);
  return { value: plain, length: plain.length };
}

/** The words after the last command in the text that `isCommand` knows; undefined where there is none. */
export function shellCommand(text: string, isCommand: (word: string) => boolean): readonly string[] | undefined {
  if (text.length > LARGEST) return undefined;
  let found: string[] | undefined;
  let isOpen = false;
  for (const token of tokensOf(text)) {
    if (token === "end") isOpen = false;
    else if (isOpen && found !== undefined) found.push(token.word);
    else if (isCommand(token.word)) {
      found = [];
      isOpen = true;
    }
  }
  return found;
}
