const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);
const COMMA = 0x2c;
/** Depth between the objects of `items`: inside `{`, then `[`. */
const AMONG_ITEMS = 2;

/** Metadata of a list. */
export interface ListMeta {
  readonly resourceVersion: string;
  /** Token for the next page; missing or empty on the last one. */
  readonly continue?: string;
}

/**
 * Splits the text of a list (`{"metadata": ..., "items": [...]}`, in any order) while it arrives, so that only one object
 * is in memory as text: thousands parsed at once would take hundreds of megabytes.
 */
class ListText {
  readonly #each: (text: string) => void;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #inItems = false;
  /** Text of the list without the objects. */
  #rest = '';
  /** Pieces of the object that is not complete yet. */
  #item: string[] = [];

  constructor(each: (text: string) => void) {
    this.#each = each;
  }

  get rest(): string {
    return this.#rest;
  }

  take(text: string): void {
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#inString) this.#goOn(code);
      else if (code === QUOTE) this.#inString = true;
      else if (this.#isBoundary(code)) {
        this.#keep(text.slice(from, at));
        from = this.#cross(code, text.charAt(at)) ? at + 1 : at;
      }
    }
    this.#keep(text.slice(from));
  }

  #goOn(code: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (code === BACKSLASH) this.#escaped = true;
    else if (code === QUOTE) this.#inString = false;
  }

  /** True if the text before and after this character may belong to different parts. Updates the depth. */
  #isBoundary(code: number): boolean {
    const limit = this.#inItems ? AMONG_ITEMS : 1;
    if (OPEN.has(code)) return this.#depth++ <= limit;
    if (CLOSE.has(code)) return --this.#depth <= limit;
    return code === COMMA && this.#inItems && this.#depth === AMONG_ITEMS;
  }

  /** Moves to the next part at a boundary. @returns true if the character itself is used up */
  #cross(code: number, character: string): boolean {
    if (!this.#inItems) {
      this.#rest += character;
      this.#inItems = this.#depth === AMONG_ITEMS && /"items"\s*:\s*\[$/.test(this.#rest);
      return true;
    }
    if (code === COMMA) return true;
    if (this.#depth < AMONG_ITEMS) {
      this.#inItems = false;
      this.#rest += character;
      return true;
    }
    if (OPEN.has(code)) return false;
    this.#each(this.#item.join('') + character);
    this.#item = [];
    return true;
  }

  /** Appends text to the part it belongs to. Spaces before an object stay with it. */
  #keep(text: string): void {
    if (!this.#inItems) this.#rest += text;
    else if (this.#depth > AMONG_ITEMS || this.#item.length > 0) this.#item.push(text);
  }
}

/**
 * Reads a list from the API server.
 * @param each called for every object as it arrives
 * @param onBytes called for every chunk that arrives
 * @throws {SyntaxError} when the text is not a list, or ends too early
 */
export async function readList<T>(
  stream: ReadableStream<Uint8Array>,
  each: (item: T) => void,
  onBytes: () => void,
): Promise<ListMeta> {
  const decoder = new TextDecoder();
  const list = new ListText(text => each(JSON.parse(text) as T));
  for await (const chunk of stream) {
    onBytes();
    list.take(decoder.decode(chunk, { stream: true }));
  }
  return (JSON.parse(list.rest) as { metadata: ListMeta }).metadata;
}
