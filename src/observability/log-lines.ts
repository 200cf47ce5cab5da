/** A line of the log for people: time, level and message, then the fields, and below them the stack of an error. */

/** What a terminal obeys instead of showing it, but for line break and tabulator: names and messages may come from anywhere. */
const CONTROLS = /(?![\n\t])\p{Cc}/gu;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const fieldsText = (fields: Readonly<Record<string, unknown>>): string =>
  Object.entries(fields)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join("");

/** `line` is one of JSON, as it would be written otherwise; what is none stays as it is. */
export function lineForPeople(line: string): string {
  const entry = parsed(line);
  if (entry === undefined) return line;
  // The version is the same in every line.
  const { level = "", time = "", msg = "", err, version: _, ...fields } = entry;
  const head = `${text(time)} ${text(level).toUpperCase().padEnd(5)} ${text(msg)}${fieldsText(fields)}`;
  const shown = isRecord(err) ? `${head}\n${errorText(err)}` : `${head}${err === undefined ? "" : fieldsText({ err })}`;
  return `${shown.replaceAll(CONTROLS, "\uFFFD")}\n`;
}

function errorText({ type: _, message = "", stack, ...fields }: Readonly<Record<string, unknown>>): string {
  return `${text(stack ?? message)}${fieldsText(fields)}`.replaceAll(/^/gm, "    ");
}
