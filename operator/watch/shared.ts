interface Known {
  readonly value: unknown;
  /** Number that stands for the value in the text of a larger one. */
  readonly id: number;
}

/** Parts remembered per generation. Parts that never repeat, such as names, are forgotten after as many others. */
const REMEMBERED = 5_000;

/**
 * Keeps one copy of parts that are equal in many objects: nearly all of a spec with its defaults, and most of a pod
 * template, is the same in thousands of ChatClusters. Shared parts must never be changed, which holds for all cached
 * objects anyway.
 */
export class Shared {
  #recent = new Map<string, Known>();
  #before = new Map<string, Known>();
  #ids = 0;

  /** Shares the parts of a value. @returns an equal value made of remembered parts where there are any */
  of<T>(value: T): T {
    return this.#known(value).value as T;
  }

  #known(value: unknown): { readonly value: unknown; readonly name: string } {
    if (typeof value === 'string') {
      const known = this.#find(`"${value}`, () => value);
      // A long text is replaced by its number.
      return { value: known.value, name: value.length > 40 ? `#${known.id}` : JSON.stringify(value) };
    }
    if (typeof value !== 'object' || value === null) return { value, name: String(value) };
    if (Array.isArray(value)) {
      const parts = value.map(part => this.#known(part));
      return this.#part(`[${parts.map(({ name }) => name).join()}]`, () => parts.map(part => part.value));
    }
    const fields = Object.entries(value).map(([key, part]) => ({ key, ...this.#known(part) }));
    const text = fields.map(({ key, name }) => `${JSON.stringify(key)}:${name}`).join();
    return this.#part(`{${text}}`, () => Object.fromEntries(fields.map(({ key, value: part }) => [key, part])));
  }

  #part(text: string, make: () => unknown): { readonly value: unknown; readonly name: string } {
    const { value, id } = this.#find(text, make);
    return { value, name: `#${id}` };
  }

  #find(text: string, make: () => unknown): Known {
    let known = this.#recent.get(text);
    if (known) return known;
    known = this.#before.get(text) ?? { value: make(), id: ++this.#ids };
    if (this.#recent.size >= REMEMBERED) {
      this.#before = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(text, known);
    return known;
  }
}
