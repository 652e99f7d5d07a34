import { headers } from '@nats-io/transport-node';
import type { Delivery } from '../../../server/bus/delivery.ts';
import type { FoldLog, FoldLogState, FoldScan } from '../../../server/bus/fold-log.ts';
import type { Scan } from '../../../server/bus/scan.ts';
import { type Clock, sleep } from '../../../server/time/clock.ts';

/** One partition's LOG in memory, for folds. */
export class MemoryFoldLog implements FoldLog {
  epoch = 'e1';
  first = 1;
  last = 0;
  /** Called before every request; may throw, as a connection does. */
  request: () => void = () => undefined;
  /** Offset that the replica of scans has reached. */
  replica = Number.POSITIVE_INFINITY;
  readonly #clock: Clock;
  #entries: Delivery[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Stores a message. @returns its offset */
  publish(room: string, fields: Readonly<Record<string, string>> = {}, body = '{}'): number {
    const found = headers();
    found.set('Chat-V', '1');
    for (const [name, value] of Object.entries(fields)) found.set(name, value);
    this.last += 1;
    this.#entries.push({
      sequence: this.last,
      storedAt: this.last,
      deliveries: 1,
      consumerSequence: 0,
      subject: `log.${room}`,
      headers: found,
      brokenHeaders: null,
      data: Buffer.from(body),
      ack: () => undefined,
      working: () => undefined,
      release: () => undefined,
    });
    return this.last;
  }

  /** Removes everything below an offset, as a purge does. */
  purge(below: number): void {
    this.#entries = this.#entries.filter(({ sequence }) => sequence >= below);
    this.first = Math.max(this.first, below);
    this.last = Math.max(this.last, below - 1);
  }

  /** Removes one message. */
  remove(offset: number): void {
    this.#entries = this.#entries.filter(({ sequence }) => sequence !== offset);
  }

  /** Loses the last messages, as a server without its disk does. */
  lose(above: number): void {
    this.#entries = this.#entries.filter(({ sequence }) => sequence <= above);
    this.last = above;
  }

  async state(): Promise<FoldLogState> {
    this.request();
    return { epoch: this.epoch, from: 1, first: this.first, last: this.last };
  }

  async has(_: number, after: number, upto: number): Promise<boolean> {
    this.request();
    return this.#entries.some(({ sequence }) => sequence > after && sequence <= upto);
  }

  async scan({ first }: FoldScan, work: (scan: Scan) => Promise<void>): Promise<void> {
    let at = first;
    const waiting = () => this.#entries.filter(({ sequence }) => sequence >= at && sequence <= this.replica);
    await work(async ({ batch, waitMs }) => {
      this.request();
      if (waiting().length === 0 && waitMs > 0) await sleep(this.#clock, waitMs);
      this.request();
      const found = waiting().slice(0, batch);
      at = (found.at(-1)?.sequence ?? at - 1) + 1;
      return found;
    });
  }
}
