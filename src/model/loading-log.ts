/**
 * Has an agent loaded what it was given? Told from its log after a roll: an agent whose files or publishers cannot be loaded
 * stays up and Ready, and drops what it takes or polls nothing.
 *
 * What shows that a notification agent has read its pipelines, at level INFO: to Mitaka `Pipeline config: …` and from Newton to
 * Rocky `Config file: …` (pipeline.py, from Queens agent.py), with `detected decoupled pipeline config format` all the way from
 * Liberty to Rocky (pipeline.py, from Queens pipeline/base.py). From Stein on a healthy agent writes nothing at level INFO
 * (tried with 26.0.0); `Config file: …` and, from 2024.1 on, `Loaded endpoints` are at level DEBUG. Then only time tells, and
 * only where the log is seen to have lines of the agent at all: an empty one may be of an agent that logs elsewhere.
 */
import type { LogVerdict } from "./polling-log.ts";
import { shownName } from "./shown-name.ts";
import type { Millis } from "./time.ts";

export interface LoadingQuestion {
  readonly agent: "notification" | "polling";
  /** For how long the container has been running; without it, silence proves nothing. */
  readonly runningFor?: Millis;
}

/** The Gnocchi publisher tries ten times with 5 s between, each up to 6 s (publisher/gnocchi.py of 26.0.0), before it gives up. */
const LOADED_BY: Millis = 120_000;
/** No line that is looked for is longer where it matters. */
const LONGEST_LINE = 4096;
const MOST_NAMES = 5;

const LOADED = {
  notification: /\b(Pipeline config: |Config file: |detected decoupled pipeline config format|Loaded endpoints \[)/,
  polling: /\b(Polling pollster |Finished polling pollster |Skip pollster |Skipping [\w.]+, |The pollster \[)/,
} as const;

/** A line of the agent itself, in oslo.log's format: a start script's lines say nothing of where the agent logs to. */
const OWN_LINE = / (DEBUG|INFO|WARNING|ERROR|CRITICAL) (ceilometer|cotyledon|stevedore|oslo[._]\w+|keystoneauth)\b/;

/** What it says of a line, and the names in it. */
interface Fault {
  readonly pattern: RegExp;
  readonly words: string;
  readonly namesOf: (line: string) => readonly string[];
}

const quoted = (text: string): readonly string[] =>
  Array.from(text.matchAll(/'(?<name>[^']{1,64})'/g), ([, name]) => name ?? "");

const FAULTS: readonly Fault[] = [
  {
    // Invalid files, from Queens on; before, the agent's worker exits.
    pattern: /Could not load the following pipelines: /,
    words: "it could not load these pipelines and drops what they would take",
    namesOf: (line) => quoted(line.slice(line.indexOf("pipelines: "))),
  },
  {
    // An unknown scheme, or Keystone or Gnocchi that did not answer: the publisher is left out until the next start.
    pattern: /Unable to load publisher /,
    words: "it could not load these publishers and publishes nothing to them until it is started again",
    namesOf: (line) => {
      const scheme = /Unable to load publisher (?<scheme>[\w.+-]{1,64}):\/\//.exec(line)?.groups?.["scheme"];
      return scheme === undefined ? [] : [`${scheme}://`];
    },
  },
  {
    pattern: /No valid pollsters can be loaded /,
    words: "none of its polling namespaces has a pollster",
    namesOf: () => [],
  },
  {
    pattern: /Failed to import extension for /,
    words: "it could not import these pollsters",
    namesOf: (line) => {
      const name = /Failed to import extension for u?'?(?<name>[\w.:-]{1,64})/.exec(line)?.groups?.["name"];
      return name === undefined ? [] : [name.replace(/:$/, "")];
    },
  },
];
const EXITED = / exited with status [1-9]/;
const EXITS = "its worker keeps exiting: a file that it needs is missing or not valid, or it cannot start";

function faultText({ words }: Fault, names: ReadonlySet<string>): string {
  if (names.size === 0) return words;
  // Slashes are not among the letters of a name; those of a scheme are our own.
  const shown = [...names]
    .slice(0, MOST_NAMES)
    .map((name) => shownName(name.replace("://", "")) + (name.endsWith("://") ? "://" : ""));
  return `${words}: ${shown.join(", ")}${names.size > MOST_NAMES ? ` and ${names.size - MOST_NAMES} more` : ""}`;
}

/** All faults that the log tells of, each once. A worker that exited counts unless another has loaded since. */
function faultsOf(lines: readonly string[], loaded: RegExp): readonly string[] {
  const found = new Map<Fault, Set<string>>();
  let exited = false;
  for (const line of lines) {
    if (EXITED.test(line)) exited = true;
    else if (loaded.test(line)) exited = false;
    for (const fault of FAULTS) {
      if (!fault.pattern.test(line)) continue;
      const names = found.get(fault) ?? new Set<string>();
      for (const name of fault.namesOf(line)) names.add(name);
      found.set(fault, names);
    }
  }
  const told = [...found].map(([fault, names]) => faultText(fault, names));
  return exited ? [...told, EXITS] : told;
}

export function readLoadingLog(log: string, { agent, runningFor }: LoadingQuestion): LogVerdict {
  const lines = log.split("\n").map((line) => line.slice(0, LONGEST_LINE));
  const faults = faultsOf(lines, LOADED[agent]);
  if (faults.length > 0) return { verdict: "fail", reason: faults.join("; ") };
  const inconclusive = (reason: string): LogVerdict => ({ verdict: "inconclusive", reason });
  if (lines.every((line) => line.trim() === "")) return inconclusive("the log is empty");
  if (lines.some((line) => LOADED[agent].test(line))) {
    return {
      verdict: "pass",
      reason: "it has read its configuration, and no line says that anything could not be loaded",
    };
  }
  if (!lines.some((line) => OWN_LINE.test(line))) return inconclusive("no line of the agent itself in the log");
  if (runningFor === undefined || runningFor < LOADED_BY) return inconclusive("no line says yet that it has loaded");
  return {
    verdict: "pass",
    reason: "it has been running for long enough to load, and no line says that anything could not be",
  };
}
