/**
 * Where an agent finds a file that its configuration names: as the path is, else in the directories of its configuration files
 * from the last to the first, else in /etc/ceilometer and /etc (oslo.config's find_file, which asks --config-dir before). A
 * pipeline file that is nowhere is the one that Ceilometer brings; for polling.yaml there is none.
 */
import { type FileSource, fileAt, plainPath } from "./agent-files.ts";
import { type AgentView, type Setting, textOf } from "./agent-settings.ts";

export type AgentFile = {
  /** As it is configured; undefined where that is not known. */
  readonly path: string | undefined;
  readonly source: FileSource;
  /** Whether the object that it comes from is immutable: only then is what a running agent has loaded known. */
  readonly immutable: boolean;
} & (
  | { readonly state: "read"; readonly text: string }
  /** The default of the release, from the image. */
  | { readonly state: "packaged" }
  | { readonly state: "missing" | "unknown"; readonly why: string }
);

const directoryOf = (path: string): string => plainPath(`${path}/..`);

function candidates({ command }: AgentView, path: string): readonly string[] {
  if (path.startsWith("/")) return [path];
  const given = command.sources.filter(({ kind, isDefault }) => kind === "directory" && !isDefault);
  const files = command.sources.filter(({ kind }) => kind === "file").toReversed();
  const directories = [
    ...given.map((source) => source.path),
    ...files.map((source) => directoryOf(source.path)),
    "/etc/ceilometer",
    "/etc",
  ];
  return [...new Set(directories.map((directory) => plainPath(`${directory}/${path}`)))];
}

export function findFile(view: AgentView, path: Setting<string>, what: "pipeline" | "polling"): AgentFile {
  const nowhere: FileSource = { kind: "image" };
  const notKnown = (why: string, source: FileSource = nowhere): AgentFile => ({
    path: path.kind === "known" ? path.value : undefined,
    source,
    immutable: false,
    state: "unknown",
    why,
  });
  if (path.kind === "unknown") return notKnown(path.why);
  for (const candidate of candidates(view, path.value)) {
    const source = fileAt(view.template, view.container, candidate);
    const file = textOf(source, view.objects);
    if (file.kind === "unknown") return notKnown(file.why, source);
    if (file.kind === "text") {
      return { path: path.value, source, immutable: file.immutable, state: "read", text: file.text };
    }
  }
  if (view.command.form === "kolla") return notKnown("kolla_start copies it in when the container starts");
  if (what === "pipeline" && !path.value.startsWith("/")) {
    return { path: path.value, source: nowhere, immutable: true, state: "packaged" };
  }
  const why = `no volume brings ${path.value}`;
  const base = { path: path.value, source: nowhere, immutable: false, why };
  // A file of this very name may be the image's own; Ceilometer itself brings none.
  return { ...base, state: path.value.startsWith("/") && what === "pipeline" ? "unknown" : "missing" };
}
