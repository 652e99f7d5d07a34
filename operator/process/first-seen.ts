interface Sighting {
  readonly state: string;
  readonly since: number;
  look: number;
}

/**
 * Since when things have been as they are, by the clock of this process: from when it first saw them so. A time of day
 * that another machine wrote down says nothing of it, as clocks of two machines differ, by an hour where one of them is set wrong.
 * What a process that ends had seen is lost with it, so that the next one counts such a time once more.
 */
export class FirstSeen {
  readonly #things = new Map<string, Sighting>();
  #look = 0;

  /** Begins another look at everything. What the last look did not ask for is forgotten. */
  begin(): void {
    for (const [thing, { look }] of this.#things) if (look < this.#look) this.#things.delete(thing);
    this.#look += 1;
  }

  /** @param now milliseconds that never run backwards @returns the time of the first look of those in a row that found `thing` in `state` */
  since(thing: string, state: string, now: number): number {
    const entry = this.#things.get(thing);
    if (entry?.state === state) {
      entry.look = this.#look;
      return entry.since;
    }
    this.#things.set(thing, { state, since: now, look: this.#look });
    return now;
  }
}
