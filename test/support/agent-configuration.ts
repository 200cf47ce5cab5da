/** How an agent in a container is configured: its command line, its ceilometer.conf and its environment, as oslo.config reads them. */
import type { MountedFiles } from "./audit-files.ts";
import type { AuditedRelease } from "./audited-release.ts";
import type { ContainerFact } from "./pod-fact.ts";

export interface AgentConfiguration {
  readonly program: "polling" | "notification";
  /** Words of the command line after the program. */
  readonly words: readonly string[];
  /** The last one says it, and the environment before any file. */
  option(group: string, name: string): string | undefined;
  /** A file that an option names, or that has its usual name. */
  file(name: string): string | undefined;
}

const PROGRAM = /ceilometer-(?:polling|agent-(?:notification|central|compute|ipmi))/;
/** oslo.config reads the environment from 6.7.0 on, which came with Stein (12.0.0). */
const STEIN = 12;

export function configurationOf(
  container: ContainerFact,
  files: MountedFiles,
  release: AuditedRelease,
): AgentConfiguration | undefined {
  const line = commandLineOf(container, files);
  const at = line.findIndex((word) => PROGRAM.test(word));
  const program = PROGRAM.exec(line[at] ?? "")?.[0];
  if (program === undefined) return undefined;
  const words = [...namespaceOf(program), ...line.slice(at + 1)];
  const paths = configurationFiles(words, files);
  const options = new Map(paths.flatMap((path) => parse(files.get(path) ?? "")));
  const directories = [...paths.map((path) => path.slice(0, path.lastIndexOf("/"))), "/etc/ceilometer", "/etc"];
  return {
    program: program.endsWith("notification") ? "notification" : "polling",
    words,
    option(group, name) {
      const variable = `OS_${group.toUpperCase()}__${name.toUpperCase()}`;
      const said = release.major >= STEIN ? container.env[variable] : undefined;
      return said ?? options.get(`${group}/${name}`);
    },
    file: (name) =>
      name.startsWith("/")
        ? files.get(name)
        : directories.map((directory) => files.get(`${directory}/${name}`)).find((text) => text !== undefined),
  };
}

/** Values of a flag, which may come several times, with several words, or with commas. */
export function valuesOf(words: readonly string[], flag: string): readonly string[] {
  return words.flatMap((word, at) => {
    if (word.startsWith(`${flag}=`)) return word.slice(flag.length + 1).split(",");
    if (word !== flag) return [];
    const end = words.findIndex((other, place) => place > at && other.startsWith("-"));
    return words.slice(at + 1, end < 0 ? undefined : end).flatMap((value) => value.split(","));
  });
}

/** What is executed in the end: a command that is a mounted script is the line of it that starts an agent. */
function commandLineOf({ name, command }: ContainerFact, files: MountedFiles): readonly string[] {
  const words = command.split(/\s+/).filter((word) => word !== "");
  const script = words.find((word) => PROGRAM.test(files.get(word) ?? ""));
  if (script !== undefined) {
    const lines = (files.get(script) ?? "").replaceAll("\\\n", " ").split("\n");
    const line = (lines.find((text) => PROGRAM.test(text) && !text.trimStart().startsWith("#")) ?? "").split(/\s+/);
    const own = words.slice(words.indexOf(script) + 1);
    return line.flatMap((word) => (word === '"$@"' ? own : [word.replace(/^["']|["']$/g, "")]));
  }
  if (words.some((word) => /ceilometer-/.test(word))) return words;
  // The image's own command, as in kolla's images: the container's name is all that can be seen.
  const role = /^ceilometer[-_](notification|central|compute|ipmi)(?:[-_]agent)?$/.exec(name)?.[1];
  return role === undefined ? [] : [`ceilometer-agent-${role}`];
}

function namespaceOf(program: string): readonly string[] {
  const role = /^ceilometer-agent-(central|compute|ipmi)$/.exec(program)?.[1];
  return role === undefined ? [] : ["--polling-namespaces", role];
}

/** In the order in which they are read. The usual places count only where the command line names none. */
function configurationFiles(words: readonly string[], files: MountedFiles): readonly string[] {
  const flags = words.flatMap((word, at): (readonly [string, string])[] => {
    const [flag = "", value = words[at + 1] ?? ""] = word.split("=");
    return flag === "--config-file" || flag === "--config-dir" ? [[flag, value]] : [];
  });
  const usual = [
    ["--config-file", "/etc/ceilometer/ceilometer.conf"],
    ["--config-dir", "/etc/ceilometer/ceilometer.conf.d"],
  ] as const;
  return (flags.length === 0 ? usual : flags).flatMap(([flag, path]) => {
    if (flag === "--config-file") return [path];
    const directory = `${path.replace(/\/+$/, "")}/`;
    const snippet = (file: string): boolean =>
      file.startsWith(directory) && file.endsWith(".conf") && !file.slice(directory.length).includes("/");
    return [...files.keys()].filter(snippet).toSorted();
  });
}

/** `<group>/<option>` and value of each line. */
function parse(text: string): readonly (readonly [string, string])[] {
  let group = "DEFAULT";
  return text.split("\n").flatMap((line): (readonly [string, string])[] => {
    if (/^\s*(?:[#;]|$)/.test(line)) return [];
    const section = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    if (section !== undefined) group = section;
    const [, name, value] = /^\s*([^=:\s]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    return section !== undefined || name === undefined ? [] : [[`${group}/${name}`, value ?? ""]];
  });
}
