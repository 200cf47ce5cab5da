import { expect, test } from "vitest";
import { createLog, redactText } from "./log.ts";
import { lineForPeople } from "./log-lines.ts";

test("a password in a URL never reaches a line of the log", () => {
  const line = '{"msg":"cannot reach redis://user:hunter2@broker:6379/0 nor mysql+pymysql://u:p@ss@db"}';
  const shown = redactText(line);
  expect(shown).not.toContain("hunter2");
  expect(shown).toContain("redis://[redacted]@broker:6379/0");
  expect(shown).toContain("mysql+pymysql://[redacted]@db");
});

test("a URL without credentials, and an image, stay as they are", () => {
  const line = "http://broker:15672/api/queues and quay.io/example/ceilometer:2025.2@sha256:00";
  expect(redactText(line)).toBe(line);
});

function written(pretty: boolean): string {
  let text = "";
  const destination = { write: (line: string) => void (text += line) };
  const log = createLog({ level: "info", pretty, version: "1", destination });
  log.debug({}, "not told");
  log.warn({ why: "redis://user:hunter2@broker", err: new Error("no\u001B[2J answer"), token: "x" }, "will try again");
  return text;
}

test("lines are JSON, or for people; neither has a password in it", () => {
  expect(JSON.parse(written(false))).toMatchObject({ level: "warn", msg: "will try again", version: "1" });
  const [head, error] = written(true).split("\n");
  expect(head).toMatch(/^\S+Z WARN {2}will try again why="redis:\/\/\[redacted\]@broker" token="\[redacted\]"$/);
  expect(error).toBe("    Error: no\uFFFD[2J answer");
  for (const pretty of [true, false]) expect(written(pretty)).not.toContain("hunter2");
});

test.each([
  ["no JSON\n", "no JSON\n"],
  ["1\n", "1\n"],
  ["{}", "       \n"],
  ['{"level":"info","time":"t","msg":"m","err":"e","a":{"b":1}}', 't INFO  m a={"b":1} err="e"\n'],
  ['{"level":"error","err":{"message":"m","type":"T","failure":1}}', " ERROR \n    m failure=1\n"],
])("%j is told as %j", (line, wanted) => {
  expect(lineForPeople(line)).toBe(wanted);
});
