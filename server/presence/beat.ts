/** Gateways that were heard of lately, by their heartbeats. Pure: the clock is an argument. */
export class Gateways {
  readonly #heard = new Map<string, number>();
  readonly #freshMs: number;
  constructor(freshMs: number) {
    this.#freshMs = freshMs;
  }

  hear(gateway: string, now: number): void {
    this.#heard.set(gateway, now);
  }

  forget(gateway: string): void {
    this.#heard.delete(gateway);
  }

  /** Names of the gateways with a fresh heartbeat. */
  alive(now: number): string[] {
    for (const [gateway, at] of this.#heard) if (now - at > this.#freshMs) this.#heard.delete(gateway);
    return [...this.#heard.keys()];
  }
}
