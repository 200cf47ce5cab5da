/** The hosts of the model cluster. They come and go; the operator does not watch them. */
import type { Labels } from "../../src/model/meta.ts";

export class Nodes {
  #names: readonly string[];
  #turn = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  add(name: string): void {
    if (!this.#names.includes(name)) this.#names = [...this.#names, name];
  }

  remove(name: string): void {
    this.#names = this.#names.filter((each) => each !== name);
  }

  matching(selector: Labels | undefined): readonly string[] {
    const wanted = Object.entries(selector ?? {});
    return this.#names.filter((name) => {
      const labels: Labels = {
        "kubernetes.io/hostname": name,
        role: name.startsWith("compute") ? "compute" : "control",
      };
      return wanted.every(([key, value]) => labels[key] === value);
    });
  }

  /** One after the other. */
  pick(selector: Labels | undefined): string | undefined {
    const fit = this.matching(selector);
    this.#turn += 1;
    return fit[this.#turn % Math.max(1, fit.length)];
  }
}
