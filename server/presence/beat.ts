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
    return [...this.#heard].filter(([, at]) => now - at <= this.#freshMs).map(([gateway]) => gateway);
  }

  /** Forgets the gateways without a fresh heartbeat. @returns their names */
  sweep(now: number): string[] {
    const stale = [...this.#heard].filter(([, at]) => now - at > this.#freshMs).map(([gateway]) => gateway);
    for (const gateway of stale) this.#heard.delete(gateway);
    return stale;
  }
}
