/** What the chart's admission policies let pass, by their own expressions; what a real API server makes of them, test/e2e shows. */
import { readFile } from "node:fs/promises";
import { Environment } from "@marcbachmann/cel-js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { FINALIZER, LABEL } from "../../src/api/v1alpha1/names.ts";

const schema = z.object({
  policies: z.object({
    own: z.object({
      variables: z.array(z.object({ name: z.string(), expression: z.string() })),
      validations: z.array(z.object({ message: z.string(), expression: z.string() })),
    }),
  }),
});
const { own } = schema.parse(
  parse(await readFile("charts/ceilometer-upgrade-operator/files/admission.yaml", "utf8")),
).policies;

/** What is said against letting a ConfigMap go that has these labels and finalizers. */
function against(labels: Readonly<Record<string, string>>, finalizers: readonly string[]): readonly string[] {
  const environment = new Environment({ unlistedVariablesAreDyn: true, enableOptionalTypes: true });
  const oldObject = { metadata: { name: "a", labels, finalizers } };
  const object = { metadata: { name: "a", labels, finalizers: finalizers.filter((each) => each !== FINALIZER) } };
  const request = { resource: { resource: "configmaps" } };
  const variables: Record<string, unknown> = {};
  for (const { name, expression } of own.variables)
    variables[name] = environment.evaluate(expression, { object, oldObject, request, variables });
  return own.validations
    .filter(({ expression }) => environment.evaluate(expression, { object, oldObject, request, variables }) !== true)
    .map(({ message }) => message);
}

const OURS = { "app.kubernetes.io/managed-by": "ceilometer-upgrade-operator" };

test.each([
  ["a record", { ...OURS, [LABEL.upgrade]: "u" }, [FINALIZER], []],
  ["a record that somebody has taken a label off", OURS, [FINALIZER], []],
  ["what only has the label", OURS, ["a/b"], ["the operator changes no ConfigMaps but its own"]],
  ["what only has the finalizer", {}, [FINALIZER], ["the operator changes no ConfigMaps but its own"]],
])("%s: what is said against letting it go", (_, labels, finalizers, wanted) => {
  expect(against(labels, finalizers)).toEqual(wanted);
});
