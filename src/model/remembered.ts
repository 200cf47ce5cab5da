/**
 * What a reading gave for a text, so that the same text is read once, by whomever it is asked for and however often. Only for
 * readings that give the same for the same text, and whose results nobody changes: then nobody can tell that it is remembered.
 */
export class Remembered<T> {
  /** From that which was asked for longest ago. */
  readonly #known = new Map<string, { readonly is: T }>();
  readonly #most: number;

  /** @param most texts, beyond which those that were asked for longest ago are forgotten: readers bound what each is worth. */
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
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#most && oldest !== undefined) this.#known.delete(oldest);
    return made;
  }
}

/** Texts of one kind: more than one resource can name, because a look asks for all of them in the same order each time. */
export const MOST_TEXTS = 96;
