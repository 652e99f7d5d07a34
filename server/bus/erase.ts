import { HEADERS } from '../room/message.ts';
import type { Erased } from '../room/views.ts';
import { type JetStreamManager, NO_MESSAGE_FOUND, orNull } from './jetstream-api.ts';
import type { Names } from './names.ts';

/** Erases entries of a partition, so that NATS answers no read with them. */
export type EraseEntries = (partition: number, entries: readonly Erased[]) => Promise<void>;

/** Requests to the JetStream API at the same time: it drops those that come too fast. */
const AT_ONCE = 8;

/** LIVE has not copied an entry yet: it could still store what is erased in LOG. */
export class LiveLags extends Error {
  constructor(stream: string, offset: number) {
    super(`the stream ${stream} has not reached offset ${offset} yet`);
    this.name = 'LiveLags';
  }
}

/**
 * Returns a function that erases entries in LOG and LIVE. An entry that is gone already is passed over, and so is another entry at
 * the same offset. It may be called again for the same entries.
 */
export function eraser(jsm: JetStreamManager, names: Names): EraseEntries {
  const find = (stream: string, seq: number) => orNull(jsm.streams.getMessage(stream, { seq }), NO_MESSAGE_FOUND);
  const remove = (stream: string, offset: number) =>
    // Without overwriting the bytes: that would take NATS some 20 ms an entry, during which the stream takes no messages.
    jsm.streams.deleteMessage(stream, offset, false).catch(async (error: unknown) => {
      if (await find(stream, offset)) throw error; // else it is gone
    });
  const erase = async (partition: number, { room, offset, type, id }: Erased) => {
    const [log, live] = [names.logStream(partition), names.liveStream(partition)];
    const found = (await find(log, offset)) ?? (await find(live, offset));
    const isExpected =
      found?.subject === names.log(partition, room) &&
      headerOf(found, HEADERS.type) === type &&
      (id === null || headerOf(found, HEADERS.id) === id);
    if (!isExpected) return;
    // What is left in one of them leads here again.
    await Promise.all([remove(log, offset), remove(live, offset)]);
  };
  return async (partition, entries) => {
    if (entries.length === 0) return;
    const live = names.liveStream(partition);
    const [{ config, state }, log] = await Promise.all([
      jsm.streams.info(live),
      jsm.streams.info(names.logStream(partition)),
    ]);
    // A new LIVE never copies what LOG has purged.
    const reached = Math.max(state.last_seq, log.state.first_seq - 1, (config.mirror?.opt_start_seq ?? 1) - 1);
    const last = entries.reduce((top, { offset }) => Math.max(top, offset), 0);
    if (reached < last) throw new LiveLags(live, last);
    const rest = entries[Symbol.iterator]();
    const lane = async () => {
      for (const entry of rest) await erase(partition, entry);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  };
}

/** Value of a header; empty if the headers are malformed, because another program wrote the entry. */
function headerOf(found: { readonly header: { get(name: string): string } }, name: string): string {
  try {
    return found.header.get(name);
  } catch {
    return '';
  }
}
