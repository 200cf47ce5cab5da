import { describe, expect, it } from "vitest";
import { EXAMPLES, HELP, readOptions, UsageError } from "./options.ts";

describe("the demo's flags", () => {
  it("has defaults that show the most", () => {
    expect(readOptions([])).toEqual({ example: EXAMPLES.classic.Full, speed: "real", keep: false, kind: false });
  });

  it("takes each flag", () => {
    expect(readOptions(["--topology", "modern", "--strategy=Partial", "--speed", "fast", "--keep", "--kind"])).toEqual({
      example: EXAMPLES.modern.Partial,
      speed: "fast",
      keep: true,
      kind: true,
    });
  });

  it("prefers to help", () => {
    expect(readOptions(["--help", "--topology", "none"])).toBe("help");
    expect(HELP).toContain("statefulset");
  });

  it.each([
    [["--strategy", "Half"], "--strategy Half: possible are Full, Partial"],
    [["--strategy", "Partial", "--topology", "statefulset"], "of the topology statefulset there is no example of it"],
    [["--topology", "old"], "--topology old: possible are classic, modern, statefulset"],
    [["--speed", "slow"], "--speed slow: possible are real, fast"],
    [["--nothing"], "--nothing"],
  ])("%j is refused with what is possible", (args, text) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(text);
  });
});
