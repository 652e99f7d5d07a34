interface Replaced {
  readonly key: Uint8Array;
  readonly at: number;
}

/** The secret that signs tokens, and those it replaced, which count for a while: not all who sign change at one moment. */
export class SigningSecrets {
  readonly #graceMs: () => number;
  #secret: string;
  #key: Uint8Array;
  #replaced: readonly Replaced[] = [];

  /**
   * @param secret at least 32 characters
   * @param graceMs how long a secret counts after it was replaced; asked at each use
   */
  constructor(secret: string, graceMs: () => number) {
    this.#secret = secret;
    this.#key = new TextEncoder().encode(secret);
    this.#graceMs = graceMs;
  }

  /** The secret that signs now. */
  get secret(): string {
    return this.#secret;
  }

  replace(secret: string, now: number): void {
    this.#replaced = [{ key: this.#key, at: now }, ...this.#alive(now)];
    this.#secret = secret;
    this.#key = new TextEncoder().encode(secret);
  }

  /** Keys that tokens may be signed with, the current one first. */
  keys(now: number): readonly Uint8Array[] {
    if (this.#replaced.length > 0) this.#replaced = this.#alive(now);
    return [this.#key, ...this.#replaced.map(({ key }) => key)];
  }

  #alive(now: number): readonly Replaced[] {
    return this.#replaced.filter(({ at }) => now - at < this.#graceMs());
  }
}
