/** The environment of a container, by name: of a variable that stands there twice the last one counts. */
import type { Container, EnvVar } from "./pod-template.ts";

const NOTHING: readonly EnvVar[] = [];
/** Asked for many options and words in one look, of what may be ten thousand variables. */
const known = new WeakMap<readonly EnvVar[], ReadonlyMap<string, EnvVar>>();

export function variablesOf({ env = NOTHING }: Pick<Container, "env">): ReadonlyMap<string, EnvVar> {
  const variables = known.get(env) ?? new Map(env.map((each) => [each.name, each]));
  known.set(env, variables);
  return variables;
}
