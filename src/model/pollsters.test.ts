import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RELEASES } from "../api/v1alpha1/releases.ts";
import pollsters from "./catalogue/pollsters.json" with { type: "json" };
import { catalogueSchema } from "./catalogue/schema.ts";
import { type PollingFile, parsePolling } from "./polling-file.ts";
import { cataloguedPollsters, effectivePollsters, pollsterChange } from "./pollsters.ts";
import { parseRelease, type Release } from "./release.ts";

const release = (text: string): Release => {
  const parsed = parseRelease(text);
  if (parsed === undefined) throw new Error(`${text} is no release`);
  return parsed;
};
const names = (text: string, namespace: string): readonly string[] => {
  const found = cataloguedPollsters(release(text), namespace);
  if (found === undefined) throw new Error(`${namespace} of ${text} is not catalogued`);
  return found;
};
const polling = (...meters: readonly (readonly string[])[]): PollingFile => ({
  sources: meters.map((each, index) => ({
    name: `s${index}`,
    intervalSeconds: 300,
    meters: each,
    resources: [],
    discovery: [],
  })),
});
const EVERYTHING = polling(["*"]);

/** With `*` on either side. */
function changes(from: string, to: string, namespace: string) {
  const before = { names: names(from, namespace), file: EVERYTHING };
  const { added, removed } = pollsterChange(before, { names: names(to, namespace), file: EVERYTHING });
  return { added, removed };
}
const NONE = { added: [], removed: [] };

