/**
 * Takes out of objects and texts what must not leave a cluster. It errs on the side of taking too much: whoever reads a report
 * can ask for a value, and nobody can take one back.
 */
import { isRecord } from "../../kube/object.ts";
import { redactYaml } from "./redact-yaml.ts";

export const REDACTED = "[redacted]";

/** Names of options, variables and keys whose values are secrets, or hold one as oslo's connection strings do. */
const SENSITIVE =
  /pass(?:word|wd|phrase)?s?(?![a-z])|pwd(?![a-z])|secret|token|creds?(?![a-z])|credential|cookie|(?:^|[_-])pw(?![a-z])|(?:api|access|private|encryption|signing)[_-]?key|transport[_-]?url|(?:^|[_-])connection$|(?:^|[_-])auth$|authorization/i;

/** Names that Kubernetes gives to references and settings, which only say where a secret is. */
const HARMLESS =
  /^(?:secretName|secretKeyRef|secretRef|imagePullSecrets|automountServiceAccountToken|serviceAccountToken|tokenExpirationSeconds)$/;

export const isSensitive = (name: string): boolean => SENSITIVE.test(name) && !HARMLESS.test(name);

/** A word of a shell behind `head`, in quotes, too, which are escaped where it stands in JSON. */
function shellWord(head: string, word = String.raw`"[^"\n]*"|'[^'\n]*'|(?:\\["']|[^\s"'])+`): RegExp {
  return new RegExp(`(${head})(?:${word})`, "gm");
}

