import { ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { CommandError } from '../protocol/command-error.ts';
import { isPlainJson } from '../protocol/raw-json.ts';
import type { Stored } from '../room/log.ts';
import type { Envelope, MessageType } from '../room/message.ts';
import type { Session } from '../session/session.ts';
import { allow } from './allow.ts';
import { countMessage } from './within-limits.ts';

/** The protocol's bare publish: the client's data, without an id, so a retry after a lost answer is a second message. */
export function publish(session: Session, command: CommandOf<'publish'>): undefined {
  const { channel, data } = command;
  allow(session, channel, 'publish');
  if (!data) throw new CommandError(ERRORS.badRequest, 'data is required');
  checkSize(session, data);
  // Anything else could end a subscriber's frame and forge the next one.
  if (!isPlainJson(data)) throw new CommandError(ERRORS.badRequest, 'data must be JSON without line breaks');
  countMessage(session, channel, data.byteLength);
  session.handOver(command.id, channel, data.byteLength, async () => {
    await store(session, channel, data, { type: 'publish', id: '', dedupe: '' });
    return { method: 'publish' };
  });
}

/** @throws {CommandError} for a body above the limit */
export function checkSize(session: Session, body: Uint8Array): void {
  const { config, log } = session.context;
  const most = Math.min(config.maxMessageBytes, log.mostBodyBytes());
  if (body.byteLength > most) throw new CommandError(ERRORS.badRequest, `a message must have at most ${most} bytes`);
}

/** Hands a message to the stream before it returns; resolves when the stream has it. */
export function store(
  session: Session,
  room: string,
  body: Uint8Array,
  parts: Pick<Envelope, 'id' | 'dedupe'> & { readonly type: MessageType },
): Promise<Stored> {
  const { log, now, wallClock, metrics, meter, trace } = session.context;
  const startedAt = now();
  const span = trace.publish(room, parts.type);
  const envelope: Envelope = {
    ...parts,
    time: wallClock(),
    user: session.identity?.user ?? '',
    client: session.client,
    traceparent: span.traceparent,
  };
  return log.publish(room, body, envelope).then(
    stored => {
      const ms = now() - startedAt;
      metrics.published(parts.type, stored.duplicate, ms);
      meter.published(ms);
      span.end(stored.offset);
      return stored;
    },
    error => {
      metrics.publishFailures.inc();
      span.fail(error);
      throw error;
    },
  );
}
