import type { Clock } from '../server/time/clock.ts';
import { type CallError, callErrorOf } from './call-error.ts';
import { Members } from './members.ts';
import type { Member, RoomLink } from './transport.ts';

/** Shortest time between two presence commands, in ms: a sender who has left must not cause one for each message. */
const REFRESH_FOR_STRANGERS_MS = 2_000;
/** Code of the server for a room that is too large to be listed. */
const LIMIT_EXCEEDED = 106;

export interface RoomPeopleOptions {
  readonly clock: Clock;
  /** Link of the room while it is subscribed; null otherwise. */
  readonly link: () => RoomLink | null;
  /** Called when people or the error have changed. */
  readonly onChange: () => void;
}

/** Users in one room. */
export class RoomPeople {
  readonly #options: RoomPeopleOptions;
  readonly #members = new Members();
  /** Number of users in a room that is too large to be listed; null for another room. */
  #count: number | null = null;
  #error: CallError | null = null;
  #refreshing = false;
  #refreshedAt = 0;
  #cancelRefresh: (() => void) | null = null;

  constructor(options: RoomPeopleOptions) {
    this.#options = options;
  }

  /** Users with the number of their connections; null while unknown. */
  get users(): ReturnType<Members['users']> {
    return this.#members.users();
  }

  /** Number of users, also in a room that is too large for {@link users}; null while unknown. */
  get count(): number | null {
    return this.users?.length ?? this.#count;
  }

  /** Error of the last presence command; null if it succeeded. */
  get error(): CallError | null {
    return this.#error;
  }

  /** Reads the members from the server, if the room is subscribed and no reading is under way. Never rejects. */
  async refresh(): Promise<void> {
    const link = this.#options.link();
    if (!link || this.#refreshing) return;
    this.#refreshing = true;
    this.#refreshedAt = this.#options.clock.now();
    try {
      await this.#ask(link);
      this.#error = null;
    } catch (thrown) {
      this.#error = callErrorOf(thrown);
    } finally {
      this.#refreshing = false;
    }
    this.#options.onChange();
  }

  joined(member: Member): void {
    this.#members.joined(member);
    this.#options.onChange();
  }

  left(member: Member): void {
    this.#members.left(member);
    this.#options.onChange();
  }

  /** Handles a message: if its sender is not among the known members, a join was lost. */
  heard(sender: Member | null): void {
    if (!sender || !this.#members.lacks(sender) || this.#cancelRefresh) return;
    const { clock } = this.#options;
    const wait = Math.max(0, this.#refreshedAt + REFRESH_FOR_STRANGERS_MS - clock.now());
    this.#cancelRefresh = clock.after(wait, () => {
      this.#cancelRefresh = null;
      void this.refresh();
    });
  }

  /** Ends the timer. */
  close(): void {
    this.#cancelRefresh?.();
  }

  async #ask(link: RoomLink): Promise<void> {
    try {
      this.#members.replace(await link.presence());
      this.#count = null;
    } catch (thrown) {
      if (callErrorOf(thrown).code !== LIMIT_EXCEEDED) throw thrown;
      this.#members.forget();
      this.#count = await link.countUsers();
    }
  }
}
