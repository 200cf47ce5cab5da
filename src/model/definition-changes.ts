/**
 * Clause M1, "always add, never delete or modify": what one file of definitions has that the other does not, by meaning.
 */
import type { Definition, DefinitionPart, DefinitionsFile, DefinitionsKind } from "./definition.ts";
import { takenOver } from "./event-overlap.ts";
import { shownDefinition, shownName } from "./shown-name.ts";

export interface DefinitionChange {
  /** Unknown: what was there before cannot be read, so that nobody can say what the new file drops. */
  readonly kind: "removed" | "altered" | "added" | "unknown";
  /** What people accept by name: `meters.yaml/cpu_util`, `gnocchi_resources.yaml/instance.cpu_util`. */
  readonly object: string;
  /** Which field, from what to what. */
  readonly message: string;
}

const WORDS: Readonly<Record<DefinitionsKind, string>> = {
  meters: "meter",
  events: "event type",
  resources: "resource type",
};

/** Enough to know what it is about; the files have the rest. */
const MOST_TRAITS = 5;

const valueText = (text: string | undefined): string =>
  text === undefined ? "nothing" : shownDefinition(text.replace(/^"(?<inner>[^"\\]*)"$/, "$<inner>"));

/** The texts of a canonical list, or of a single text. */
function textsOf(canonical: string | undefined): readonly string[] {
  if (canonical === undefined || !/^["[]/.test(canonical)) return [];
  const parsed: unknown = JSON.parse(canonical);
  return (Array.isArray(parsed) ? parsed : [parsed]).filter((entry) => typeof entry === "string");
}

/** Of lists what comes and goes: both lists in full would be cut before the difference. */
function fromTo(before: string | undefined, after: string | undefined): string {
  const [old, now] = [textsOf(before), textsOf(after)];
  const gone = old.filter((text) => !now.includes(text));
  const come = now.filter((text) => !old.includes(text));
  const isList = old.length > 0 && now.length > 0 && old.length + now.length > 2;
  if (!isList || gone.length + come.length === 0) return `changes from ${valueText(before)} to ${valueText(after)}`;
  const words = [
    ...(gone.length === 0 ? [] : [`loses ${shownDefinition(gone.join(", "))}`]),
    ...(come.length === 0 ? [] : [`gains ${shownDefinition(come.join(", "))}`]),
  ];
  return words.join(" and ");
}

function alteredFields(before: Definition, after: Definition): readonly string[] {
  const fields = new Set([...before.fields.keys(), ...after.fields.keys()]);
  return [...fields]
    .filter((field) => before.fields.get(field) !== after.fields.get(field))
    .map((field) => `${shownName(field)} ${fromTo(before.fields.get(field), after.fields.get(field))}`);
}

function comparePart(object: string, before: DefinitionPart | undefined, after: DefinitionPart | undefined) {
  const what = shownDefinition(before?.what ?? after?.what ?? "");
  const change = (kind: DefinitionChange["kind"], message: string): readonly DefinitionChange[] => [
    { kind, object, message },
  ];
  if (before === undefined) return change("added", `the ${what} is new`);
  if (after === undefined) return change("removed", `the ${what} is not defined any more`);
  return before.text === after.text ? [] : change("altered", `the ${what} ${fromTo(before.text, after.text)}`);
}

function compareDefinition(object: string, before: Definition, after: Definition): readonly DefinitionChange[] {
  const fields = alteredFields(before, after);
  const own = fields.length === 0 ? [] : [{ kind: "altered" as const, object, message: fields.join("; ") }];
  const parts = new Set([...before.parts.keys(), ...after.parts.keys()]);
  return [
    ...own,
    ...[...parts].flatMap((part) =>
      comparePart(`${object}.${shownDefinition(part)}`, before.parts.get(part), after.parts.get(part)),
    ),
  ];
}

function takenOverEvents(key: string, before: DefinitionsFile, after: DefinitionsFile): readonly DefinitionChange[] {
  const taken = takenOver(before, after);
  if (taken === undefined) {
    const message = "its definitions stand in another order, in more places than can be compared";
    return [{ kind: "altered", object: shownName(key), message }];
  }
  return taken.map(({ from, by, traits }) => {
    const shown = traits.slice(0, MOST_TRAITS).map(shownDefinition).join(", ");
    const more = traits.length > MOST_TRAITS ? ` and ${traits.length - MOST_TRAITS} more` : "";
    const how = `the definition ${shownDefinition(by)} now stands behind it and takes notifications from it`;
    const message = `${how}; they lose or alter the ${shown}${more}`;
    return { kind: "altered", object: `${shownName(key)}/${shownDefinition(from)}`, message };
  });
}

/** `key` is the file's name in its ConfigMap or Secret. */
export function compareDefinitions(
  key: string,
  before: DefinitionsFile,
  after: DefinitionsFile,
): readonly DefinitionChange[] {
  const sameKind = before.kind === after.kind;
  const changes: DefinitionChange[] = [];
  for (const name of new Set([...before.definitions.keys(), ...after.definitions.keys()])) {
    const object = `${shownName(key)}/${shownDefinition(name)}`;
    const old = before.definitions.get(name);
    const now = after.definitions.get(name);
    const gone = `the ${WORDS[before.kind]} ${shownDefinition(name)} is not defined any more`;
    if (old !== undefined && (now === undefined || !sameKind)) changes.push({ kind: "removed", object, message: gone });
    const isNew = `the ${WORDS[after.kind]} ${shownDefinition(name)} is new`;
    if (now !== undefined && (old === undefined || !sameKind)) changes.push({ kind: "added", object, message: isNew });
    if (old !== undefined && now !== undefined && sameKind) changes.push(...compareDefinition(object, old, now));
  }
  return after.kind === "events" && sameKind ? [...changes, ...takenOverEvents(key, before, after)] : changes;
}
