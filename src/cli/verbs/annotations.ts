/** A verb as annotations: what is set, what is removed (null), in the forms that `VERB` documents. */
import { z } from "zod";
import { VERB } from "../../api/v1alpha1/names.ts";
import { CommandError } from "../failures.ts";
import type { VerbRequest } from "./request.ts";

export type AnnotationChange = Readonly<Record<string, string | null>>;
type Annotations = Readonly<Record<string, string>>;

/** @throws CommandError where an annotation that is to be added to is not in its form. */
export function asAnnotations(request: VerbRequest, now: Annotations): AnnotationChange {
  switch (request.verb) {
    case "pause":
      return { [VERB.pause]: "true", ...withdrawn(now, VERB.resume) };
    case "resume":
      return { [VERB.resume]: "true", ...withdrawn(now, VERB.pause) };
    case "abort":
      return { [VERB.abort]: "true", ...(request.rollback ? { [VERB.rollback]: "true" } : {}) };
    case "rollback":
      return { [VERB.rollback]: "true" };
    case "retry":
      return { [VERB.retry]: "true" };
    case "approve": {
      const { before, planHash } = request.approval;
      const said = (now[VERB.approve] ?? "").split(",").filter(Boolean);
      return { [VERB.approve]: [...new Set([...said, `${before}@${planHash}`])].join(",") };
    }
    case "accept-risk": {
      const { check, object } = request.risk;
      const others = listed(VERB.acceptRisk, now).filter(
        (each) => each["check"] !== check || each["object"] !== object,
      );
      return { [VERB.acceptRisk]: JSON.stringify([...others, request.risk]) };
    }
    case "skip": {
      const { name, planHash } = request.gate;
      const others = listed(VERB.skipGate, now).filter(
        (each) => each["name"] !== name || each["planHash"] !== planHash,
      );
      return { [VERB.skipGate]: JSON.stringify([...others, request.gate]) };
    }
  }
}

/** Annotations that are removed. */
export type Withdrawn = Readonly<Record<string, null>>;

const CONTRARY: Readonly<Partial<Record<VerbRequest["verb"], string>>> = {
  pause: VERB.resume,
  resume: VERB.pause,
  retry: VERB.abort,
};

/** What was asked for by annotation and would hold against a verb by spec. */
export function contraryTo({ verb }: VerbRequest, now: Annotations): Withdrawn {
  const name = CONTRARY[verb];
  return name === undefined ? {} : withdrawn(now, name);
}

const withdrawn = (now: Annotations, name: string): Withdrawn => (name in now ? { [name]: null } : {});

const entries = z.array(z.record(z.string(), z.unknown()));

function listed(name: string, now: Annotations): z.output<typeof entries> {
  const text = now[name];
  if (text === undefined || text === "") return [];
  const parsed = entries.safeParse(parseOrNothing(text)).data;
  if (parsed === undefined) {
    throw new CommandError(`the annotation ${name} is no JSON array and would be lost: correct or remove it first`);
  }
  return parsed;
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
