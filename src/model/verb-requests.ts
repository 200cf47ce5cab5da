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

/** What an annotation says; why nothing, where its form is right as far as it goes. */
type Understood<T> = { readonly value: T } | { readonly why: string } | undefined;

export function readRequests(metadata: Meta): Requests {
  const { annotations } = metadata;
  const asked: Partial<Record<Verb, string>> = {};
  const invalid: Violation[] = [];
  const read = <T>(verb: Verb, parse: (text: string) => Understood<T>, form: string): T | undefined => {
    const text = annotations[VERB[verb]];
    if (text === undefined) return undefined;
    const understood = text.length > MOST_TEXT ? undefined : parse(text.trim());
    if (understood !== undefined && "value" in understood) {
      asked[verb] = text;
      return understood.value;
    }
    invalid.push(notUnderstood(metadata, verb, form, understood?.why));
    return undefined;
  };
  const isTrue = (text: string): Understood<true> => (text === "true" ? { value: true } : undefined);
  const flag = (verb: Verb): boolean => read(verb, isTrue, "true") === true;
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

function approvals(text: string): Understood<readonly Approval[]> {
  const found = text.split(",").map((part): Approval | undefined => {
    const [, name, planHash] = approval.exec(part.trim()) ?? [];
    const before = COMPONENTS.find((component) => component === name);
    return before === undefined || planHash === undefined ? undefined : { before, planHash };
  });
  const good = found.filter((each) => each !== undefined);
  return good.length === found.length ? { value: good } : undefined;
}

/** The first thing that does not fit is named by its field: a list may be long. */
function list<T>(schema: z.ZodType<T>, text: string): Understood<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { why: "it is no JSON" };
  }
  const { data, error } = schema.safeParse(json);
  if (data !== undefined) return { value: data };
  const [issue] = error?.issues ?? [];
  return issue === undefined ? undefined : { why: [issue.path.join("."), issue.message].filter(Boolean).join(": ") };
}

const notUnderstood = ({ name }: Meta, verb: Verb, form: string, why: string | undefined): Violation => ({
  gate: "Verbs",
  object: `CeilometerUpgrade/${name}`,
  reason: "RequestInvalid",
  message: `its annotation ${VERB[verb]} is not understood and changes nothing${why === undefined ? "" : ` (${why})`}`,
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
export const VERBS: readonly Verb[] = Object.keys(VERB).filter(isVerb);
