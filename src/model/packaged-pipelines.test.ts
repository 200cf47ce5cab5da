import { describe, expect, it } from "vitest";
import { RELEASES } from "../api/v1alpha1/releases.ts";
import { packagedEventPipeline, packagedPipeline } from "./packaged-pipelines.ts";
import { type PipelineFile, parsePipeline } from "./pipeline.ts";
import { canonicalDigest } from "./pipeline-parity.ts";
import { parseRelease, type Release } from "./release.ts";

const release = (name: string): Release => {
  const parsed = parseRelease(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};
const NONE: PipelineFile = { sources: [], sinks: [], names: [] };

/** Releases in a row whose default means the same. */
function eras(packaged: (release: Release) => PipelineFile): readonly string[] {
  const found: { digest: string; first: string; last: string }[] = [];
  for (const [name] of RELEASES) {
    const side = {
      release: release(name),
      pipeline: packaged(release(name)),
      events: NONE,
      queues: 0,
      secretDigest: "",
    };
    // The same meaning in two releases, whatever else differs between them.
    const digest = canonicalDigest({ ...side, release: release("rocky") });
    const era = found.at(-1);
    if (era?.digest === digest) era.last = name;
    else found.push({ digest, first: name, last: name });
  }
  return found.map(({ first, last }) => `${first} to ${last}`);
}

describe("the packaged defaults", () => {
  it("change with the publishers, and with the end of the transformers", () => {
    expect(eras(packagedPipeline)).toEqual(["liberty to ocata", "pike to rocky", "stein to 2026.2"]);
  });

  it("change for events with their stores", () => {
    expect(eras(packagedEventPipeline)).toEqual([
      "liberty to ocata",
      "pike to train",
      "ussuri to wallaby",
      "xena to 2026.2",
    ]);
  });

  it.each(RELEASES.map(([name]) => name))(
    "of %s are files that the release loads, with pipelines of these names",
    (name) => {
      for (const [file, key, what] of [
        [packagedPipeline(release(name)), "meters", "meters"],
        [packagedEventPipeline(release(name)), "events", "events"],
      ] as const) {
        const sources = file.sources.map((source) => ({
          name: source.name,
          [key]: source.filter,
          sinks: source.sinks,
        }));
        const parsed = parsePipeline(JSON.stringify({ sources, sinks: file.sinks }), what, release(name));
        if (parsed.kind === "broken") throw new Error(JSON.stringify(parsed.problems));
        expect(parsed.file.names).toEqual(file.names);
        expect(parsed.file.sinks).toEqual(file.sinks);
      }
    },
  );
});
