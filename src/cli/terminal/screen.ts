/** Where a program speaks: a terminal, whose last lines are redrawn, or anything else, which gets plain lines. */
import { withoutControls } from "../../runtime/controls.ts";
import { type Line, piece, renderLine, wantsColours } from "./text.ts";

export interface Screen {
  readonly isTerminal: boolean;
  /** Columns. */
  readonly width: number;
  say(line: Line | string): void;
  /** Draws these lines in place of those of the last call. Does nothing where nothing can be redrawn. */
  show(lines: readonly Line[]): void;
  /** Leaves what was drawn last, and gives the cursor back. */
  release(): void;
}

/** As much of a stream as is written to. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
  /** With codes for the terminal in it, of which whoever writes is sure. Default: `write`. */
  writeCodes?(text: string): unknown;
}

/** What is written as it is may come from anywhere: nothing of it reaches the terminal as an order. */
export function guarded(output: Output): Output {
  return {
    get isTTY() {
      return output.isTTY;
    },
    get columns() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
    write: (text) => output.write(withoutControls(text)),
    writeCodes: (text) => output.write(text),
  };
}

const ESCAPE = "\u001B[";

/** A terminal that nobody has told its size, as of `ssh -tt` in a script, says 0. */
const sized = (told: number | undefined, fallback: number): number =>
  told === undefined || told === 0 ? fallback : told;

export function createScreen(output: Output, env: Readonly<Record<string, string | undefined>>): Screen {
  const isTerminal = output.isTTY === true && env["TERM"] !== "dumb";
  const colours = wantsColours(isTerminal, env);
  // A line as wide as the terminal makes some of them wrap.
  const widthNow = (): number => (isTerminal ? Math.max(1, sized(output.columns, 80) - 1) : 1000);
  const emit = (text: string): void =>
    void (output.writeCodes === undefined ? output.write(text) : output.writeCodes(text));
  let drawn: readonly Line[] = [];
  let height = 0;

  const render = (line: Line): string => renderLine(line, { width: widthNow(), colours });
  const erase = (): string => (height === 0 ? "" : `${ESCAPE}${height}A\r${ESCAPE}0J`);
  const draw = (): string => {
    // What has scrolled off the top cannot be redrawn.
    const shown = drawn.slice(0, Math.max(1, sized(output.rows, 24) - 1));
    height = shown.length;
    return shown.map((line) => `${render(line)}\n`).join("");
  };

  return {
    isTerminal,
    get width() {
      return widthNow();
    },
    say(line) {
      const pieces = typeof line === "string" ? [piece(line)] : line;
      // Nothing is cut here: the terminal may wrap what is never redrawn.
      const text = `${renderLine(pieces, { width: Number.POSITIVE_INFINITY, colours })}\n`;
      emit(isTerminal ? `${erase()}${text}${draw()}` : text);
    },
    show(lines) {
      if (!isTerminal) return;
      const before = erase();
      drawn = lines;
      emit(`${ESCAPE}?25l${before}${draw()}`);
    },
    release() {
      drawn = [];
      height = 0;
      if (isTerminal) emit(`${ESCAPE}?25h`);
    },
  };
}
