/**
 * Reads YAML that other people wrote, within bounds: no text of this size may hold the event loop for long, exhaust the
 * stack, or reach into a prototype. Nesting is bounded while tokens are read, before anything recurses: thousands of open
 * brackets cost a quarter of a second, and where the stack runs out inside V8's regular expression compiler (seen on Node
 * 20), the process ends instead of throwing.
 */
import { Composer, type Document, Lexer, LineCounter, Parser, type YAMLError } from "yaml";
import { type FilePath, type FileProblem, placeText } from "./file-problem.ts";
import type { NonEmpty } from "./outcome.ts";
import { MOST_TEXTS, Remembered } from "./remembered.ts";
import { offsetOfPath, PLAIN, ValueReader, type YamlStyle } from "./yaml-value.ts";

export type { FileProblem } from "./file-problem.ts";

export type YamlFile =
  | {
      readonly kind: "parsed";
      /** Plain data; mappings have no prototype. */
      readonly value: unknown;
      /** Counted from 1; of the nearest place on the way where the path leads nowhere. */
      readonly lineOf: (path: FilePath) => number | undefined;
    }
  | { readonly kind: "broken"; readonly problems: NonEmpty<FileProblem> };

/** In bytes of UTF-8. */
const LARGEST = 64 * 1024;
/** About 1,900 list entries. Time grows with tokens, not with bytes. */
const MOST_TOKENS = 12_000;
/** Ceilometer's own files are less than 10 deep. */
const DEEPEST = 32;
const MOST_SYNTAX_PROBLEMS = 8;

/** PyYAML refuses every other character. */
const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

type SyntaxRule = readonly [rule: string, remedy: string];
const BROKEN_LINE: SyntaxRule = ["this is no valid YAML", "correct the indentation, brackets and quotes here"];
/** In our words: the library's messages quote the text, which may be a Secret's. */
const SYNTAX: ReadonlyMap<string, SyntaxRule> = new Map<string, SyntaxRule>([
  ["BAD_ALIAS", ["an alias (*) has no valid name", 'a pattern that begins with * needs quotes: "*"']],
  [
    "TAG_RESOLVE_FAILED",
    ["could not determine a constructor for the tag", 'a pattern that begins with ! needs quotes: "!disk.*"'],
  ],
  [
    "BAD_INDENT",
    [
      "the indentation is wrong, or a bracket is not closed",
      "close every bracket, and indent the entries of one list by the same number of spaces",
    ],
  ],
  ["TAB_AS_INDENT", ["found character '\\t' that cannot start any token", "indent with spaces"]],
  ["BAD_DQ_ESCAPE", ["found unknown escape character", "use single quotes, or double the backslash"]],
  ["BAD_SCALAR_START", ["found character that cannot start any token", "put the text into quotes"]],
  ["MISSING_CHAR", ["a bracket, comma, colon or quote is missing", "add it"]],
  [
    "MULTIPLE_DOCS",
    ["expected a single document in the stream", "keep one document: remove the line --- and what follows"],
  ],
]);

type Broken = Extract<YamlFile, { kind: "broken" }>;

function broken(rule: string, remedy: string, line?: number): Broken {
  const where = line === undefined ? {} : { line };
  return { kind: "broken", problems: [{ place: "", ...where, rule, remedy, severity: "Error" }] };
}

const syntax = (code: string, line: number): Broken => {
  const [rule, remedy] = SYNTAX.get(code) ?? BROKEN_LINE;
  return broken(rule, remedy, line);
};

type CstToken = Parameters<Composer["next"]>[0];

/** The tokens of the one document, or why there are none. Stops at the first token that is one too many. */
function readTokens(text: string, lines: LineCounter): readonly CstToken[] | Broken {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const tokens: CstToken[] = [];
  const lineHere = (offset: number) => lines.linePos(offset).line;
  let count = 0;
  let documents = 0;
  const take = (token: CstToken): Broken | undefined => {
    if (token.type === "error") return syntax("UNEXPECTED_TOKEN", lineHere(token.offset));
    if (token.type === "document") documents += 1;
    if (documents > 1) return syntax("MULTIPLE_DOCS", lineHere(token.offset));
    tokens.push(token);
    return undefined;
  };
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > MOST_TOKENS) return broken(`more than ${MOST_TOKENS} YAML tokens`, "shorten the file");
    for (const token of parser.next(lexeme)) {
      const refused = take(token);
      if (refused !== undefined) return refused;
    }
    if (parser.stack.length > DEEPEST) {
      return broken(`nested more than ${DEEPEST} deep`, "write it flatter", lineHere(parser.offset));
    }
  }
  for (const token of parser.end()) {
    const refused = take(token);
    if (refused !== undefined) return refused;
  }
  return tokens;
}

