import type { Moment } from '../time/clock.ts';

interface Key {
  readonly secret: string;
  readonly bytes: Uint8Array;
}
interface Replaced extends Key {
  readonly at: Moment;
}

/** Settings of secrets that were replaced. Both are read at each use, as they may change. */
export interface OldSecrets {
  /** Time for which a secret counts after it was replaced, in ms. */
  readonly graceMs: () => number;
  /** Another secret that counts while it is set; empty for none. */
  readonly previous: () => string;
}

const keyOf = (secret: string): Key => ({ secret, bytes: new TextEncoder().encode(secret) });

/** The secret that signs tokens, and replaced ones that still count: not all signers change at the same moment. */
export class SigningSecrets {
  readonly #old: OldSecrets;
  #current: Key;
  #previous: Key;
  #replaced: readonly Replaced[] = [];

  /** @param secret at least 32 characters */
  constructor(secret: string, old: OldSecrets) {
    this.#current = keyOf(secret);
    this.#previous = keyOf(old.previous());
    this.#old = old;
  }

  /** Replaces the current secret. */
  replace(secret: string, now: Moment): void {
    this.#replaced = [{ ...this.#current, at: now }, ...this.#alive(now)];
    this.#current = keyOf(secret);
  }

  /** Keys that a token may be signed with, the current one first. */
  keys(now: Moment): readonly Uint8Array[] {
    const previous = this.#old.previous();
    if (previous !== this.#previous.secret) this.#previous = keyOf(previous);
    if (this.#replaced.length > 0) this.#replaced = this.#alive(now);
    const old = previous === '' ? this.#replaced : [this.#previous, ...this.#replaced];
    return [this.#current.bytes, ...old.map(({ bytes }) => bytes)];
  }

  #alive(now: Moment): readonly Replaced[] {
    return this.#replaced.filter(({ at }) => now - at < this.#old.graceMs());
  }
}
