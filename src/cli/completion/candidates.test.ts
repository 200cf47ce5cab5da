import { expect, test } from "vitest";
import { createProgram } from "../program.ts";
import { candidates } from "./candidates.ts";

const stream = { write: () => undefined };
const signal = new AbortController().signal;
const program = createProgram(
  { out: stream, err: stream, answers: undefined, env: {}, now: () => 0, signal, home: ".", node: "node" },
  () => undefined,
);
const values = (...words: readonly string[]) => candidates(program, words).values.map(({ value }) => value);

test("commands come first, without those that only shells call", () => {
  expect(values("")).toContain("status");
  expect(values("")).not.toContain("complete");
  expect(values("ab")).toEqual(["abort"]);
  expect(values("-n", "openstack", "hi")).toEqual(["history"]);
});

test("options of the command and of all commands, each once", () => {
  expect(values("abort", "--ro")).toEqual(["--rollback"]);
  expect(values("abort", "--na")).toEqual(["--namespace"]);
  expect(values("abort", "--rollback", "--ro")).toEqual([]);
  expect(values("abort", "-n", "openstack", "--na")).toEqual([]);
  expect(values("--", "--ro")).toEqual([]);
});

test("values that are known beforehand, in whichever way the option is written", () => {
  expect(values("why", "-o", "")).toEqual(["json", "yaml"]);
  expect(values("why", "--output=y")).toEqual(["yaml"]);
  expect(values("why", "--output", "=", "y")).toEqual(["yaml"]);
  expect(values("why", "--output", "=")).toEqual(["json", "yaml"]);
  expect(values("completion", "f")).toEqual(["fish"]);
  expect(values("accept-risk", "Def")).toEqual(["DefinitionRemoved", "DefinitionAltered", "DefinitionUnknown"]);
});

test("what only the cluster knows is asked of the place that the words name", () => {
  expect(candidates(program, ["status", ""])).toMatchObject({ live: "upgrade", namespace: undefined });
  expect(candidates(program, ["status", "--kubeconfig", "k", "-n", "there", "--context=c", ""])).toMatchObject({
    live: "upgrade",
    namespace: "there",
    kubeconfig: "k",
    context: "c",
  });
  expect(candidates(program, ["status", "one", ""]).live).toBeUndefined();
  expect(candidates(program, ["status", "-n", "op"])).toMatchObject({ live: "namespace", prefix: "op" });
  expect(candidates(program, ["report", "--operator-namespace", "op"])).toMatchObject({ live: "namespace" });
  expect(candidates(program, ["skip", "q"])).toMatchObject({ live: "gate", prefix: "q" });
  expect(candidates(program, ["accept-risk", "DefinitionRemoved", "a", ""]).live).toBe("upgrade");
});

test("files only where a file is meant", () => {
  expect(candidates(program, ["plan", "-f", ""]).files).toBe(true);
  expect(candidates(program, ["plan", "--kubeconfig="]).files).toBe(true);
  expect(candidates(program, ["plan", ""]).files).toBe(false);
});
