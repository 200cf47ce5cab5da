import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type Catalogue, catalogueSchema, type ReleaseName } from "../../src/model/catalogue/schema.ts";
import { catalogueText, differences, merged, type Snapshot } from "./merge.ts";
import { entryPoints, releaseOfVersion } from "./package.ts";

const CATALOGUE: Catalogue = {
  newest: "newton",
  namespaces: {
    central: [
      { name: "energy", since: "liberty", removed: "newton" },
      { name: "image", since: "mitaka" },
    ],
  },
};
const snapshot = (release: ReleaseName, central: readonly string[], ipmi: readonly string[] = []): Snapshot => ({
  release,
  namespaces: new Map([
    ["central", central.map((name) => ({ name }))],
    ["ipmi", ipmi.map((name) => ({ name }))],
  ]),
});

describe("what packages have goes into the catalogue", () => {
  it("for the releases that were read, and no others", () => {
    expect(merged(CATALOGUE, [snapshot("mitaka", ["port", "image"], ["fan"])])).toEqual({
      newest: "newton",
      namespaces: {
        central: [
          { name: "energy", since: "liberty", removed: "mitaka" },
          { name: "image", since: "mitaka" },
          { name: "port", since: "mitaka", removed: "newton" },
        ],
        ipmi: [{ name: "fan", since: "mitaka", removed: "newton" }],
      },
    });
  });

  it("with a release at the end, where names may come back", () => {
    const { newest, namespaces } = merged(CATALOGUE, [
      snapshot("pike", ["energy"]),
      snapshot("ocata", ["image", "energy"]),
    ]);
    expect(newest).toBe("pike");
    expect(namespaces["central"]).toEqual([
      { name: "energy", since: "liberty", removed: "newton" },
      { name: "energy", since: "ocata" },
      { name: "image", since: "mitaka", removed: "pike" },
    ]);
  });

  it("but not with a gap", () => {
    expect(() => merged(CATALOGUE, [snapshot("pike", [])])).toThrow("ends with newton: name a package of ocata too");
  });

  it("without a change where they agree, whatever the order", () => {
    const read = [snapshot("newton", ["image"]), snapshot("liberty", ["energy"])];
    expect(merged(CATALOGUE, read)).toEqual({ ...CATALOGUE, namespaces: { ...CATALOGUE.namespaces, ipmi: [] } });
    expect(differences(CATALOGUE, read)).toEqual([]);
  });
});

describe("a difference", () => {
  it("is said by release, namespace and name", () => {
    expect(differences(CATALOGUE, [snapshot("newton", ["port"], ["fan"]), snapshot("ocata", [])])).toEqual([
      "newton central: + port (the package has it)",
      "newton central: - image (the package has it not)",
      "newton ipmi: + fan (the package has it)",
      "ocata: the catalogue ends before it",
    ]);
  });
});

describe("the file", () => {
  it("is what would be written again", async () => {
    const text = await readFile(new URL("../../src/model/catalogue/pollsters.json", import.meta.url), "utf8");
    expect(catalogueText(catalogueSchema.parse(JSON.parse(text)))).toBe(text);
  });
});

describe("a package", () => {
  it("names its entry points by group", () => {
    const text = "# comment\n[ceilometer.poll.ipmi]\nfan = a.b:C\n\n[other]\n x.y=d:E [extra]\n; comment = no\n";
    expect([...entryPoints(text)]).toEqual([
      ["ceilometer.poll.ipmi", ["fan"]],
      ["other", ["x.y"]],
    ]);
  });

  it("belongs to a release by its first number", () => {
    expect(releaseOfVersion("24.0.2")).toBe("2025.1");
    expect(() => releaseOfVersion("99.0.0")).toThrow("add the release");
    expect(() => releaseOfVersion("2025.1")).toThrow("no version of a known release");
  });
});
