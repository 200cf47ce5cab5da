import { describe, expect, test } from "vitest";
import { isKept } from "./root-file-system.ts";

describe("of Debian's packages stays", () => {
  test.each([
    ["the loader of amd64", "usr/lib64/ld-linux-x86-64.so.2"],
    ["the loader of arm64", "usr/lib/ld-linux-aarch64.so.1"],
    ["a library", "usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.33"],
    ["the link that other systems' paths go by", "lib64"],
    ["the name of the release", "etc/os-release"],
    ["a licence", "usr/share/doc/libc6/copyright"],
    ["a link to another package's licence", "usr/share/doc/libgcc-s1"],
  ])("%s", (_, path) => expect(isKept(path)).toBe(true));
});

describe("of Debian's packages goes", () => {
  test.each([
    ["a converter of character sets", "usr/lib/x86_64-linux-gnu/gconv/BIG5.so"],
    ["a program", "usr/bin/ldd"],
    ["a script of the package manager", "etc/update-motd.d/10-uname"],
    ["a change log", "usr/share/doc/libc6/changelog.Debian.gz"],
    ["an auditing library", "usr/lib/x86_64-linux-gnu/audit/sotruss-lib.so"],
  ])("%s", (_, path) => expect(isKept(path)).toBe(false));
});
