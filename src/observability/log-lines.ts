/** A line of the log for people: time, level and message, then the fields, and below them the stack of an error. */

import { z } from "zod";
import { withoutControls } from "../runtime/controls.ts";

const record = z.record(z.string(), z.unknown());
type Fields = z.infer<typeof record>;

function parsed(line: string): Fields | undefined {
  try {
    return record.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const fieldsText = (fields: Readonly<Fields>): string =>
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
  const error = record.safeParse(err).data;
  const below = err === undefined ? "" : fieldsText({ err });
  return `${withoutControls(error === undefined ? `${head}${below}` : `${head}\n${errorText(error)}`)}\n`;
}

function errorText({ type: _, message = "", stack, ...fields }: Readonly<Fields>): string {
  return `${text(stack ?? message)}${fieldsText(fields)}`.replaceAll(/^/gm, "    ");
}
