import { OPTIONS, type OptionName } from '../contract/options.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Config } from '../settings/config.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { Moment } from '../time/clock.ts';
import { Rates } from '../time/rates.ts';
import { BURST_SECONDS, takePublished, takeRoom, type User, Users } from './users.ts';

/** Names of the limits in the metric of refused commands. */
type Limit = 'user_connections' | 'user_bytes' | 'user_rooms' | 'room_messages';

export interface LimitsOptions {
  /** Read at each use, as they may change. */
  readonly config: Pick<
    Config,
    | 'maxConnectionsPerUser'
    | 'messagesPerSecondPerRoom'
    | 'publishedBytesPerSecondPerUser'
    | 'roomsOpenedPerSecondPerUser'
  >;
  readonly metrics: Pick<GatewayMetrics, 'limited'>;
  readonly now: () => Moment;
}

/** Limits that all callers of a gateway share: of each user, and of each room. */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #users = new Users();
  /** Messages published here, by room. */
  readonly #rooms = new Rates();

  constructor(options: LimitsOptions) {
    this.#options = options;
  }

  /** Counts a connection of a user until {@link leave}. @throws {CommandError} 111 if the user has too many */
  enter(name: string): User {
    const { config, now } = this.#options;
    const { maxConnectionsPerUser: most } = config;
    const user = this.#users.enter(name, most, now());
    if (!user) throw this.#exceeded('user_connections', 'maxConnectionsPerUser', `at most ${most} connections a user`);
    return user;
  }

  /** Ends a connection that was counted by {@link enter}. */
  leave(user: User): void {
    this.#users.leave(user, this.#options.now());
  }

  /** Counts a message on its way into a room. @throws {CommandError} 111 if it is too much for the room or of the user */
  message(room: string, user: string, bytes: number): void {
    const { config } = this.#options;
    const { messagesPerSecondPerRoom: messages, publishedBytesPerSecondPerUser: most } = config;
    const now = this.#options.now();
    if (!this.#rooms.take(room, now, messages, messages * BURST_SECONDS)) {
      const limit = `at most ${messages} messages a second in one room`;
      throw this.#exceeded('room_messages', 'messagesPerSecondPerRoom', limit);
    }
    if (!takePublished(this.#users.of(user, now), bytes, most, now)) {
      const limit = `at most ${most} bytes of messages a second a user`;
      throw this.#exceeded('user_bytes', 'publishedBytesPerSecondPerUser', limit);
    }
  }

  /** Counts a room that this gateway opens for a user. @throws {CommandError} 111 if the user has opened too many */
  openedRoom(user: User): void {
    const { config, now } = this.#options;
    const { roomsOpenedPerSecondPerUser: most } = config;
    if (takeRoom(user, most, now())) return;
    throw this.#exceeded('user_rooms', 'roomsOpenedPerSecondPerUser', `at most ${most} new rooms a second a user`);
  }

  #exceeded(limit: Limit, option: OptionName, text: string): CommandError {
    this.#options.metrics.limited.inc({ limit });
    return new CommandError(ERRORS.tooManyRequests, `${text} (${OPTIONS[option].env})`);
  }
}
