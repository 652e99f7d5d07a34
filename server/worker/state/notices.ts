import { createHash } from 'node:crypto';
import { inboxOf } from '../../access/names.ts';
import { uuidOf } from '../../membership/snapshot.ts';
import type { Envelope } from '../../room/message.ts';
import type { WallTime } from '../../time/clock.ts';
import type { RefusedWrites } from './refused-writes.ts';

export interface NoticesParts {
  readonly log: { publish(room: string, body: Uint8Array, envelope: Envelope): Promise<void> };
  /** Tells whether a notice with this key was stored; null if that cannot be told now. */
  readonly isStored: (key: { readonly id: string; readonly dedupe: string }) => Promise<boolean | null>;
  readonly writes: Pick<RefusedWrites, 'attempt'>;
  /** Age, in ms, below which LOG recognises a key that comes again. */
  readonly windowMs: number;
  readonly wallClock: () => WallTime;
}

/** Entry of a user's inbox that a worker makes. */
export interface Notice {
  readonly room: string;
  readonly type: 'invite' | 'member' | 'void' | 'dm';
  /** Name of the notice among those of its type and room. */
  readonly by: string;
  /** Milliseconds since 1970, for the body. */
  readonly time: number;
  /** Rest of the body. */
  readonly body: object;
  /** Milliseconds since 1970: the notice was not made before. Default: {@link time}. */
  readonly notBefore?: number;
  /** True to store it even if it cannot be told whether it was stored before. Default: it is left out then. */
  readonly perhapsTwice?: boolean;
}

/** Notices to users. Entries are folded again after a failure: each notice has a key, and is stored once for each user. */
export class Notices {
  readonly #parts: NoticesParts;

  constructor(parts: NoticesParts) {
    this.#parts = parts;
  }

  /** Stores a notice in the inbox of a user, once for each `type`, room and `by`. Rejects if NATS does not answer. */
  async store(user: string, { notBefore, perhapsTwice = false, ...notice }: Notice): Promise<void> {
    const { log, writes, isStored, windowMs, wallClock } = this.#parts;
    const { room, type, by, time } = notice;
    const hash = createHash('sha256')
      .update(JSON.stringify([room, type, by, user]))
      .digest();
    const dedupe = hash.toString('base64url');
    const id = uuidOf(hash);
    const isOld = wallClock() - (notBefore ?? time) > windowMs / 2;
    if (isOld && ((await isStored({ id, dedupe })) ?? !perhapsTwice)) return;
    const body = Buffer.from(JSON.stringify({ type, id, room, ...notice.body, time }));
    const none = { client: '', traceparent: '', targets: [], cv: 0, seen: 0 } as const;
    const entry = { type, id, dedupe, time, user: '', ...none };
    await writes.attempt({ room, user }, async () => await log.publish(inboxOf(user), body, entry));
  }
}