describe("the catalogue", () => {
  it("is valid, reaches to the newest release, and says each thing once", () => {
    const catalogue = catalogueSchema.parse(pollsters);
    expect(catalogue.newest).toBe(RELEASES.at(-1)?.[0]);
    for (const entries of Object.values(catalogue.namespaces)) {
      const keys = entries.map(({ name, since }) => `${name} ${since}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  // Counted in the packages' entry points, without what the builder for SNMP makes.
  it.each([
    ["mitaka", 53, 37, 12],
    ["pike", 63, 49, 12],
    ["queens", 69, 51, 12],
    ["stein", 63, 34, 12],
    ["zed", 53, 36, 12],
    ["2024.2", 36, 34, 13],
    ["2025.1", 20, 33, 13],
    ["2026.1", 34, 36, 5],
    ["2026.2", 35, 36, 5],
  ])("has of %s %i central, %i compute and %i ipmi pollsters", (name, central, compute, ipmi) => {
    const built = new Set(
      pollsters.namespaces.central.filter((entry) => "builder" in entry).map((entry) => entry.name),
    );
    expect(names(name, "central").filter((each) => !built.has(each))).toHaveLength(central);
    expect(names(name, "compute")).toHaveLength(compute);
    expect(names(name, "ipmi")).toHaveLength(ipmi);
  });

  it.each([
    ["liberty", 19],
    ["mitaka", 20],
    ["queens", 24],
    ["stein", 31],
    ["yoga", 31],
    ["zed", 0],
  ])("has of %s what the builder for SNMP makes: %i", (name, count) => {
    expect(names(name, "central").filter((each) => /^hardware\.(?!ipmi)/.test(each))).toHaveLength(count);
  });

  it.each([
    ["train", "ussuri"],
    ["ussuri", "victoria"],
    ["xena", "yoga"],
    ["zed", "2023.1"],
    ["2023.1", "2023.2"],
  ])("says that from %s to %s nothing changed", (from, to) => {
    for (const namespace of ["central", "compute", "ipmi"]) expect(changes(from, to, namespace)).toEqual(NONE);
  });

  it("says that Zed removed only, namely load balancers and SNMP", () => {
    const { added, removed } = changes("yoga", "zed", "central");
    expect(added).toEqual([]);
    expect(removed.filter((name) => name.startsWith("network.services.lb."))).toHaveLength(10);
    expect(removed.filter((name) => name.startsWith("hardware."))).toHaveLength(31);
    expect(removed).toHaveLength(41);
    expect(changes("yoga", "zed", "compute")).toEqual(NONE);
  });

  it("says that 2024.1 added to ipmi only", () => {
    expect(changes("2023.2", "2024.1", "ipmi")).toEqual({ added: ["hardware.ipmi.power"], removed: [] });
    expect(changes("2023.2", "2024.1", "central")).toEqual(NONE);
    expect(changes("2023.2", "2024.1", "compute")).toEqual(NONE);
  });

  it("says what 2025.1 and later changed", () => {
    expect(changes("2024.2", "2025.1", "compute")).toEqual({
      added: ["disk.ephemeral.size", "disk.root.size", "power.state"],
      removed: ["cpu_l3_cache", "cpu_util", "memory.bandwidth.local", "memory.bandwidth.total"],
    });
    expect(changes("2025.1", "2025.2", "central")).toEqual({
      added: [
        "alarm.evaluation_result",
        "volume.provider.pool.capacity.allocated",
        "volume.provider.pool.capacity.free",
        "volume.provider.pool.capacity.provisioned",
        "volume.provider.pool.capacity.total",
        "volume.provider.pool.capacity.virtual_free",
      ],
      removed: [],
    });
    expect(changes("2025.1", "2025.2", "compute").added).toEqual(["memory", "memory.available", "vcpus"]);
    expect(changes("2025.1", "2025.2", "ipmi").removed).toHaveLength(8);
    expect(changes("2025.2", "2026.1", "central").added).toEqual([
      "dns.zone.recordsets",
      "dns.zone.serial",
      "dns.zone.status",
      "dns.zone.ttl",
      "loadbalancer.operating",
      "loadbalancer.provisioning",
      "manila.share.size",
      "manila.share.status",
    ]);
    expect(changes("2026.1", "2026.2", "central")).toEqual({ added: ["volume.service.health"], removed: [] });
  });

  it("is the same for every point release", () => {
    expect(names("24.0.2", "central")).toEqual(names("2025.1", "central"));
  });

  it.each([
    ["2025.1", "own"],
    ["2025.1", "__proto__"],
    ["28.0.0", "central"],
    ["4.0.0", "central"],
  ])("says nothing of %s %s", (name, namespace) => {
    expect(cataloguedPollsters(release(name), namespace)).toBeUndefined();
  });
});

describe("an override", () => {
  it("adds a pollster from its release on", () => {
    const own = [{ name: "my.pollster", namespace: "central", since: "2025.2" as const }];
    const without = names("2025.1", "central");
    expect(cataloguedPollsters(release("2025.1"), "central", own)).toEqual(without);
    const expected = [...names("2025.2", "central"), "my.pollster"].toSorted();
    expect(cataloguedPollsters(release("2025.2"), "central", own)).toEqual(expected);
    expect(cataloguedPollsters(release("2025.2"), "compute", own)).toEqual(names("2025.2", "compute"));
  });

  it("replaces what the catalogue says of the same name", () => {
    const own = [{ name: "cpu", namespace: "compute", removed: "2025.2" as const }];
    expect(cataloguedPollsters(release("2025.1"), "compute", own)).toContain("cpu");
    expect(cataloguedPollsters(release("2025.2"), "compute", own)).not.toContain("cpu");
  });

  it("makes a namespace known, though not a release", () => {
    const own = [
      { name: "b", namespace: "own" },
      { name: "a", namespace: "own", removed: "pike" as const },
    ];
    expect(cataloguedPollsters(release("ocata"), "own", own)).toEqual(["a", "b"]);
    expect(cataloguedPollsters(release("28.0.0"), "own", own)).toEqual(["b"]);
    expect(cataloguedPollsters(release("28.0.0"), "central", [{ name: "c", namespace: "central" }])).toBeUndefined();
  });
});

describe("which pollsters are new", () => {
  it("depends on the polling file as much as on the release", () => {
    const before = { names: names("2025.1", "compute"), file: polling(["cpu"], ["memory.*"]) };
    const next = names("2025.2", "compute");
    expect(pollsterChange(before, { names: next, file: before.file })).toEqual({
      added: ["memory.available"],
      kept: ["cpu", "memory.resident", "memory.swap.in", "memory.swap.out", "memory.usage"],
      removed: [],
    });
    expect(pollsterChange(before, { names: next, file: polling(["memory"]) })).toEqual({
      added: ["memory"],
      kept: [],
      removed: ["cpu", "memory.resident", "memory.swap.in", "memory.swap.out", "memory.usage"],
    });
  });

  it("is none where the file names only what both have", () => {
    const file = polling(["cpu"]);
    const change = pollsterChange({ names: ["cpu"], file }, { names: ["cpu", "vcpus"], file });
    expect(change).toEqual({ added: [], kept: ["cpu"], removed: [] });
  });

  it("divides what either side polls into three parts", () => {
    const some = fc.subarray([...names("2025.2", "compute")]);
    const list = fc.constantFrom(["*"], ["cpu"], ["!cpu"], ["*", "!disk.*"], ["memory*", "?cpus"], ["!*"]);
    const side = fc.record({ names: some, file: fc.array(list, { maxLength: 3 }).map((each) => polling(...each)) });
    fc.assert(
      fc.property(side, side, (before, after) => {
        const { added, kept, removed } = pollsterChange(before, after);
        const old = effectivePollsters(before.names, before.file);
        const next = effectivePollsters(after.names, after.file);
        expect([...added, ...kept].toSorted()).toEqual([...next].toSorted());
        expect([...removed, ...kept].toSorted()).toEqual([...old].toSorted());
        expect(new Set([...added, ...kept, ...removed]).size).toBe(added.length + kept.length + removed.length);
      }),
    );
  });

  it("follows a text in place of a list letter by letter, as Ceilometer does", () => {
    const read = parsePolling("sources: [{name: a, interval: 1, meters: cpu}]");
    if (read.kind === "broken") throw new Error("broken");
    expect([...effectivePollsters(["cpu", "c"], read.file)]).toEqual(["c"]);
  });
});
