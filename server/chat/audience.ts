import type { KindRules, KindSizes } from '../contract/room-kinds.ts';
import { MOST_OTHERS, type Pairs } from '../membership/pairs.ts';
import type { RoomStates } from '../membership/room-states.ts';

export interface AudienceOptions {
  readonly kindOf: (room: string) => KindRules | undefined;
  readonly rooms: Pick<RoomStates, 'current'>;
  readonly pairs: Pick<Pairs, 'of'>;
  /**
   * Users of the connections in a room on all gateways, perhaps more than once; null if there are more than `most` connections. Never
   * rejects: gateways that do not answer are missing.
   */
  readonly present: (room: string, most: number) => Promise<readonly string[] | null>;
}

/** Users who are to see what a user does in a room, in features that kinds bound by `sizes`. */
export class Audience {
  readonly #options: AudienceOptions;
  constructor(options: AudienceOptions) {
    this.#options = options;
  }

  /**
   * Users of a room who must not see what a user does there: those whom the user blocks, and those who block the user.
   * @returns null if the room is too large for the feature
   * @throws {ReadFailed} {@link StoreUnavailable} if the members or the blocks are not in memory and cannot be read
   */
  async hidden(room: string, user: string, feature: keyof KindSizes): Promise<readonly string[] | null> {
    const users = await this.users(room, feature);
    if (users === null) return null;
    const others = [...new Set(users)].filter(other => other !== user);
    const hidden: string[] = [];
    for (let start = 0; start < others.length; start += MOST_OTHERS) {
      const relations = await this.#options.pairs.of(user, others.slice(start, start + MOST_OTHERS));
      for (const [other, { blocks, blocked }] of relations) if (blocks || blocked) hidden.push(other);
    }
    return hidden;
  }

  /**
   * Members of a room where these alone read, else users of its connections, perhaps more than once.
   * @returns null if the room is too large for the feature
   * @throws as {@link hidden} does
   */
  async users(room: string, feature: keyof KindSizes): Promise<readonly string[] | null> {
    const { kindOf, rooms, present } = this.#options;
    const most = kindOf(room)?.sizes[feature] ?? 0;
    if (most === 0) return null;
    if (kindOf(room)?.access !== 'Members') return await present(room, most);
    const { count, full, members } = await rooms.current(room);
    if (count > most) return null;
    if (!full) return await present(room, most);
    return [...members].filter(([, { state }]) => state === 'member').map(([user]) => user);
  }
}
