/**
 * As much of a shell as it takes to read `exec ceilometer-polling --config-file …` out of a one-liner or a start script: words,
 * quotes, line continuations, comments. Variables stay as written, for the caller to see that a value is not known.
 */

/** In UTF-16 units. */
const LARGEST = 64 * 1024;

const PIECE = new RegExp(
  [
    "(?<end>\\r?\\n|;|&&?|\\|\\|?|[()])",
    "(?<blank>[ \\t\\r]+|(?<=^|[\\s;&|()])#[^\\n]*)",
    "'(?<single>[^']*)'?",
    '"(?<double>(?:[^"\\\\]|\\\\[^])*)"?',
    "\\\\(?<escaped>[^])",
    "(?<plain>[^\\s'\"\\\\;&|()]+|[^])",
  ].join("|"),
  "g",
);

/** The words of each command. */
function commandsOf(text: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  for (const { groups } of text.replaceAll(/\\\r?\n/g, "").matchAll(PIECE)) {
    const { end, blank, single, double, escaped, plain } = groups ?? {};
    if (end === undefined && blank === undefined) {
      const inQuotes = single ?? double?.replaceAll(/\\(["\\$`])/g, "$1");
      word = (word ?? "") + (inQuotes ?? escaped ?? plain ?? "");
      continue;
    }
    endWord();
    if (end !== undefined) commands.push([]);
  }
  endWord();
  return commands;
}

/** The words after the last command in the text that `isCommand` knows; undefined where there is none. */
export function shellCommand(text: string, isCommand: (word: string) => boolean): readonly string[] | undefined {
  if (text.length > LARGEST) return undefined;
  const command = commandsOf(text).findLast((words) => words.some(isCommand));
  return command?.slice(command.findIndex(isCommand) + 1);
}
