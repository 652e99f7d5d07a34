import type { Target } from '../fold/entry.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { StoredMessage } from '../room/message.ts';
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

  constructor(reader: Pick<RoomReader, 'before'>) {
    this.#reader = reader;
  }

  /**
   * Reads a message of a room, from LOG or MongoDB.
   * @throws {CommandError} 404 if the room has no such message
   * @throws {ReadFailed} if LOG does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
   */
  async find(room: string, { target, of }: Target): Promise<StoredMessage> {
    const [found] = await this.#reader.before(room, target + 1, 1);
    if (!found || found.offset !== target || found.id !== of || found.type !== 'message')
      throw new CommandError(ERRORS.notFound, `the room has no message ${of} at offset ${target}`);
    return found;
  }
}
