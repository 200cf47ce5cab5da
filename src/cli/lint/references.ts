/** Names inside a resource that lead nowhere. Nothing refuses them, and nobody would ever wait for them. */
import type { Spec } from "../../api/v1alpha1/schema.ts";
import type { Component } from "../../model/component.ts";
import type { Broken } from "./schema-rules.ts";

export function strayReferences(spec: Spec): readonly Broken[] {
  const has = (name: Component): boolean => name === "database" || spec.components[name] !== undefined;
  const stray = (name: Component | undefined, path: Broken["path"]): readonly Broken[] =>
    name === undefined || has(name)
      ? []
      : [{ path, message: `the resource has no component ${name}`, remedy: "correct the name, or remove the entry" }];
  const gates = spec.gates?.map(({ name }) => name) ?? [];
  return [
    ...(spec.approvals ?? []).flatMap(({ before }, index) => stray(before, ["spec", "approvals", index, "before"])),
    ...(spec.gates ?? []).flatMap(({ before, after }, index) => [
      ...stray(before, ["spec", "gates", index, "before"]),
      ...stray(after, ["spec", "gates", index, "after"]),
    ]),
    ...(spec.skipGates ?? []).flatMap(({ name }, index): readonly Broken[] =>
      gates.includes(name)
        ? []
        : [
            {
              path: ["spec", "skipGates", index, "name"],
              message: `there is no gate ${name}`,
              remedy: gates.length === 0 ? "remove the entry" : `there are: ${gates.join(", ")}`,
            },
          ],
    ),
  ];
}
