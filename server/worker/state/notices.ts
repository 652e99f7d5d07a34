import { createHash } from 'node:crypto';
import { inboxOf } from '../../access/names.ts';
import type { LogTime } from '../../bus/log-clock.ts';
import { uuidOf } from '../../membership/snapshot.ts';
import type { LoggedMessage, SentKey } from '../../room/history-store.ts';
import type { Envelope } from '../../room/message.ts';
import type { RefusedWrites } from './refused-writes.ts';
import type { EntryPlace, IsStored } from './waiting-notices.ts';

export interface NoticesParts {
  readonly log: { publish(room: string, body: Uint8Array, envelope: Envelope): Promise<void> };
  readonly isStored: IsStored;
  /** Called with the entry of a notice of which that cannot be told now: it is to be folded again later. */
  readonly waits: (of: EntryPlace, inbox: string, key: SentKey) => void;
  readonly writes: Pick<RefusedWrites, 'attempt'>;
  /** Reads the time of the LOG that an inbox is in. */
  readonly logTime: (inbox: string) => Promise<LogTime>;
}

/** Entry of a user's inbox that a worker makes, about a room. */
export interface Notice extends Omit<Keyed, 'key'> {
  readonly room: string;
  readonly type: 'invite' | 'member' | 'void' | 'dm';
  /** Name of the notice among those of its type and room. */
  readonly by: string;
}

/** Entry of a user's inbox that a worker makes. */
interface Keyed {
  readonly type: string;
  /** Room that it is about; none if it is about a user. */
  readonly room?: string;
  /** Entry that makes it. */
  readonly of: EntryPlace;
  /** Names the entry: of those with one key and user, the first one is stored. */
  readonly key: readonly string[];
  /** Milliseconds since 1970, for the body. */
  readonly time: number;
  /** Rest of the body. */
  readonly body: object;
  /**
   * Milliseconds since 1970: the notice was not made before. It is the time at which LOG stored the entry, if that is known: the clock of
   * a gateway may be wrong. 0 if it may have been made at any time.
   */
  readonly notBefore: number;
}

/** Time at which LOG stored an entry, milliseconds since 1970. */
export const storedAtMs = ({ storedAt }: Pick<LoggedMessage, 'storedAt'>): number => storedAt / 1_000;

/**
 * Notices to users. Entries are folded again after a failure: each notice has a key, and is stored once for each user. One that may be
 * too old for LOG to recognise it waits until it is known whether it was stored.
 */
export class Notices {
  readonly #parts: NoticesParts;

  constructor(parts: NoticesParts) {
    this.#parts = parts;
  }

  /** Stores a notice in the inbox of a user, or lets it wait, once for each `type`, room and `by`. Rejects if NATS does not answer. */
  async store(user: string, { by, ...notice }: Notice): Promise<void> {
    await this.storeKeyed(user, { ...notice, key: [notice.room, notice.type, by] });
  }

  /** Stores an entry in the inbox of a user, or lets it wait, once for each key. Rejects if NATS does not answer. */
  async storeKeyed(user: string, { notBefore, of, ...notice }: Keyed): Promise<void> {
    const { log, writes, isStored, waits, logTime } = this.#parts;
    const inbox = inboxOf(user);
    const { type, room, key, time } = notice;
    const hash = createHash('sha256')
      .update(JSON.stringify([...key, user]))
      .digest();
    const dedupe = hash.toString('base64url');
    const id = uuidOf(hash);
    const { now, windowMs } = await logTime(inbox);
    // A time ahead of LOG's own is by a clock that is wrong. It tells nothing.
    const isYoung = Math.abs(now - notBefore) <= windowMs / 2;
    const isKnown = isYoung ? false : await isStored(inbox, { id, dedupe });
    if (isKnown === null) waits(of, inbox, { id, dedupe });
    if (isKnown !== false) return;
    const about = room === undefined ? {} : { room };
    const body = Buffer.from(JSON.stringify({ type, id, ...about, ...notice.body, time }));
    const none = { client: '', traceparent: '', targets: [], cv: 0, seen: 0 } as const;
    const entry = { type, id, dedupe, time, user: '', ...none };
    await writes.attempt({ ...about, user }, async () => await log.publish(inbox, body, entry));
  }
}
