import type { Codec, Encoding } from '../protocol/codec.ts';
import { CLOSES } from '../protocol/codes.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import type { Config } from '../settings/config.ts';
import type { Moment } from '../time/clock.ts';
import { Heartbeat, type Pinged, type Slice, TICK_MS, topicOf } from './heartbeat.ts';
import type { Session } from './session.ts';

export interface HubOptions {
  /** Read at each use, as they may change; the heartbeat of a connection stays what it was when it came. */
  readonly limits: Pick<Config, 'pingSeconds' | 'pongSeconds' | 'connectSeconds' | 'expiryGraceSeconds'>;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  readonly publish: PublishTopic;
  readonly now: () => Moment;
  /** Counts a pong that answers no ping. */
  readonly surplusPong: () => void;
}

/**
 * All connections of a gateway, and what happens to them by the clock: once a second a share of them is pinged, and those
 * are ended that did not answer, did not connect, or whose token ran out.
 */
export class Hub {
  readonly sessions = new Set<Session>();
  readonly #options: HubOptions;
  /** By interval and patience. All but one only serve connections that came before these changed. */
  readonly #heartbeats = new Map<string, Heartbeat>();

  #tickedAt: Moment;
  /** How much later than due the last tick came. */
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

  /** The slice a new connection joins. */
  heartbeat(member: Pinged): { readonly slice: Slice; readonly topic: string } {
    const slice = this.#heartbeat().join(member);
    return { slice, topic: topicOf(slice, member.encoding) };
  }

  /** Takes a pong. One that answers no ping is only counted: a ping or a pong may have been lost, or sent twice. */
  pong(session: Session): void {
    if (!session.pong()) this.#options.surplusPong();
  }

  /** Pings. Call each {@link TICK_MS}, and {@link sweep} after it. */
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
   * Ends whose time is over. Call after each {@link tick} once what waited in the sockets has been read: a gateway that was
   * held up must not blame those whose pong, `connect` or `refresh` it has not looked at.
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
   * Ends up to `count` connections, the ones that came first: who came here from another gateway that is on its way out
   * is the last to be moved again. SDKs come back on {@link CLOSES.shutdown} after a random delay.
   * @returns how many are left
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
