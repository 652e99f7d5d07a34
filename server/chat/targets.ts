import type { Target } from '../fold/entry.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Masks } from '../room/masks.ts';
import { ERASED, type StoredMessage } from '../room/message.ts';
import type { RoomReader } from '../room/reader.ts';
import { about, int, object, uuid7 } from './params.ts';

/** Parameters that name a message: both must fit, so that an offset of another epoch names nothing. */
export const TARGET = {
  target: about(int({ min: 1 }), 'Offset of the message.'),
  of: about(uuid7, 'Id of the message.'),
};

/** {@link TARGET} as one value, for lists of them. */
export const targetParam = object(TARGET);

/** Finds the messages that verbs are about. */
export class Targets {
  readonly #reader: Pick<RoomReader, 'before'>;
  readonly #masks: Pick<Masks, 'of'>;

  /** @param reader one that does not leave out what is deleted */
  constructor(reader: Pick<RoomReader, 'before'>, masks: Pick<Masks, 'of'>) {
    this.#reader = reader;
    this.#masks = masks;
  }

  /**
   * Reads a message of a room, from LOG or MongoDB.
   * @param above offset above which the caller may read; default 0, all
   * @throws {CommandError} 404 if the room has no such message, 410 if it is deleted
   * @throws {ReadFailed} if LOG does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
   */
  async find(room: string, { target, of }: Target, above = 0): Promise<StoredMessage> {
    const missing = new CommandError(ERRORS.notFound, `the room has no message ${of} at offset ${target}`);
    if (target <= above) throw missing;
    const [last] = (await this.#reader.before(room, target + 1, 1)).messages;
    const found = last?.offset === target ? last : null;
    if (found && (found.id !== of || !(found.type === 'message' || found.type === ERASED))) throw missing;
    // Read after the message: a delete that was acknowledged before the call is in it. LOG may have erased it a moment ago.
    if (found?.type === ERASED || (await this.#masks.of(room)).has(target))
      throw new CommandError(ERRORS.gone, `the message ${of} at offset ${target} is deleted`);
    if (!found) throw missing;
    return found;
  }
}
