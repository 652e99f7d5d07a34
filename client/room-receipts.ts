import { Listeners } from './listeners.ts';
import type { Publication } from './transport.ts';
import type { ResultOf } from './verbs.ts';

/** Offsets up to which other users have read a room, as far as the server shows them: in small rooms, and of users who allow it. */
export class RoomReceipts {
  /** Emits when {@link readers} may have changed. */
  readonly changed = new Listeners();
  /** Highest offset that each user has read. */
  readonly #read = new Map<string, number>();
  readonly #who: (target: number) => Promise<ResultOf<'receipt.who'>>;
  /** Highest offset that was looked up. */
  #asked = 0;

  /** @param who calls `receipt.who` of the room. @throws {CallError} */
  constructor(who: (target: number) => Promise<ResultOf<'receipt.who'>>) {
    this.#who = who;
  }

  /** Other users who have read up to an offset, in the order in which this is known. */
  readers(offset: number): readonly string[] {
    return [...this.#read].filter(([, read]) => read >= offset).map(([user]) => user);
  }

  /** Looks up who has read a message, once for each: later readers come as events. Never throws; what fails is not repeated. */
  look(offset: number): void {
    if (offset <= this.#asked) return;
    this.#asked = offset;
    this.#who(offset).then(
      ({ read }) => {
        for (const user of read) this.#raise(user, offset);
      },
      () => undefined, // the room is too large, or the server does not know receipts
    );
  }

  /** Takes a publication of the room. */
  heard({ offset, type, data }: Publication): void {
    const { user, read } = (data ?? {}) as { readonly user?: unknown; readonly read?: unknown };
    if (offset > 0 || type !== 'receipt' || typeof user !== 'string' || !Number.isSafeInteger(read)) return;
    this.#raise(user, Number(read));
  }

  #raise(user: string, read: number): void {
    if (read <= (this.#read.get(user) ?? 0)) return;
    this.#read.set(user, read);
    this.changed.emit();
  }
}
