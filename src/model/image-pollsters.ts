/**
 * What an image says of its own pollsters (clause P4): its entry points, held against what the catalogue says of the release, so
 * that the answer is short enough for a termination message. Images of people's own may have pollsters that no catalogue knows.
 */
import { z } from "zod";
import { pollsterNameSchema } from "./catalogue/schema.ts";

/** By polling namespace: what the image has beside the catalogue's names, and which of those it lacks. */
export type ImagePollsters = ReadonlyMap<
  string,
  { readonly extra: readonly string[]; readonly missing: readonly string[] }
>;

/** What several images have said, by image. */
export type ImagesAsked = ReadonlyMap<string, ImagePollsters>;

/** Written by the container, and read from its status: 4096 bytes is all that Kubernetes keeps. */
const MESSAGE_FILE = "/dev/termination-log";

/** Runs on every Python that an image of Ceilometer has had: importlib.metadata from 3.8 on, pkg_resources before. */
const PROGRAM = `
import json, sys
def names(group):
    try:
        from importlib.metadata import entry_points
    except ImportError:
        import pkg_resources
        return set(e.name for e in pkg_resources.iter_entry_points(group))
    try:
        return set(e.name for e in entry_points(group=group))
    except TypeError:
        return set(e.name for e in entry_points().get(group, ()))
known = json.loads(sys.argv[1])
answer = {}
for namespace in known:
    have, listed = names("ceilometer.poll." + namespace), set(known[namespace])
    answer[namespace] = {"extra": sorted(have - listed), "missing": sorted(listed - have)}
open("${MESSAGE_FILE}", "w").write(json.dumps(answer))
`;

/** The command that a container of the image runs; `known` is what the catalogue says, by polling namespace. */
export function askCommand(known: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const shell = 'exec "$(command -v python3 || command -v python)" -c "$0" "$1"';
  return ["sh", "-c", shell, PROGRAM, JSON.stringify(Object.fromEntries(known))];
}

const answerSchema = z.record(
  z.string(),
  z.object({ extra: z.array(pollsterNameSchema), missing: z.array(pollsterNameSchema) }),
);

/** Undefined where the message is no answer: cut, or of something else. */
export function readAnswer(message: string): ImagePollsters | undefined {
  try {
    const { data } = answerSchema.safeParse(JSON.parse(message));
    return data === undefined ? undefined : new Map(Object.entries(data));
  } catch {
    return undefined;
  }
}

/** The names of a namespace as the image has them. */
export function asInImage(
  names: readonly string[],
  namespace: string,
  image: ImagePollsters | undefined,
): readonly string[] {
  const said = image?.get(namespace);
  if (said === undefined) return names;
  return [...new Set([...names, ...said.extra])].filter((name) => !said.missing.includes(name)).toSorted();
}
