/**
 * What a reading gave for a text, so that the same text is read once, by whomever it is asked for and however often. Only for
 * readings that give the same for the same text, and whose results nobody changes: then nobody can tell that it is remembered.
 */
export class Remembered<T> {
  /** From that which was asked for longest ago. */
  readonly #known = new Map<string, { readonly is: T }>();
  readonly #most: number;
  #size = 0;

  /** @param most in characters of all texts together, beyond which those that were asked for longest ago are forgotten. */
  constructor(most: number) {
    this.#most = most;
  }

  has(text: string): boolean {
    return this.#known.has(text);
  }

  /** @throws what `read` throws, of which nothing is remembered. */
  of(text: string, read: (text: string) => T): T {
    const known = this.#known.get(text);
    if (known !== undefined) {
      this.#known.delete(text);
      this.#known.set(text, known);
      return known.is;
    }
    const made = read(text);
    this.#known.set(text, { is: made });
    this.#size += text.length;
    for (const [oldest] of this.#known) {
      if (this.#size <= this.#most || oldest === text) break;
      this.#known.delete(oldest);
      this.#size -= oldest.length;
    }
    return made;
  }
}
