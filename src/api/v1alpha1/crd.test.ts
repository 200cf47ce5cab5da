import { describe, expect, test } from "vitest";
import { CRD_NAME, customResourceDefinition, PRINTER_COLUMNS, resourceSchema } from "./crd.ts";
import type { StructuralSchema } from "./structural.ts";

function* fields(schema: StructuralSchema, path: string): Generator<readonly [string, StructuralSchema]> {
  yield [path, schema];
  for (const [key, field] of Object.entries(schema.properties ?? {})) yield* fields(field, `${path}.${key}`);
  if (schema.items) yield* fields(schema.items, `${path}[]`);
}

const byPath = new Map(fields(resourceSchema(), ""));

describe("the definition", () => {
  test("is named after the plural and the group, as the API server demands", () => {
    const { metadata, spec } = customResourceDefinition();
    expect(metadata.name).toBe(`${spec.names.plural}.${spec.group}`);
    expect(metadata.name).toBe(CRD_NAME);
  });

  test("survives the removal of the chart", () => {
    expect(customResourceDefinition().metadata.annotations["helm.sh/resource-policy"]).toBe("keep");
  });

  test("has a status subresource, so that a status write cannot change the spec", () => {
    expect(customResourceDefinition().spec.versions[0].subresources.status).toEqual({});
  });

  test.each(PRINTER_COLUMNS.filter((column) => column.jsonPath.match(/^\.(spec|status)\.[a-z.]+$/)))(
    "column $name shows a field that exists",
    ({ jsonPath }) => {
      expect(byPath.has(jsonPath)).toBe(true);
    },
  );
});

describe("what a resource may not say", () => {
  // A polling namespace is Ceilometer's word for a set of pollsters, no namespace of Kubernetes.
  const forbidden =
    /(?<!polling)namespace|url|serviceAccount|podTemplate|podSpec|command|args|env|volumes|securityContext|regex/i;

  test("no field of the spec could carry another namespace, an address, an identity or code", () => {
    const names = [...byPath.keys()]
      .filter((path) => path.startsWith(".spec."))
      .map((path) => path.split(".").at(-1) ?? "");
    expect(names.filter((name) => forbidden.test(name))).toEqual([]);
  });
});

test("every field of the spec is described, for kubectl explain and the reference page", () => {
  const silent = [...byPath].filter(([path, { description }]) => path.startsWith(".spec") && description === undefined);
  expect(silent.map(([path]) => path)).toEqual([]);
});
