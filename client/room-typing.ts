import { type Clock, type Moment, momentAfter } from '../server/time/clock.ts';
import { callErrorOf } from './call-error.ts';
import { Listeners } from './listeners.ts';
import type { Publication } from './transport.ts';
import type { ResultOf } from './verbs.ts';

export interface RoomTypingOptions {
  readonly user: string;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Calls `typing.set` of the room. @throws {CallError} */
  readonly set: (on: boolean) => Promise<ResultOf<'typing.set'>>;
}

/** Time after which a user is not shown as typing any more, unless it is repeated. */
const EXPIRES_MS = 6_000;
/** Time between two reports while this user goes on typing. */
const REPEAT_MS = 3_000;
/** Time without reports after the server did not show one: the room is too large, or the server does not know them. */
const QUIET_MS = 30_000;

/** Users who are typing in a room. */
export class RoomTyping {
  /** Emits when {@link users} has changed. */
  readonly changed = new Listeners();
  readonly #options: RoomTypingOptions;
  /** Ends of what is shown, by user. */
  readonly #ends = new Map<string, () => void>();
  /** Moment from which on typing is reported again. */
  #next: Moment | null = null;
  /** True while the others see that this user types, as far as is known. */
  #isShown = false;
  constructor(options: RoomTypingOptions) {
    this.#options = options;
  }

  /** Other users who are typing, in the order in which they began. */
  get users(): readonly string[] {
    return [...this.#ends.keys()];
  }

  /**
   * Reports that this user is typing, or has stopped. Call it at each change of the text: it calls the server at most every 3 s.
   * Sending a message ends it by itself. Never throws; what fails is not repeated.
   */
  report(on = true): void {
    const now = this.#options.clock.now();
    if (on ? this.#next !== null && now < this.#next : !this.#isShown) return;
    if (on) this.#pauseFor(REPEAT_MS);
    this.#isShown = on;
    this.#options.set(on).then(
      ({ shown }) => on && !shown && this.#stop(),
      error => !callErrorOf(error).temporary && this.#stop(),
    );
  }

  /** Takes note that this user has sent a message. */
  sent(): void {
    this.#isShown = false;
  }

  /** Takes a publication of the room: an event, or an entry of a user, who has stopped typing then. */
  heard({ offset, type, data, sender }: Publication): void {
    if (offset > 0) return sender ? this.#end(sender.user) : undefined;
    const { user, on } = (data ?? {}) as { readonly user?: unknown; readonly on?: unknown };
    if (type !== 'typing' || typeof user !== 'string' || user === this.#options.user) return;
    if (on === true) this.#begin(user);
    else this.#end(user);
  }

  close(): void {
    for (const cancel of this.#ends.values()) cancel();
    this.#ends.clear();
  }

  #begin(user: string): void {
    const cancel = this.#ends.get(user);
    cancel?.();
    this.#ends.set(
      user,
      this.#options.clock.after(EXPIRES_MS, () => this.#end(user)),
    );
    if (!cancel) this.changed.emit();
  }

  #end(user: string): void {
    const cancel = this.#ends.get(user);
    if (!cancel) return;
    cancel();
    this.#ends.delete(user);
    this.changed.emit();
  }

  #stop(): void {
    this.#isShown = false;
    this.#pauseFor(QUIET_MS);
  }

  #pauseFor(ms: number): void {
    this.#next = momentAfter(this.#options.clock.now(), ms);
  }
}
