/**
 * What a container finds where its volumes are mounted, at the moment it starts. A file from a volume of another kind than a
 * ConfigMap or a Secret is taken for absent.
 */
import type { FilesFact } from "./audit-facts.ts";
import type { ContainerFact, Mount, PodFact, VolumeSource } from "./pod-fact.ts";

export type MountedFiles = ReadonlyMap<string, string>;

export interface Archive {
  hear(change: "ADDED" | "MODIFIED" | "DELETED", files: FilesFact): void;
  /** The files of a container that starts now, by absolute path. */
  filesOf(pod: PodFact, container: ContainerFact): MountedFiles;
  text(source: { readonly kind: string; readonly name: string; readonly key: string }): string | undefined;
}

export function openArchive(): Archive {
  const objects = new Map<string, FilesFact>();

  const filesIn = ({ kind, name, items }: VolumeSource): readonly (readonly [string, string])[] => {
    const data = objects.get(`${kind}/${name}`)?.data ?? {};
    const keys = items ?? Object.keys(data).map((key) => ({ key, path: key }));
    return keys.flatMap(({ key, path }) => (data[key] === undefined ? [] : [[path, data[key]] as const]));
  };
  const mounted = ({ volume, path, subPath }: Mount, pod: PodFact): readonly (readonly [string, string])[] => {
    const directory = path.replace(/\/+$/, "");
    const sources = pod.volumes.find(({ name }) => name === volume)?.sources ?? [];
    return sources.flatMap(filesIn).flatMap(([file, text]) => {
      const place = subPath === undefined ? `/${file}` : below(file, subPath);
      return place === undefined ? [] : [[`${directory}${place}`, text] as const];
    });
  };
  return {
    hear(change, files) {
      if (change === "DELETED") objects.delete(`${files.kind}/${files.name}`);
      else objects.set(`${files.kind}/${files.name}`, files);
    },
    filesOf(pod, container) {
      // A mount below another one covers what is there.
      const mounts = container.mounts.toSorted((left, right) => left.path.length - right.path.length);
      return new Map(mounts.flatMap((mount) => mounted(mount, pod)));
    },
    text: ({ kind, name, key }) => objects.get(`${kind}/${name}`)?.data[key],
  };
}

/** Where a file of the volume stands under what is mounted of it: "" for the file itself, undefined where it is not part of it. */
function below(file: string, subPath: string): string | undefined {
  if (file === subPath) return "";
  return file.startsWith(`${subPath}/`) ? file.slice(subPath.length) : undefined;
}
