/**
 * Bytes that were sent and not answered. While a server is silent, before its connection counts as lost, everything sent
 * piles up in this process: above a limit no more is taken on.
 */
export class Unanswered {
  readonly #most: number;
  #underWay = 0;
  /** Given up on since the last answer, but still somewhere on the way. */
  #givenUp = 0;
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether anything more may be sent. While too much is unanswered one at a time may: its answer ends the silence. */
  open(): boolean {
    return this.#underWay === 0 || this.#underWay + this.#givenUp < this.#most;
  }

  /** Accounts for `bytes` until `answer` is there. Resolves and rejects as it does. */
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
