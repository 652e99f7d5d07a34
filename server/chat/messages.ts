import type { Identity } from '../access/token.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { RoomLog, Stored } from '../room/log.ts';
import type { Envelope, MessageType } from '../room/message.ts';
import type { Config } from '../settings/config.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { LoadMeter } from '../telemetry/load-meter.ts';
import type { MessageTrace } from '../telemetry/message-trace.ts';
import type { Clocks } from '../time/clock.ts';
import type { Limits } from './limits.ts';

/** Author of a message: a user, through a connection or without one. */
export interface Author {
  readonly identity: Identity;
  /** Connection id; empty for a caller without a connection. */
  readonly client: string;
}

/** A message before it is stored. */
export interface NewMessage extends Pick<Envelope, 'id' | 'dedupe' | 'time' | 'targets' | 'mentions'> {
  readonly room: string;
  readonly type: MessageType;
  /** UTF-8 JSON without line breaks. */
  readonly body: Uint8Array;
  /** Version of the room that a control entry makes. Default: 0, no control entry. */
  readonly cv?: number;
}

export interface MessagesOptions {
  /**
   * Version of a room against which an entry of a user is checked right before it is published; 0 for none.
   * @throws {CommandError} if the user may not write, {@link ReadFailed} if that cannot be told
   */
  readonly seen: (identity: Identity, room: string) => number;
  readonly clocks: Clocks;
  /** Read at each use, as it may change. */
  readonly config: Pick<Config, 'maxMessageBytes'>;
  readonly log: Pick<RoomLog, 'publish' | 'mostBodyBytes'>;
  readonly limits: Pick<Limits, 'message'>;
  readonly metrics: Pick<GatewayMetrics, 'published' | 'publishFailures'>;
  readonly meter: Pick<LoadMeter, 'published'>;
  readonly trace: MessageTrace;
}

/** Publishes messages of any caller: one with a connection, or one without. Counts, measures and traces each of them. */
export class Messages {
  readonly #options: MessagesOptions;

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  /** Largest body in bytes that NATS takes. */
  get mostBodyBytes(): number {
    return this.#options.log.mostBodyBytes();
  }

  /** Checks the size of a body. @throws {CommandError} 107 if it is above the limit */
  checkSize({ byteLength }: Uint8Array): void {
    const { config, log } = this.#options;
    const most = Math.min(config.maxMessageBytes, log.mostBodyBytes());
    if (byteLength > most) throw new CommandError(ERRORS.badRequest, `a message must have at most ${most} bytes`);
  }

  /** Counts a message against the limits of its room and of its user. Once for each message. @throws {CommandError} 111 */
  count({ identity }: Author, room: string, { byteLength }: Uint8Array): void {
    this.#options.limits.message(room, identity.user, byteLength);
  }

  /**
   * Hands a message to the stream before it returns, so that two calls are stored in the order of the calls. Call
   * {@link checkSize} and {@link count} before.
   * @throws {CommandError} {@link ReadFailed} as {@link MessagesOptions.seen}
   * @throws {PublishFailed} if it is perhaps not stored: the same id may be sent again
   * @throws {MessageRefused} if it never will be
   */
  async publish({ identity, client }: Author, { room, body, cv = 0, ...parts }: NewMessage): Promise<Stored> {
    const { clocks, log, metrics, meter, trace } = this.#options;
    const seen = cv > 0 ? 0 : this.#options.seen(identity, room); // an act of staff is decided on elsewhere
    const startedAt = clocks.now();
    const span = trace.publish(room, parts.type);
    const { traceparent } = span;
    try {
      const stored = await log.publish(room, body, {
        ...parts,
        user: identity.user,
        client,
        traceparent,
        cv,
        seen,
      });
      const ms = clocks.now() - startedAt;
      metrics.published(parts.type, stored.duplicate, ms);
      meter.published(ms);
      span.end(stored.offset);
      return stored;
    } catch (error) {
      metrics.publishFailures.inc();
      span.fail(error);
      throw error;
    }
  }
}
