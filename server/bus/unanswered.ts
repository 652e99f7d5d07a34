/**
 * Limits the bytes that were sent and not answered. While a server is silent and its connection does not count as lost yet,
 * everything that is sent piles up in this process.
 */
export class Unanswered {
  readonly #most: number;
  #underWay = 0;
  /** Bytes of requests that timed out since the last answer: they may still be in a buffer. */
  #givenUp = 0;
  constructor(most: number) {
    this.#most = most;
  }

  /** True if more may be sent. Above the limit one request at a time is allowed: its answer would end the silence. */
  open(): boolean {
    return this.#underWay === 0 || this.#underWay + this.#givenUp < this.#most;
  }

  /** Counts `bytes` until `answer` settles. Resolves and rejects as `answer` does. */
  async during<T>(bytes: number, answer: Promise<T>): Promise<T> {
    this.#underWay += bytes;
    try {
      const found = await answer;
      this.#givenUp = 0;
      return found;
    } catch (error) {
      this.#givenUp += bytes;
      throw error;
    } finally {
      this.#underWay -= bytes;
    }
  }
}
