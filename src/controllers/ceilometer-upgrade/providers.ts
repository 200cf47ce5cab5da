/**
 * The providers that gates may ask: addresses with credentials, from a file of the operator's own configuration and never from
 * a resource. Credentials are files beside it, as mounted Secrets are; here are only their names.
 */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { placeText } from "../../model/file-problem.ts";
import { shownName } from "../../model/shown-name.ts";
import { parseYamlFile } from "../../model/yaml-file.ts";

export type ProviderCredentials =
  | { readonly kind: "none" }
  | { readonly kind: "bearer"; readonly tokenFile: string }
  | { readonly kind: "basic"; readonly usernameFile: string; readonly passwordFile: string };

export interface Provider {
  /** What resources call it. */
  readonly name: string;
  /** Scheme, host and perhaps a path, without a slash at its end. */
  readonly url: string;
  readonly credentials: ProviderCredentials;
  /** The authorities that its certificate is checked against. Default: those that Node brings. */
  readonly caFile?: string;
  /** Until the whole answer is there. */
  readonly timeoutMs: number;
}

/** A providers file that cannot be used: the message names every field that is wrong, and what to write. */
export class ProvidersError extends Error {
  override readonly name = "ProvidersError";
}

const DEFAULT_TIMEOUT_SECONDS = 5;
/** Less than the time after which an answer is asked for again. */
const LONGEST_TIMEOUT_SECONDS = 30;
const MOST_PROVIDERS = 32;

const NAME = "give it a name of lower-case letters, digits and hyphens, at most 63, in quotes if it is a number";
const URL_REMEDY = "write http:// or https:// with a host and perhaps a path, without user, query and fragment";
const TIMEOUT = `write seconds from 0.1 to ${LONGEST_TIMEOUT_SECONDS}`;
const KNOWN =
  "the fields are name, url, bearerTokenFile, usernameFile, passwordFile, caFile, timeoutSeconds; a credential itself never stands here";

/** Never with what was written: it may be a credential. The names of fields are not. */
const unknownFields = (known: string) => (issue: { readonly code?: string; readonly keys?: unknown }) => {
  if (issue.code !== "unrecognized_keys") return `is no mapping; ${known}`;
  const keys = Array.isArray(issue.keys) ? issue.keys : [];
  return `has an unknown field ${keys.map((key) => shownName(String(key))).join(", ")}; ${known}`;
};

function baseOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return undefined;
  if (url.username !== "" || url.password !== "" || /[?#\s]/.test(text)) return undefined;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

const fileName = z.string({ error: "is no path; write the path of a file" }).min(1, {
  error: "is empty; write the path of a file, or leave the field out",
});
const provider = z
  .strictObject(
    {
      name: z
        .string({ error: `is no name; ${NAME}` })
        .max(63, { error: `is too long; ${NAME}` })
        .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { error: `is no name; ${NAME}` }),
      url: z.string({ error: `is no address; ${URL_REMEDY}` }).transform((text, context) => {
        const base = baseOf(text);
        if (base !== undefined) return base;
        context.addIssue({ code: "custom", message: `is no address; ${URL_REMEDY}` });
        return z.NEVER;
      }),
      bearerTokenFile: fileName.optional(),
      usernameFile: fileName.optional(),
      passwordFile: fileName.optional(),
      caFile: fileName.optional(),
      timeoutSeconds: z
        .number({ error: `is no number; ${TIMEOUT}` })
        .min(0.1, { error: `is too short; ${TIMEOUT}` })
        .max(LONGEST_TIMEOUT_SECONDS, { error: `is too long; ${TIMEOUT}` })
        .default(DEFAULT_TIMEOUT_SECONDS),
    },
    { error: unknownFields(KNOWN) },
  )
  .superRefine((each, context) => {
    const wrong = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (each.usernameFile !== undefined && each.passwordFile === undefined) {
      wrong("usernameFile", "stands without passwordFile; name both files or none");
    }
    if (each.passwordFile !== undefined && each.usernameFile === undefined) {
      wrong("passwordFile", "stands without usernameFile; name both files or none");
    }
    if (each.bearerTokenFile !== undefined && each.usernameFile !== undefined) {
      wrong("bearerTokenFile", "stands beside usernameFile; keep a token, or a user with a password");
    }
    if (each.caFile !== undefined && each.url.startsWith("http:")) {
      wrong("caFile", "stands beside an address of http, where nothing is checked; write https:// or leave it out");
    }
  });

const LIST = 'write a list: "providers:" and an entry "- name: …" for each';
const file = z.strictObject(
  {
    providers: z
      .array(provider, { error: `is no list; ${LIST}` })
      .max(MOST_PROVIDERS, { error: `has more than ${MOST_PROVIDERS} entries; keep those that gates name` })
      .superRefine((all, context) => {
        for (const [index, { name }] of all.entries()) {
          if (all.findIndex((other) => other.name === name) === index) continue;
          context.addIssue({
            code: "custom",
            path: [index, "name"],
            message: "is taken by an entry before; name it otherwise",
          });
        }
      }),
  },
  { error: unknownFields(LIST) },
);

function credentialsOf(each: z.output<typeof provider>, at: (path: string) => string): ProviderCredentials {
  const { bearerTokenFile, usernameFile, passwordFile } = each;
  if (bearerTokenFile !== undefined) return { kind: "bearer", tokenFile: at(bearerTokenFile) };
  if (usernameFile === undefined || passwordFile === undefined) return { kind: "none" };
  return { kind: "basic", usernameFile: at(usernameFile), passwordFile: at(passwordFile) };
}

/** YAML, and so JSON too. Paths in it are relative to the file itself. */
export function parseProviders(text: string, path: string): readonly Provider[] {
  const refuse = (problems: readonly string[]): never => {
    throw new ProvidersError([`The providers file ${path} cannot be used:`, ...problems].join("\n  "));
  };
  const yaml = parseYamlFile(text);
  if (yaml.kind === "broken") {
    return refuse(
      yaml.problems.map(({ line, rule, remedy }) => `${line === undefined ? "" : `line ${line}: `}${rule}; ${remedy}`),
    );
  }
  const parsed = file.safeParse(yaml.value);
  if (!parsed.success) {
    return refuse(
      parsed.error.issues.map((issue) => {
        const place = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
        const line = yaml.lineOf(place);
        return `${line === undefined ? "" : `line ${line}: `}${placeText(place) || "the file"} ${issue.message}`;
      }),
    );
  }
  const at = (relative: string): string => resolve(dirname(path), relative);
  return parsed.data.providers.map((each) => ({
    name: each.name,
    url: each.url,
    credentials: credentialsOf(each, at),
    ...(each.caFile === undefined ? {} : { caFile: at(each.caFile) }),
    timeoutMs: each.timeoutSeconds * 1000,
  }));
}

/** No file, no providers. */
export async function readProviders(path: string | undefined): Promise<readonly Provider[]> {
  if (path === undefined) return [];
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const why = error instanceof Error && "code" in error ? String(error.code) : "no text";
    throw new ProvidersError(`The providers file ${path} cannot be read (${why}); correct --providers or leave it out`);
  });
  return parseProviders(text, path);
}
