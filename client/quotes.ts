import type { ReplyTo } from '../server/fold/entry.ts';
import type { Message } from './message.ts';

export interface QuotesOptions {
  /** Finds a message among those that are known. */
  readonly find: (replyTo: ReplyTo) => Message | undefined;
  /**
   * Reads messages that are not known, after which {@link find} finds those that the room has.
   * @throws {CallError} if it cannot be done now
   */
  readonly read: (replyTos: readonly ReplyTo[]) => Promise<void>;
  /** Called when a message that was asked for is here, or is known to be missing. */
  readonly onChange: () => void;
}

/** Messages that replies name. Those that are not known are read once for each subscription, those of one tick together. */
export class Quotes {
  readonly #options: QuotesOptions;
  /** References that were asked for since the subscription, by their key. */
  #asked = new Map<string, 'waiting' | 'done'>();
  #next: ReplyTo[] = [];
  #online = false;

  constructor(options: QuotesOptions) {
    this.#options = options;
  }

  /** The message as it is now; undefined while it is being read, null if the room has no such message any more. */
  get(replyTo: ReplyTo): Message | null | undefined {
    const found = this.#options.find(replyTo);
    if (found) return found;
    const key = `${replyTo.offset} ${replyTo.id}`;
    const asked = this.#asked.get(key);
    if (asked === 'done') return null;
    if (asked === undefined && this.#online) {
      this.#asked.set(key, 'waiting');
      if (this.#next.push(replyTo) === 1) queueMicrotask(() => void this.#read());
    }
    return undefined;
  }

  /** Takes a change of the subscription. After each new one, what is still not known is read again. */
  setOnline(online: boolean): void {
    this.#online = online;
    this.#asked = new Map();
  }

  async #read(): Promise<void> {
    const { read, onChange } = this.#options;
    const asked = this.#asked;
    const replyTos = this.#next;
    this.#next = [];
    try {
      await read(replyTos);
    } catch {
      return; // asked for again after the next subscribe: the quote is not worth more
    }
    for (const { offset, id } of replyTos) asked.set(`${offset} ${id}`, 'done');
    onChange();
  }
}
