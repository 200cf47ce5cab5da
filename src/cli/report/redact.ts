/**
 * Takes out of objects and texts what must not leave a cluster. It errs on the side of taking too much: whoever reads a report
 * can ask for a value, and nobody can take one back.
 */
import { isRecord } from "../../kube/object.ts";

export const REDACTED = "[redacted]";

/** Names of options, variables and keys whose values are secrets, or hold one as oslo's connection strings do. */
const SENSITIVE =
  /pass(?:word|wd|phrase)?(?![a-z])|secret|token|credential|api_?key|access_?key|private_?key|encryption_?key|signing_?key|transport_?url|(?:^|[_-])connection$|(?:^|[_-])auth$|authorization/i;

/** Names that Kubernetes gives to references and settings, which only say where a secret is. */
const HARMLESS =
  /^(?:secretName|secretKeyRef|secretRef|imagePullSecrets|automountServiceAccountToken|serviceAccountToken|tokenExpirationSeconds)$/;

export const isSensitive = (name: string): boolean => SENSITIVE.test(name) && !HARMLESS.test(name);

const RULES: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host, and lists of hosts of oslo.messaging.
  [/([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#"'@]+@/gi, `$1${REDACTED}@`],
  [/,[^\s/,?#"'@:]+:[^\s/,?#"'@]+@/g, `,${REDACTED}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  // A JSON Web Token, as ServiceAccounts have.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, REDACTED],
  [/\b(Bearer|Basic)\s+[\w+/=.~-]{6,}/gi, `$1 ${REDACTED}`],
  // gAAAA…: Keystone's own tokens (Fernet).
  [/\bgAAAA[\w=-]{20,}/g, REDACTED],
];

/**
 * `name = value` of ceilometer.conf with lines that go on, `name: value` of YAML, `"name": "value"` of JSON, `--name value`. Names have a limit, or a
 * long word would be tried from each of its letters.
 */
const ASSIGNMENTS: readonly RegExp[] = [
  /^(?<before>[ \t]*(?<name>[\w.-]{1,80})[ \t]*=[ \t]*)(?<value>\S.*(?:\n[ \t]+\S.*)*)$/gm,
  /(?<before>["'](?<name>[\w.-]{1,80})["'][ \t]*:[ \t]*)(?<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,{}[\]"']+)/g,
  /(?<before>(?:^|[\s,{[-])(?<name>[\w.-]{1,80}):[ \t]+)(?<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,}\]"'{[|>][^\n,}\]]*)/gm,
  /(?<before>--?(?<name>[\w-]{1,80})(?:=|[ \t]+))(?<value>"[^"]*"|'[^']*'|[^\s-][^\s]*)/g,
  /(?<before>\b(?<name>[\w.-]{1,80})=)(?<value>"[^"]*"|'[^']*'|[^\s,;&"']+)/g,
];

export interface Redactor {
  text(text: string): string;
  /** The same object, with values taken out: of Secrets all, of environments and files those that look like secrets. */
  object(value: unknown): unknown;
  /** How many values have been taken out. */
  readonly count: number;
}

export function createRedactor(): Redactor {
  let count = 0;
  const gone = (): string => {
    count += 1;
    return REDACTED;
  };

  function text(whole: string): string {
    let result = whole;
    for (const [pattern, put] of RULES) {
      result = result.replaceAll(pattern, (found: string, ...rest: unknown[]) => {
        gone();
        return typeof rest[0] === "string" ? put.replace("$1", rest[0]) : put;
      });
    }
    for (const pattern of ASSIGNMENTS) result = result.replaceAll(pattern, assignment);
    return result;
  }

  function assignment(...found: readonly unknown[]): string {
    const [whole] = found;
    const groups = found.at(-1);
    if (typeof whole !== "string" || !isRecord(groups)) return "";
    const { before, name, value } = groups;
    const isOne = typeof name === "string" && isSensitive(name) && value !== REDACTED;
    return isOne && typeof before === "string" ? `${before}${gone()}` : whole;
  }

  function object(value: unknown): unknown {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return list(value);
    if (!isRecord(value)) return value;
    if (value["kind"] === "Secret") return { ...known(value), data: undefined, stringData: undefined };
    if (typeof value["name"] === "string" && typeof value["value"] === "string" && isSensitive(value["name"])) {
      return { ...value, value: gone() };
    }
    return known(value);
  }

  /** `["--os-password", "x"]`: the word behind an option is its value. */
  function list(value: readonly unknown[]): readonly unknown[] {
    return value.map((item, index) => {
      const before = value[index - 1];
      const isValue = typeof before === "string" && /^--?[\w-]+$/.test(before) && isSensitive(before);
      return isValue && typeof item === "string" ? gone() : object(item);
    });
  }

  function known(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, field]): [string, unknown][] => {
        // What kubectl last applied repeats the whole object as text.
        if (key === "managedFields" || key === "kubectl.kubernetes.io/last-applied-configuration") return [];
        if (key === "binaryData") return isRecord(field) ? [[key, mapped(field, gone)]] : [];
        if (typeof field === "string" && isSensitive(key)) return [[key, gone()]];
        return [[key, object(field)]];
      }),
    );
  }

  return {
    text,
    object,
    get count() {
      return count;
    },
  };
}

const mapped = (value: Readonly<Record<string, unknown>>, map: () => string): Record<string, string> =>
  Object.fromEntries(Object.keys(value).map((key) => [key, map()]));
