import { createHash } from 'node:crypto';
import { type ControlEntry, controlBody } from '../../fold/control.ts';
import { foldEntries } from '../../fold/control-fold.ts';
import { isDirect } from '../../fold/direct.ts';
import { NO_PAIR, type Pair, pairUsers, readPair, relationOf } from '../../fold/pair.ts';
import { NO_ROOM, type RoomState } from '../../fold/room-state.ts';
import { readRoomState } from '../../fold/room-state-json.ts';
import { directRoom } from '../../membership/direct-room.ts';
import type { PolicyStore } from '../../membership/policy-store.ts';
import { uuidOf } from '../../membership/snapshot.ts';
import { controlKey } from '../../room/control-key.ts';
import { type Envelope, NO_TARGETS, PAIR } from '../../room/message.ts';
import type { WallTime } from '../../time/clock.ts';

export interface DirectBlocksParts {
  readonly policy: Pick<PolicyStore, 'snapshot'>;
  readonly log: {
    controls(room: string, after: number): Promise<readonly ControlEntry[]>;
    publish(room: string, body: Uint8Array, envelope: Envelope): Promise<void>;
  };
  readonly wallClock: () => WallTime;
}

/** Entries that one comparison publishes at most: two users, and others who publish at the same time. */
const MOST_ROUNDS = 8;

/**
 * Part of the fold `state` that makes the room of two users as their blocks want it, where the gateway of a block did not. It compares
 * after each block and unblock, and after each act in the room: so of two that come at the same time, the later one finds both.
 */
export class DirectBlocks {
  readonly #parts: DirectBlocksParts;

  constructor(parts: DirectBlocksParts) {
    this.#parts = parts;
  }

  /**
   * Compares the room of two users with their blocks, and publishes what it lacks. Does nothing while POLICY may lack blocks. Rejects if
   * NATS does not answer.
   */
  async settle(one: string, other: string): Promise<void> {
    const { policy, log } = this.#parts;
    const users = pairUsers(one, other);
    const room = directRoom(one, other);
    for (let round = 1; round <= MOST_ROUNDS; round++) {
      const { entries, complete } = await policy.snapshot([{ pair: users }, { room }]);
      const [pair, stored] = entries;
      if (!complete) return;
      const known = readRoomState(stored?.value) ?? NO_ROOM;
      const state = foldEntries(known, await log.controls(room, known.at));
      const missing = missingIn(state, readPair(pair?.value) ?? NO_PAIR, users);
      if (!missing) return;
      await this.#publish(room, state, missing);
    }
  }

  async #publish(room: string, state: RoomState, { by, act }: Missing): Promise<void> {
    const { log, wallClock } = this.#parts;
    const cv = state.cv + 1;
    const time = wallClock();
    const dedupe = controlKey(room, cv);
    const id = uuidOf(
      createHash('sha256')
        .update(JSON.stringify([dedupe, by, act]))
        .digest(),
    );
    const body = Buffer.from(JSON.stringify(controlBody({ id, cv, by, time, control: { act } }, PAIR)));
    const none = { client: '', traceparent: '', targets: NO_TARGETS, seen: 0 } as const;
    await log.publish(room, body, { type: PAIR, id, dedupe, time, user: by, cv, ...none });
  }
}

/** Act that a room lacks. */
interface Missing {
  readonly by: string;
  readonly act: 'block' | 'unblock';
}

/** First act that a room lacks to have the blocks of a pair; null for none, and if the two have no room. Pure. */
function missingIn(state: RoomState, pair: Pair, users: readonly [string, string]): Missing | null {
  if (!isDirect(state) || state.deleted) return null;
  const [one, other] = users;
  const wanted = [
    { by: one, blocks: relationOf(pair, one, other).blocks },
    { by: other, blocks: relationOf(pair, other, one).blocks },
  ];
  const missing = wanted.find(({ by, blocks }) => state.blocks.includes(by) !== blocks);
  return missing ? { by: missing.by, act: missing.blocks ? 'block' : 'unblock' } : null;
}
