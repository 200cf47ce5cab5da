import { describe, expect, it } from "vitest";
import { HELP, readOptions, UsageError } from "./options.ts";

describe("the demo's flags", () => {
  it("has defaults that show the most", () => {
    expect(readOptions([])).toEqual({ topology: "classic", speed: "real", keep: false });
  });

  it("takes each flag", () => {
    expect(readOptions(["--topology", "modern", "--strategy=Full", "--speed", "fast", "--keep"])).toEqual({
      topology: "modern",
      speed: "fast",
      keep: true,
    });
  });

  it("prefers to help", () => {
    expect(readOptions(["--help", "--topology", "none"])).toBe("help");
    expect(HELP).toContain("statefulset");
  });

  it.each([
    [["--strategy", "Partial"], "--strategy Partial: only Full is possible"],
    [["--topology", "old"], "--topology old: possible are classic, modern, statefulset"],
    [["--speed", "slow"], "--speed slow: possible are real, fast"],
    [["--nothing"], "--nothing"],
  ])("%j is refused with what is possible", (args, text) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(text);
  });
});
