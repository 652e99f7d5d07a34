interface Sighting {
  readonly state: string;
  readonly since: number;
  look: number;
}

/**
 * Times since when things have been as they are, by the clock of this process: it starts to count when it first sees a
 * state. A time of day that another machine wrote down is not used, because the clocks of two machines differ, by an hour
 * where one is set wrong. A restarted process starts to count anew.
 */
export class FirstSeen {
  readonly #things = new Map<string, Sighting>();
  #look = 0;

  /** Begins another round. Things that the last round did not ask for are forgotten. */
  begin(): void {
    for (const [thing, { look }] of this.#things) if (look < this.#look) this.#things.delete(thing);
    this.#look += 1;
  }

  /**
   * Time since when `thing` has been in `state`: the first of the rounds in a row that found it so.
   * @param now milliseconds that never run backwards
   */
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