/** The library makes an Error for each mistake; capturing 12,000 stacks takes over 100 ms. */
function withoutStacks<T>(work: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = before;
  }
}

function compose(tokens: readonly CstToken[], length: number): Document.Parsed | undefined {
  const composer = new Composer({ schema: "core", merge: false, uniqueKeys: false, logLevel: "error" });
  return withoutStacks(() => [...composer.compose(tokens, true, length)])[0];
}

function syntaxProblems(document: Document.Parsed, lines: LineCounter): readonly FileProblem[] {
  const unknownTags = document.warnings.filter((warning) => warning.code === "TAG_RESOLVE_FAILED");
  const mistakes: readonly YAMLError[] = [...document.errors, ...unknownTags];
  return mistakes.slice(0, MOST_SYNTAX_PROBLEMS).map((mistake) => {
    const [rule, remedy] = SYNTAX.get(mistake.code) ?? BROKEN_LINE;
    return { place: "", line: lines.linePos(mistake.pos[0]).line, rule, remedy, severity: "Error" };
  });
}

function tooLarge(text: string): boolean {
  return text.length > LARGEST || (text.length > LARGEST / 4 && new TextEncoder().encode(text).length > LARGEST);
}

const remembered = new Remembered<YamlFile>(MOST_TEXTS);

/** Whether it costs nothing to read it now. */
export const isYamlRemembered = (text: string): boolean => remembered.has(text);

/** A look reads the same files again, and every agent of a cloud usually has the same: a text is read once. */
export const parseYamlFile = (text: string): YamlFile => remembered.of(text, (unread) => readYaml(unread, PLAIN));

/** As `style` says; nothing of it is remembered. */
export const parseYamlAs = (text: string, style: YamlStyle): YamlFile => readYaml(text, style);

interface Composed {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

function composed(text: string): Composed | Broken {
  if (tooLarge(text)) return broken("larger than 64 KiB", "shorten the file");
  const lines = new LineCounter();
  // A byte order mark may open the file, and nowhere else.
  const unprintable = UNPRINTABLE.exec(text);
  if (unprintable !== null) {
    const line = text.slice(0, unprintable.index).split("\n").length;
    return broken("special characters are not allowed", "remove the control character", line);
  }
  const tokens = readTokens(text, lines);
  if ("kind" in tokens) return tokens;
  const document = compose(tokens, text.length);
  if (document === undefined) return broken(...BROKEN_LINE);
  const [mistake, ...otherMistakes] = syntaxProblems(document, lines);
  return mistake === undefined ? { document, lines } : { kind: "broken", problems: [mistake, ...otherMistakes] };
}

function readYaml(text: string, style: YamlStyle): YamlFile {
  const whole = composed(text);
  if ("kind" in whole) return whole;
  const { document, lines } = whole;
  const reader = new ValueReader(style);
  const value = reader.read(document);
  const [fault, ...otherFaults] = reader.faults.slice(0, MOST_SYNTAX_PROBLEMS).map(
    ({ path, offset, rule, remedy }): FileProblem => ({
      place: placeText(path),
      line: lines.linePos(offset).line,
      rule,
      remedy,
      severity: "Error",
    }),
  );
  if (fault !== undefined) return { kind: "broken", problems: [fault, ...otherFaults] };
  return { kind: "parsed", value, lineOf: lineFinder(text, style, { document, lines, reader }) };
}

interface Places extends Composed {
  readonly reader: ValueReader;
}

/** A document takes many times what its values take, and is asked only for the lines of problems: it is read again for these. */
function lineFinder(text: string, style: YamlStyle, first: Places): (path: FilePath) => number | undefined {
  let kept = new WeakRef(first);
  const places = (): Places | undefined => {
    const known = kept.deref();
    if (known !== undefined) return known;
    const again = composed(text);
    if ("kind" in again) return undefined;
    const reader = new ValueReader(style);
    reader.read(again.document);
    const made = { ...again, reader };
    kept = new WeakRef(made);
    return made;
  };
  return (path) => {
    const found = places();
    if (found === undefined) return undefined;
    const offset = offsetOfPath(found.document, found.reader, path);
    return offset === undefined ? undefined : found.lines.linePos(offset).line;
  };
}
