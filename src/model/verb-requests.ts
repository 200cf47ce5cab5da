/**
 * Verbs that are asked for by annotation on the resource, the twins of what its spec can say (`VERB` in `api/v1alpha1/names.ts`).
 * Anybody may write anything there: what does not fit is told and changes nothing.
 */
import { z } from "zod";
import { VERB } from "../api/v1alpha1/names.ts";
import { type AcceptedRisk, acceptedRiskSchema, skippedGateSchema } from "../api/v1alpha1/schema.ts";
import { COMPONENTS, type Component } from "./component.ts";
import type { Labels, Meta } from "./meta.ts";
import type { Violation } from "./outcome.ts";

export type Verb = keyof typeof VERB;

export interface Approval {
  readonly before: Component;
  readonly planHash: string;
}

export interface SkippedGate {
  readonly name: string;
  readonly planHash: string;
  readonly reason: string;
}

export interface Requests {
  readonly pause: boolean;
  readonly resume: boolean;
  readonly abort: boolean;
  readonly rollback: boolean;
  readonly retry: boolean;
  readonly approved: readonly Approval[];
  readonly skipped: readonly SkippedGate[];
  readonly acceptedRisks: readonly AcceptedRisk[];
  /** Those that were understood, by their annotation's text. */
  readonly asked: Readonly<Partial<Record<Verb, string>>>;
  readonly invalid: readonly Violation[];
}

/** A list in JSON may be this long, in characters: more than anybody writes by hand. */
const MOST_TEXT = 16_384;
const risks = z.array(acceptedRiskSchema).max(64);
const skips = z.array(skippedGateSchema).max(32);
const approval = /^([a-z]+)@([0-9a-f]{8,64})$/;

export function readRequests(metadata: Meta): Requests {
  const { annotations } = metadata;
  const asked: Partial<Record<Verb, string>> = {};
  const invalid: Violation[] = [];
  const read = <T>(verb: Verb, parse: (text: string) => T | undefined, form: string): T | undefined => {
    const text = annotations[VERB[verb]];
    if (text === undefined) return undefined;
    const value = text.length > MOST_TEXT ? undefined : parse(text.trim());
    if (value === undefined) invalid.push(notUnderstood(metadata, verb, form));
    else asked[verb] = text;
    return value;
  };
  const flag = (verb: Verb): boolean => read(verb, (text) => text === "true" || undefined, "true") === true;
  return {
    pause: flag("pause"),
    resume: flag("resume"),
    abort: flag("abort"),
    rollback: flag("rollback"),
    retry: flag("retry"),
    approved: read("approve", approvals, "<component>@<plan hash>, several separated by commas") ?? [],
    skipped: read("skipGate", (text) => list(skips, text), "a JSON array in the form of spec.skipGates") ?? [],
    acceptedRisks:
      read("acceptRisk", (text) => list(risks, text), "a JSON array in the form of spec.acceptedRisks") ?? [],
    asked,
    invalid,
  };
}

function approvals(text: string): readonly Approval[] | undefined {
  const found = text.split(",").map((part): Approval | undefined => {
    const [, name, planHash] = approval.exec(part.trim()) ?? [];
    const before = COMPONENTS.find((component) => component === name);
    return before === undefined || planHash === undefined ? undefined : { before, planHash };
  });
  const good = found.filter((each) => each !== undefined);
  return good.length === found.length ? good : undefined;
}

function list<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const notUnderstood = ({ name }: Meta, verb: Verb, form: string): Violation => ({
  gate: "Verbs",
  object: `CeilometerUpgrade/${name}`,
  reason: "RequestInvalid",
  message: `its annotation ${VERB[verb]} is not understood and changes nothing`,
  remedy: `give it as ${form}, or remove it`,
  severity: "Warning",
});

/** The annotations of these verbs, gone: a merge patch of them. */
export const withoutVerbs = (verbs: readonly Verb[]): Readonly<Record<string, null>> =>
  Object.fromEntries(verbs.map((verb) => [VERB[verb], null]));

/** Which verbs of these are still annotated with the text that was taken over. */
export const stillAsked = (taken: Labels, annotations: Labels): readonly Verb[] =>
  VERBS.filter((verb) => taken[verb] !== undefined && annotations[VERB[verb]] === taken[verb]);

const isVerb = (word: string): word is Verb => word in VERB;
const VERBS: readonly Verb[] = Object.keys(VERB).filter(isVerb);
