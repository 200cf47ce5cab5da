import { expect, test } from "vitest";
import { packagesOf } from "./debian-archive.ts";

const digest = "ab".repeat(32);
const paragraph = (name: string): string =>
  `Package: ${name}\nSource: gcc-14\nVersion: 14.2.0-19\nDescription: a library\n with a Version: of its own\nSHA256: ${digest}\n`;

test("each paragraph of apt-cache show is a package", () => {
  expect(packagesOf(`${paragraph("libgcc-s1")}\n${paragraph("libstdc++6")}\n`)).toEqual([
    { name: "libgcc-s1", version: "14.2.0-19", sha256: digest },
    { name: "libstdc++6", version: "14.2.0-19", sha256: digest },
  ]);
});

test("a package without a digest is refused by the name of what it lacks", () => {
  expect(() => packagesOf(paragraph("libc6").replace(/^SHA256.*$/m, ""))).toThrow(/no SHA256/);
});
