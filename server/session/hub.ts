import type { Codec, Encoding } from '../protocol/codec.ts';
import { CLOSES } from '../protocol/codes.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import type { Config } from '../settings/config.ts';
import type { Moment } from '../time/clock.ts';
import { Heartbeat, type Pinged, type Slice, TICK_MS, topicOf } from './heartbeat.ts';
import type { Session } from './session.ts';

export interface HubOptions {
  /** Read at each use, as they may change. A connection keeps the heartbeat it began with. */
  readonly limits: Pick<Config, 'pingSeconds' | 'pongSeconds' | 'connectSeconds' | 'expiryGraceSeconds'>;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  readonly publish: PublishTopic;
  readonly now: () => Moment;
  /** Counts a pong that answers no ping. */
  readonly surplusPong: () => void;
}

/**
 * All connections of a gateway. Once a second it pings a share of them, and ends connections that did not answer a ping, did
 * not sign in, or whose token has expired.
 */
export class Hub {
  readonly sessions = new Set<Session>();
  readonly #options: HubOptions;
  /** Heartbeats by interval and patience. All but one serve connections that were opened before these options changed. */
  readonly #heartbeats = new Map<string, Heartbeat>();

  #tickedAt: Moment;
  /** Milliseconds by which the last tick was late. */
  #lateMs = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#tickedAt = options.now();
    this.#heartbeat();
  }

  add(session: Session): void {
    this.sessions.add(session);
  }

  remove(session: Session): void {
    this.sessions.delete(session);
    session.slice?.members.delete(session);
  }

  /** Adds a connection to the current heartbeat. */
  heartbeat(member: Pinged): { readonly slice: Slice; readonly topic: string } {
    const slice = this.#heartbeat().join(member);
    return { slice, topic: topicOf(slice, member.encoding) };
  }

  /** Takes a pong. One that answers no ping is only counted: a ping or a pong may have been lost, or sent twice. */
  pong(session: Session): void {
    if (!session.pong()) this.#options.surplusPong();
  }

  /** Pings the slices that are due. Call it each {@link TICK_MS}, and {@link sweep} after it. */
  tick(): void {
    const { codecs, publish, now } = this.#options;
    const sinceMs = now() - this.#tickedAt;
    this.#tickedAt = now();
    this.#lateMs = Math.max(0, sinceMs - TICK_MS);
    const current = this.#heartbeat();
    for (const [key, heartbeat] of this.#heartbeats) {
      heartbeat.tick(now, sinceMs, codecs, publish);
      if (heartbeat !== current && heartbeat.empty) this.#heartbeats.delete(key);
    }
  }

  /**
   * Ends the connections whose time is over. Call it after each {@link tick} once all that waited in the sockets has been read:
   * a gateway that stood still must not end connections whose pong, `connect` or `refresh` it has not read.
   */
  sweep(): void {
    const { limits } = this.#options;
    const now = this.#options.now();
    for (const heartbeat of this.#heartbeats.values()) heartbeat.endSilent();
    const connectMs = limits.connectSeconds * 1000 + this.#lateMs;
    const graceMs = limits.expiryGraceSeconds * 1000;
    for (const session of this.sessions) {
      if (session.state === 'new' || session.state === 'refused') {
        if (now - session.openedAt > connectMs) session.end(CLOSES.stale);
      } else if (session.identity && now - session.identity.expiresAt > graceMs) {
        session.end(CLOSES.expired);
      }
    }
  }

  /**
   * Ends up to `count` connections, the oldest first: clients that were just moved here from another gateway are the last to
   * be moved again. SDKs connect again after {@link CLOSES.shutdown} and a random delay.
   * @returns number of connections that are left
   */
  shed(count: number): number {
    let left = count;
    for (const session of this.sessions) {
      if (left-- <= 0) break;
      session.end(CLOSES.shutdown);
    }
    return this.sessions.size;
  }

  #heartbeat(): Heartbeat {
    const { pingSeconds, pongSeconds } = this.#options.limits;
    const key = `${pingSeconds}/${pongSeconds}`;
    const found = this.#heartbeats.get(key) ?? new Heartbeat(pingSeconds, pongSeconds, this.#options.now());
    this.#heartbeats.set(key, found);
    return found;
  }
}
