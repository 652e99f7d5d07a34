import { inboxOf } from '../access/names.ts';
import {
  type Contact,
  type ContactAct,
  endedBy,
  type Pair,
  type Relation,
  readContact,
  relationOf,
  sidesOf,
} from '../fold/pair.ts';
import { CommandError } from '../protocol/command-error.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import { dataOf } from '../room/message.ts';
import type { Chat } from './chat.ts';
import { demandWithin } from './contact-limits.ts';
import { demandBlocksKept } from './kept.ts';
import { demandOther } from './room-params.ts';
import { storeOnce } from './store-once.ts';
import type { Call } from './verb.ts';

/** Two users before an act, as each of them sees the other. */
export interface SeenPair {
  readonly own: Relation;
  readonly theirs: Relation;
}

/** Act that a user asks for. */
export interface AskedContact {
  /** UUIDv7 of the client's: the same act has the same id, each time it is sent. */
  readonly id: string;
  /** The other user. */
  readonly user: string;
  /** Words to the other user, for a request. */
  readonly note?: string | undefined;
  /**
   * Decides on the act by the latest acts of both.
   * @returns the act; null if all is as it asks
   * @throws {CommandError} to refuse it
   */
  readonly decide: (seen: SeenPair) => ContactAct | null;
}

/** Acts that no client of the other user is told of: only gateways are, by an entry that those of the release before would show. */
const UNTOLD: ReadonlySet<ContactAct> = new Set(['block', 'unblock', 'decline']);

/**
 * Stores an act on another user in the caller's inbox alone, then writes the pair. Acts with the same id of a user count once: one
 * that comes again is the one that is stored, whatever would be decided now.
 * @throws {CommandError} what `decide` and {@link demandWithin} throw
 */
export async function contactAct(call: Call, chat: Chat, asked: AskedContact) {
  const { id, user: other } = asked;
  demandOther(call, other);
  const { user } = call.identity;
  const pair = await chat.pairs.fresh(user, other);
  const decision = decisionOn(asked, pair, user);
  const isRefused = decision instanceof CommandError;
  const isLast = isDone(pair, { user, other, id });
  if (decision === null || (isRefused && isLast)) return resultOf(pair, { user, other }, isLast);
  if (!isRefused && UNTOLD.has(decision.act)) await demandBlocksKept(chat);
  const inbox = inboxOf(user);
  const check = async () => {
    if (isRefused) throw decision;
    await demandWithin(chat, user, decision.act);
    return undefined;
  };
  const content = isRefused ? { user: other } : { user: other, ...decision };
  const act = { room: inbox, id, type: 'contact', content, check } as const;
  const { offset, duplicate } = await storeOnce(call, chat, act).catch((error: unknown) => {
    // Without MongoDB it cannot be told that a refused act was stored before another one.
    throw isRefused && error instanceof StoreUnavailable ? decision : error;
  });
  // The gateway of the first may have ended before it wrote this. A repeat may have seen another pair: what is stored counts.
  const contact = duplicate ? await storedAct(chat, inbox, offset) : contactOf(user, id, offset, content);
  const latest = contact?.other === other ? await chat.pairs.acted(contact, pair) : pair;
  return resultOf(latest, { user, other }, duplicate);
}

/** Act with what is stored beside it. */
interface Decided extends Pick<Contact, 'act' | 'of'> {
  readonly ends?: Contact['ends'];
  readonly note?: string;
}

function decisionOn(
  { user: other, note, decide }: AskedContact,
  pair: Pair,
  user: string,
): Decided | CommandError | null {
  const theirs = relationOf(pair, other, user);
  try {
    const act = decide({ own: relationOf(pair, user, other), theirs });
    if (act === null) return null;
    const isSeen = theirs.state === 'friend' || theirs.state === 'in';
    return {
      act,
      of: endedBy(pair, user, other, act),
      ...(act === 'block' ? { ends: isSeen ? 'remove' : 'decline' } : {}),
      ...(act === 'request' && note !== undefined ? { note } : {}),
    };
  } catch (error) {
    // Stored before, the act may itself be the reason.
    if (error instanceof CommandError) return error;
    throw error;
  }
}

const contactOf = (user: string, id: string, offset: number, content: object): Contact | null =>
  readContact({ type: 'contact', offset, user }, { id, ...content });

async function storedAct(chat: Chat, inbox: string, offset: number): Promise<Contact | null> {
  const entry = await chat.entry(inbox, offset);
  return entry && readContact(entry, dataOf(entry));
}

interface Act {
  readonly user: string;
  readonly other: string;
  readonly id: string;
}

/** True if an act is the last one of its user on the other. */
function isDone(pair: Pair, { user, other, id }: Act): boolean {
  const [{ friend, block }] = sidesOf(pair, user, other);
  return friend?.id === id || block?.id === id;
}

function resultOf(pair: Pair, { user, other }: Omit<Act, 'id'>, duplicate: boolean) {
  const { state, blocks } = relationOf(pair, user, other);
  return { state, blocked: blocks, duplicate };
}
