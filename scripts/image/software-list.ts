/** The image's software bill of materials (CycloneDX): that of the bundle, with Node and Debian's packages added to it. */
import { z } from "zod";
import type { Architecture, Parts } from "./lock.ts";

const bundled = z.looseObject({
  bomFormat: z.literal("CycloneDX"),
  components: z.array(z.looseObject({ name: z.string() })),
});

export function softwareList(
  ofBundle: string,
  suite: string,
  architecture: Architecture,
  { debian, node }: Parts,
): string {
  const list = bundled.parse(JSON.parse(ofBundle));
  const system = [
    {
      type: "platform",
      "bom-ref": `node@${node.version}`,
      name: "node",
      version: node.version,
      licenses: [{ license: { id: "MIT" } }],
      purl: `pkg:generic/node@${node.version}`,
      cpe: `cpe:2.3:a:nodejs:node.js:${node.version}:*:*:*:*:*:*:*`,
    },
    ...debian.map(({ name, version, sha256 }) => ({
      type: "library",
      "bom-ref": `deb:${name}@${version}`,
      name,
      version,
      hashes: [{ alg: "SHA-256", content: sha256 }],
      purl: `pkg:deb/debian/${name.replaceAll("+", "%2B")}@${encodeURIComponent(version)}?arch=${architecture}&distro=${suite}`,
    })),
  ];
  return `${JSON.stringify({ ...list, components: [...list.components, ...system] }, undefined, 2)}\n`;
}
