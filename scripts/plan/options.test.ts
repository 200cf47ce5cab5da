import { expect, test } from "vitest";
import { HELP, readOptions } from "./options.ts";

test("takes what it is told, and the defaults for the rest", () => {
  expect(readOptions(["-f", "upgrade.yaml"])).toEqual({
    file: "upgrade.yaml",
    manifests: undefined,
    kubeconfig: undefined,
    namespace: undefined,
    output: "text",
    secrets: [],
    imagesAllowed: [],
    providers: [],
    podLogs: false,
  });
  const all = [
    "-f",
    "a.yaml",
    "--manifests",
    ".",
    "-n",
    "openstack",
    "-o",
    "json",
    "--secret",
    "one",
    "--secret",
    "two",
  ];
  expect(readOptions([...all, "--image-allowed", "quay.io/", "--provider", "thanos", "--pod-logs"])).toMatchObject({
    manifests: ".",
    namespace: "openstack",
    output: "json",
    secrets: ["one", "two"],
    imagesAllowed: ["quay.io/"],
    providers: ["thanos"],
    podLogs: true,
  });
});

test.each([
  { args: [], says: "-f FILE is missing" },
  { args: ["-f", "a.yaml", "-o", "xml"], says: "-o xml: possible are text, json, timeline" },
  { args: ["-f", "a.yaml", "--manifests", ".", "--kubeconfig", "b"], says: "exclude each other" },
  { args: ["-f", "a.yaml", "--apply"], says: "--apply" },
])("says what is wrong with $args", ({ args, says }) => {
  expect(() => readOptions(args)).toThrow(says);
});

test("explains every flag", () => {
  expect(readOptions(["--help"])).toBe("help");
  for (const flag of ["--file", "--manifests", "--kubeconfig", "--namespace", "--output", "--secret", "--pod-logs"]) {
    expect(HELP).toContain(flag);
  }
});
