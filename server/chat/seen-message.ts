import { asNewAs, type RoomAccess } from '../access/room-access.ts';
import type { Target } from '../fold/entry.ts';
import type { FoldedMessage } from '../fold/room-fold.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';

/** A message as it was when a verb looked at it. */
export interface SeenMessage {
  readonly message: FoldedMessage;
  /** Offset up to which every change is in it. */
  readonly upto: number;
}

/** Place whose messages a verb may be about. */
export interface Readable {
  readonly room: string;
  /** Rights of the caller, made as new as the messages: those that the caller may not read are not there. */
  readonly access: RoomAccess | null;
}

/**
 * Reads the message that a verb changes.
 * @throws {CommandError} 404 if the room has no such message, 103 if the caller may not read the room any more
 * @throws {ReadFailed} if LOG does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
 */
export async function seenMessage(
  chat: Pick<Chat, 'folded'>,
  { room, access }: Readable,
  target: Target,
): Promise<SeenMessage> {
  const rights = await asNewAs(access, target.target);
  const { messages, upto } = await chat.folded.find(room, [target.target]);
  return { message: named(messages, target, rights), upto };
}

/** Reads the messages that a verb changes, in the order of their targets. Rejects as {@link seenMessage} does. */
export async function seenMessages(
  chat: Pick<Chat, 'folded'>,
  { room, access }: Readable,
  targets: readonly Target[],
): Promise<FoldedMessage[]> {
  const offsets = targets.map(({ target }) => target);
  const rights = await asNewAs(access, Math.max(...offsets));
  const { messages } = await chat.folded.find(room, [...new Set(offsets)]);
  return targets.map(target => named(messages, target, rights));
}

function named(messages: readonly FoldedMessage[], { target, of }: Target, access: Readable['access']): FoldedMessage {
  const readable = target > (access?.readableAbove ?? 0);
  const found = readable ? messages.find(({ offset, id }) => offset === target && id === of) : undefined;
  if (!found) throw new CommandError(ERRORS.notFound, `the room has no message ${of} at offset ${target}`);
  return found;
}

/** @throws {CommandError} 410 if the message is deleted */
export function demandThere({ deleted }: Pick<FoldedMessage, 'deleted'>): void {
  if (deleted > 0) throw new CommandError(ERRORS.gone, 'the message is deleted');
}

/** @throws {CommandError} 409, whose text names the current revision */
export function demandRevision({ rev }: Pick<FoldedMessage, 'rev'>, expected: number): void {
  if (rev !== expected) throw new CommandError(ERRORS.conflict, `the message was edited: its revision is ${rev}`);
}
