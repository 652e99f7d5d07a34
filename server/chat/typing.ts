import { isInbox } from '../access/names.ts';
import type { Ephemeral } from '../ephemeral/ephemeral.ts';
import { BoundedMap } from '../room/bounded-map.ts';
import type { Clocks, Moment } from '../time/clock.ts';
import type { Audience } from './audience.ts';

export interface TypingOptions {
  readonly ephemeral: Pick<Ephemeral, 'room'>;
  readonly now: Clocks['now'];
  readonly audience: Pick<Audience, 'hidden'>;
  /** True if the event is to be left out, because the gateway is overloaded. */
  readonly drops: () => boolean;
}

/** Time after which clients stop showing that a user types, unless it is repeated. */
const EXPIRES_MS = 6_000;
/** Time between two events of a user who goes on typing in a room. */
const REPEAT_MS = 3_000;
/** Time by which a repeat may come early: a client that repeats every 3 s would otherwise lose each second one to jitter. */
const JITTER_MS = 500;
/** Users in rooms whose last event is remembered: 2 MB. Beyond it the oldest is forgotten, and may be repeated sooner. */
const MOST_REMEMBERED = 10_000;

/** Last event of a user in a room. */
interface Last {
  /** Time of the last event with `on`. */
  readonly at: Moment;
  readonly on: boolean;
}

/** Users who are typing in rooms, as far as this gateway has told others. */
export class Typing {
  readonly #options: TypingOptions;
  readonly #last = new BoundedMap<string, Last>(MOST_REMEMBERED);
  constructor(options: TypingOptions) {
    this.#options = options;
  }

  /**
   * Shows the subscribers of a room that a user is typing, or not any more.
   * @returns false if it is not shown: the room is too large, it was shown less than 3 s ago, there is nothing to end, or the gateway is
   * overloaded
   * @throws as {@link Audience.hidden} does
   */
  async set(room: string, user: string, on: boolean): Promise<boolean> {
    const { ephemeral, now, audience } = this.#options;
    if (isInbox(room)) return false;
    const key = `${user}\n${room}`;
    const before = this.#last.get(key);
    const passed = before ? now() - before.at : Number.POSITIVE_INFINITY;
    if (on ? passed < REPEAT_MS - JITTER_MS : !before?.on || passed >= EXPIRES_MS) return false;
    if (this.#options.drops()) return false;
    const last: Last = { at: on || !before ? now() : before.at, on };
    this.#last.set(key, last);
    const hidden = await audience.hidden(room, user, 'typing');
    if (this.#last.get(key) !== last) return false; // the user has stopped or gone on meanwhile
    if (hidden === null) {
      this.#last.set(key, { ...last, on: false });
      return false;
    }
    ephemeral.room(room, { type: 'typing', user, on }, [user, ...hidden]);
    return true;
  }
}
