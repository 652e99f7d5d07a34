import { inboxUser } from '../../access/names.ts';
import { type Contact, NO_PAIR, type Pair, pairUsers, readContact, relationOf, withContact } from '../../fold/pair.ts';
import type { PolicyStore } from '../../membership/policy-store.ts';
import { writePair } from '../../membership/policy-writes.ts';
import type { LoggedMessage } from '../../room/history-store.ts';
import { dataOf, PAIR } from '../../room/message.ts';
import type { DirectBlocks } from './direct-blocks.ts';
import { type Notices, storedAtMs } from './notices.ts';
import type { RefusedWrites } from './refused-writes.ts';

export interface ContactFoldParts {
  readonly policy: PolicyStore;
  readonly log: { body(partition: number, offset: number): Promise<Uint8Array | null> };
  readonly writes: Pick<RefusedWrites, 'attempt'>;
}

/** Body of the entry `friend` of an inbox, without type, id and time: another user's act, as its reader may know it. */
export interface FriendNotice {
  readonly act: 'request' | 'accept' | 'remove';
  /** User who acted. */
  readonly user: string;
  /** Words with a request; missing for none. */
  readonly note?: string;
}

/**
 * Part of the fold `state` that keeps pairs of users in POLICY: writes what the gateway of an act did not write, and tells the other
 * user, or the gateways of the other user alone. Entries may come again: every write is guarded by the offsets of the inbox, and every
 * notice has a key of its own.
 */
export class ContactFold {
  readonly #parts: ContactFoldParts;
  readonly #notices: Pick<Notices, 'storeKeyed'>;
  readonly #blocks: Pick<DirectBlocks, 'settle'>;

  constructor(
    parts: ContactFoldParts,
    {
      notices,
      blocks,
    }: { readonly notices: Pick<Notices, 'storeKeyed'>; readonly blocks: Pick<DirectBlocks, 'settle'> },
  ) {
    this.#parts = parts;
    this.#notices = notices;
    this.#blocks = blocks;
  }

  /** Folds an entry `contact` of an inbox, whose body is not read. Rejects if NATS does not answer. */
  async apply(partition: number, inbox: string, message: LoggedMessage): Promise<void> {
    const { policy, log, writes } = this.#parts;
    const body = await log.body(partition, message.offset);
    const data = body && dataOf({ body });
    const contact = readContact({ ...message, user: inboxUser(inbox) }, data);
    if (!contact) return;
    const { user, other } = contact;
    let pair = withContact(NO_PAIR, contact);
    await writes.attempt({ user }, async () => {
      pair = await writePair(policy, pairUsers(user, other), pair);
    });
    if (contact.act === 'block' || contact.act === 'unblock') await this.#blocks.settle(user, other);
    if (relationOf(pair, other, user).blocks) return; // nothing of a blocked user reaches the one who blocks
    const notice = noticeOf(pair, contact);
    // One key for both types: another fold of the entry may see other acts of the two.
    const key = [inbox, 'contact', String(contact.offset)];
    const told = notice ? { type: 'friend', body: notice } : { type: PAIR, body: { user } };
    const of = { room: inbox, offset: message.offset };
    await this.#notices.storeKeyed(other, { ...told, of, key, time: message.time, notBefore: storedAtMs(message) });
  }
}

/** Notice of an act for the other user; null for an act that only gateways are to know of. Pure. */
function noticeOf(pair: Pair, { user, other, act, ends, note }: Contact): FriendNotice | null {
  const { state } = relationOf(pair, other, user);
  switch (act) {
    case 'request':
    case 'accept':
      // Two who asked each other are friends. Later acts may have come between: then the act stands for itself.
      if (state === 'friend') return { act: 'accept', user };
      return { act: state === 'in' ? 'request' : act, user, ...(note === '' ? {} : { note }) };
    case 'remove':
      return { act, user };
    case 'block':
      return ends === 'remove' ? { act: ends, user } : null;
    default:
      return null;
  }
}
