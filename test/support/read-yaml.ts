/** YAML as PyYAML reads it, or undefined for a text that is none. */
import { parse } from "yaml";

export function readYaml(text: string): unknown {
  try {
    return parse(text, { version: "1.1" });
  } catch {
    return undefined;
  }
}
