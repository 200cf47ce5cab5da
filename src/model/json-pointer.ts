/** JSON pointers (RFC 6901): the way to one value in a document, `/items/0/messages`. */

export type Pointed =
  | { readonly kind: "found"; readonly value: unknown }
  | { readonly kind: "nothing" }
  | { readonly kind: "malformed" };

/** Without a leading zero, as the RFC has it; `-` is the place after the last element, where nothing is. */
const INDEX = /^(0|[1-9]\d*)$/;
/** `~0` is a tilde and `~1` a slash; any other tilde is a mistake. */
const STRAY_TILDE = /~(?![01])/;

function stepInto(value: unknown, step: string): Pointed {
  if (typeof value !== "object" || value === null) return { kind: "nothing" };
  if (Array.isArray(value)) {
    const index = INDEX.test(step) ? Number(step) : value.length;
    return index < value.length ? { kind: "found", value: value[index] } : { kind: "nothing" };
  }
  // Only what the document itself says: not what every object inherits.
  const entry = Object.entries(value).find(([key]) => key === step);
  return entry === undefined ? { kind: "nothing" } : { kind: "found", value: entry[1] };
}

/** An empty pointer is the whole document. */
export function valueAt(document: unknown, pointer: string): Pointed {
  const [before, ...steps] = pointer.split("/");
  if (before !== "" || STRAY_TILDE.test(pointer)) return { kind: "malformed" };
  let value = document;
  for (const step of steps) {
    const pointed = stepInto(value, step.replaceAll("~1", "/").replaceAll("~0", "~"));
    if (pointed.kind !== "found") return pointed;
    value = pointed.value;
  }
  return { kind: "found", value };
}