const RULES: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host, and lists of hosts of oslo.messaging. A password may hold an @ itself: the last one counts.
  [/([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/"']+@/gi, `$1${REDACTED}@`],
  [/,[^\s/,"'@:]+:[^\s/,"']+@/g, `,${REDACTED}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  // A JSON Web Token, as ServiceAccounts have.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, REDACTED],
  [/\b(Bearer|Basic)\s+[\w+/=.~-]{6,}/gi, `$1 ${REDACTED}`],
  // user:password@tcp(host:port), as Go's drivers have it.
  [/((?<![\w.%-])[\w.%-]{1,80}:)[^\s"']{1,256}?(?=@(?:tcp6?|unix)\()/g, `$1${REDACTED}`],
  // redis.conf has no sign between a name and its value.
  [/^([ \t]*(?:requirepass|masterauth)[ \t]+)\S.*$/gm, `$1${REDACTED}`],
  // `mysqldump -ppassword`, `curl -u user:password`, `mongo -u user -p password`, `redis-cli -a password`.
  [shellWord(String.raw`(?:^|\s)-p(?=[^\s-])`), `$1${REDACTED}`],
  [
    shellWord(String.raw`(?:^|\s)(?:-u|--user|--proxy-user)(?:=|[ \t]*)["'][^\s:"']{1,80}:`, String.raw`[^"'\n]+`),
    `$1${REDACTED}`,
  ],
  [shellWord(String.raw`(?:^|\s)(?:-u|--user|--proxy-user)(?:=|[ \t]*)[^\s:"']{1,80}:`), `$1${REDACTED}`],
  [
    shellWord(
      String.raw`(?:\b(?:sshpass|mongo\w{0,16}|rabbitmqadmin)\b[^\n]{0,200}?\s|\s(?:-u|--user(?:name)?)(?:=|[ \t]+)[^\s-]\S{0,80}[ \t]+)-p[ \t]+(?=[^\s-])`,
    ),
    `$1${REDACTED}`,
  ],
  [shellWord(String.raw`\bredis-cli\b[^\n]{0,200}?\s-a[ \t]+(?=[^\s-])`), `$1${REDACTED}`],
  // gAAAA…: Keystone's own tokens (Fernet).
  [/\bgAAAA[\w=-]{20,}/g, REDACTED],
];

/** A quoted value, also inside of a string that is quoted itself; and a list of plain ones. */
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.|'')*'|'[^']*'|(?<escape>\\{1,8})"[\s\S]*?(?<!\\)\k<escape>"`;
const LIST = String.raw`\[[^\]{[]*\]`;
const PLAIN = String.raw`[^\s,}\]"'{[|>\\][^\n,}\]]*`;
/** Names have a limit, or a long word would be tried from each of its letters. */
const NAME = String.raw`(?<name>[\w.-]{1,80})`;
const MARK = String.raw`(?:\\{0,8}["'])?`;

/** What stands before a value, with its name; and the value, which is looked for only where the name is that of a secret. */
interface Assignment {
  readonly head: RegExp;
  readonly value: RegExp;
}
const assignment = (head: string, value: string): Assignment => ({
  head: new RegExp(head, "gm"),
  value: new RegExp(value, "y"),
});

const ASSIGNMENTS: readonly Assignment[] = [
  // `name = value` of ceilometer.conf, with lines that go on.
  assignment(
    String.raw`^[ \t]*(?:[#;]+[ \t]*)?${NAME}[ \t]*=[ \t]*`,
    String.raw`\S[^\n]*(?:\n[ \t]+\S[^\n]*)*|(?:\r?\n[ \t]+\S[^\n]*)+`,
  ),
  // `"name": "value"` of JSON.
  assignment(String.raw`["']${NAME}\\{0,8}["']\s*:\s*`, String.raw`${QUOTED}|${LIST}|[^\s,{}[\]"'\\][^\s,{}[\]"']*`),
  // `name: value` of YAML.
  assignment(String.raw`(?<=^|[\s,{[-])${NAME}:[ \t]+`, `${QUOTED}|${LIST}|${PLAIN}`),
  // `Name:value` of a header, which needs no blank, or has one in quotes. It may have several words.
  assignment(
    String.raw`(?:(?<=^|[\s"'])(?=[\w.-]{1,80}:[^\s:/])|(?<=["']))${NAME}:[ \t]*(?=[^\s:/])`,
    String.raw`${QUOTED}|[^"'\\\n]+`,
  ),
  // The `value` beside a `name`, behind it and before it.
  assignment(
    String.raw`\bname${MARK}\s*:\s*${MARK}${NAME}${MARK}\s*,\s*${MARK}value${MARK}\s*:\s*`,
    `${QUOTED}|${PLAIN}`,
  ),
  assignment(
    String.raw`\bvalue${MARK}\s*:\s*(?=(?:${QUOTED}|[^\s,}\]"'\\][^\n,}\]]{0,512})\s*,\s*${MARK}name${MARK}\s*:\s*${MARK}${NAME})`,
    `${QUOTED}|${PLAIN}`,
  ),
  // `--name value`, and `name=value` anywhere.
  assignment(String.raw`--?(?<name>[\w-]{1,80})(?:=|[ \t]+)`, String.raw`"[^"]*"|'[^']*'|[^\s-][^\s]*`),
  // `<name>value</name>` of XML.
  assignment(String.raw`<${NAME}>`, String.raw`[^<\n]+`),
  assignment(String.raw`\b${NAME}=`, String.raw`"[^"]*"|'[^']*'|[^\s"']+`),
];

/** What was taken out already, in quotes where it stands in JSON. */
const isGone = (value: unknown): boolean => typeof value === "string" && value.replaceAll(/["',\\]/g, "") === REDACTED;

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
    let result = json(whole) ?? whole;
    for (const [pattern, put] of RULES) {
      result = result.replaceAll(pattern, (found: string, ...rest: unknown[]) => {
        gone();
        return typeof rest[0] === "string" ? put.replace("$1", rest[0]) : put;
      });
    }
    return ASSIGNMENTS.reduce(withoutValues, redactYaml(result, { isSensitive, gone, isGone }));
  }

  /** What is behind a name that is no secret's is looked at as well: it may hold another name. */
  function withoutValues(whole: string, { head, value }: Assignment): string {
    const kept: string[] = [];
    let from = 0;
    head.lastIndex = 0;
    for (let found = head.exec(whole); found !== null; found = head.exec(whole)) {
      const at = head.lastIndex;
      if (!isSensitive(found.groups?.["name"] ?? "")) continue;
      value.lastIndex = at;
      const [secret] = value.exec(whole) ?? [];
      if (secret === undefined || isGone(secret)) continue;
      kept.push(whole.slice(from, at), gone());
      from = at + secret.length;
      head.lastIndex = from;
    }
    return kept.join("") + whole.slice(from);
  }

  /** A text that is JSON, without what must go, at whatever depth; undefined where nothing of it must, or it is none. */
  function json(whole: string): string | undefined {
    if (!/^\s*[{[]/.test(whole)) return undefined;
    try {
      const parsed: unknown = JSON.parse(whole);
      const left = JSON.stringify(object(parsed), undefined, whole.includes("\n") ? 2 : 0);
      return left === JSON.stringify(parsed, undefined, whole.includes("\n") ? 2 : 0) ? undefined : left;
    } catch {
      // None, or nested deeper than can be looked at: then what is said of texts must do.
      return undefined;
    }
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

  /** `["--os-password", "x"]`: the word behind an option is its value. A container's arguments (`value`) stand behind its `command`. */
  function list(value: readonly unknown[], command?: unknown): readonly unknown[] {
    const words = [...listOf(command), ...value];
    return value.map((item, index) => {
      const kept = keptOf(words, words.length - value.length + index);
      return kept === undefined ? object(item) : `${kept}${gone()}`;
    });
  }

  function known(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, field]): [string, unknown][] => {
        // What kubectl last applied repeats the whole object as text.
        if (key === "managedFields" || key === "kubectl.kubernetes.io/last-applied-configuration") return [];
        if (key === "args" && Array.isArray(field)) return [[key, list(field, value["command"])]];
        if (key === "binaryData") return isRecord(field) ? [[key, mapped(field, gone)]] : [];
        if (typeof field === "string" && isSensitive(key)) return [[key, gone()]];
        if (key === "annotations" && isRecord(field)) return [[key, object(withoutManifests(field))]];
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

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** What stays of a word that is a secret, or ends with one, by what stands before it; undefined where it is none. */
function keptOf(words: readonly unknown[], index: number): string | undefined {
  const word = words[index];
  if (typeof word !== "string") return undefined;
  if (isBehindFlag(words, index)) return "";
  return isUserFlag(words[index - 1]) ? /^[^\s:]{1,80}:(?=.)/.exec(word)?.[0] : undefined;
}

/** Behind `--os-password`; behind `-p` where a user is named before, or the program has no other use for it. */
function isBehindFlag(words: readonly unknown[], index: number): boolean {
  const flag = words[index - 1];
  if (typeof flag === "string" && /^--?[\w-]+$/.test(flag) && isSensitive(flag)) return true;
  const wanted = flag === "-p" ? BEFORE_P : flag === "-a" ? BEFORE_A : undefined;
  const before = wanted === undefined ? [] : words.slice(Math.max(0, index - WORDS_BEFORE), index);
  return before.some((word) => typeof word === "string" && wanted?.test(word) === true);
}
/** So many are looked at, or a long list would be gone through again for each of its words. */
const WORDS_BEFORE = 32;
const BEFORE_P = /^(?:(?:-u|--user(?:name)?)(?:=.*)?|(?:.*\/)?(?:sshpass|mongo\w*|rabbitmqadmin))$/;
const BEFORE_A = /^(?:.*\/)?redis-cli$/;

const isUserFlag = (word: unknown): boolean => typeof word === "string" && /^(?:-u|--user|--proxy-user)$/.test(word);

const mapped = (value: Readonly<Record<string, unknown>>, map: () => string): Record<string, string> =>
  Object.fromEntries(Object.keys(value).map((key) => [key, map()]));

/** Tools keep the whole object that they applied, as kubectl does, some of them packed (gzip in base64 begins so). */
const withoutManifests = (annotations: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(annotations).filter(([, value]) => typeof value !== "string" || !isManifest(value)),
  );

function isManifest(text: string): boolean {
  if (/^H4sI[\w+/=-]+$/.test(text)) return true;
  if (!/^\s*\{/.test(text)) return false;
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) && ("spec" in parsed || ("apiVersion" in parsed && "kind" in parsed));
  } catch {
    return false;
  }
}
