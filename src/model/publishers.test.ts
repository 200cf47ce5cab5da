import { describe, expect, it } from "vitest";
import { RELEASES } from "../api/v1alpha1/releases.ts";
import { PUBLISHERS, publisherFault, publisherSchemes } from "./publishers.ts";
import { parseRelease, type Release } from "./release.ts";

const release = (name: string): Release => {
  const parsed = parseRelease(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};
const schemes = (of: "meters" | "events", name: string): string =>
  publisherSchemes(of, release(name))
    .toSorted((a, b) => a.localeCompare(b))
    .join(" ");

describe("entry points of the releases", () => {
  it.each([
    ["liberty", "direct file kafka meter meter_publisher notifier rpc test udp", "direct kafka notifier test"],
    ["mitaka", "direct file kafka notifier test udp", "direct kafka notifier test"],
    ["newton", "direct file http kafka notifier test udp", "direct http kafka notifier test"],
    [
      "ocata",
      "database direct file file_alt gnocchi http http_alt kafka notifier test udp",
      "database direct file_alt gnocchi http http_alt kafka notifier test",
    ],
    ["queens", "file gnocchi http https notifier test udp zaqar", "gnocchi http https notifier panko test zaqar"],
    [
      "rocky",
      "file gnocchi http https notifier prometheus test udp zaqar",
      "gnocchi http https notifier panko test zaqar",
    ],
    [
      "2023.2",
      "file gnocchi http https monasca notifier prometheus tcp test udp zaqar",
      "file gnocchi http https notifier test zaqar",
    ],
    [
      "2026.1",
      "file gnocchi http https notifier opentelemetryhttp prometheus tcp test udp zaqar",
      "file gnocchi http https notifier test zaqar",
    ],
  ])("%s", (name, meters, events) => {
    expect(schemes("meters", name)).toBe(meters);
    expect(schemes("events", name)).toBe(events);
  });

  it("gives each scheme one life, and each removal what to use instead", () => {
    const keys = PUBLISHERS.map(({ of, scheme }) => `${of} ${scheme}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { removed, instead } of PUBLISHERS) expect(instead === undefined).toBe(removed === undefined);
  });

  it("says nothing of a publisher that the release has", () => {
    for (const [name] of RELEASES) {
      for (const of of ["meters", "events"] as const) {
        for (const scheme of publisherSchemes(of, release(name))) {
          expect(publisherFault(scheme, of, release(name))).toBeUndefined();
        }
      }
    }
  });
});

describe("what cannot be loaded", () => {
  it.each([
    ["monasca", "meters", "2024.1", "it was removed in 2024.1", "gnocchi://"],
    ["kafka", "events", "25.0.1", "it was removed in queens", "notifier://"],
    ["panko", "events", "xena", "it was removed in xena", "gnocchi://"],
    ["prometheus", "meters", "pike", "it came with rocky", "use one of notifier://"],
    ["udp", "events", "2025.1", "it publishes no events", "use one of notifier://"],
    ["panko", "meters", "2025.1", "2025.1 has no such publisher for meters", "use one of"],
  ] as const)("%s for %s in %s", (scheme, of, name, rule, remedy) => {
    const fault = publisherFault(scheme, of, release(name));
    expect(fault).toMatchObject({ rule, foreign: false });
    expect(fault?.remedy).toContain(remedy);
  });

  it("is somebody's own, where no release has one of that name", () => {
    expect(publisherFault("acme", "meters", release("2025.1"))).toMatchObject({
      rule: "2025.1 has no such publisher for meters",
      foreign: true,
    });
  });
});
