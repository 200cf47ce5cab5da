/** The linter and the API server agree: the cases are those that a real API server is asked, too. */
import { expect, test } from "vitest";
import { accepted, edited, refusals, resource } from "../../../test/e2e/admission-cases.ts";
import { fieldText, judgeResource } from "./resource.ts";

test("what the API server accepts is accepted", () => {
  expect(judgeResource(resource(accepted)).broken).toEqual([]);
});

test.each(refusals)("what the API server refuses is refused, at the same field: $name", ({ edits, field }) => {
  const { broken } = judgeResource(edited(edits));
  expect(broken.map(({ path }) => fieldText(path))).toContain(field);
});

test("another version, and what stands beside spec, are named", () => {
  const object = { ...resource(accepted), apiVersion: "ceilometer.openstack.org/v1", specs: {} };
  const { broken } = judgeResource(object);
  expect(broken.map(({ path }) => fieldText(path))).toEqual(["apiVersion", "specs"]);
  expect(broken[0]?.remedy).toBe("set ceilometer.openstack.org/v1alpha1");
});
