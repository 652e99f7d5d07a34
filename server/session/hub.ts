import type { Config } from '../config.ts';
import type { Codec, Encoding } from '../protocol/codec.ts';
import { CLOSES } from '../protocol/codes.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import { Heartbeat, type Slice, topicOf } from './heartbeat.ts';
import type { Session } from './session.ts';

export interface HubOptions {
  /** Read at each use, as they may change; the heartbeat of a connection stays what it was when it came. */
  readonly limits: Pick<
    Config,
    'pingSeconds' | 'pongSeconds' | 'connectSeconds' | 'expiryGraceSeconds' | 'sendBufferTotalBytes'
  >;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  readonly publish: PublishTopic;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * All connections of a gateway, and what happens to them by the clock. {@link tick} is called once a second: it pings a
 * share of them, and ends who did not answer, did not connect, or whose token ran out.
 */
export class Hub {
  readonly sessions = new Set<Session>();
  readonly #options: HubOptions;
  /** By interval and patience. All but one only serve connections that came before these changed. */
  readonly #heartbeats = new Map<string, Heartbeat>();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  add(session: Session): void {
    this.sessions.add(session);
  }

  remove(session: Session): void {
    this.sessions.delete(session);
    session.slice?.members.delete(session);
  }

  /** The slice a new connection joins. */
  heartbeat(session: Session): { readonly slice: Slice; readonly topic: string } {
    const slice = this.#heartbeat().join(session);
    return { slice, topic: topicOf(slice, session.encoding) };
  }

  /** Exactly one pong for each ping, else the client does not speak the protocol. */
  pong(session: Session): void {
    const { slice } = session;
    if (!slice || session.slicedAt > slice.pinged || session.pongAt >= slice.pinged) session.end(CLOSES.badRequest);
    else session.pongAt = Math.max(this.#options.now(), slice.pinged);
  }

  tick(): void {
    const { limits, codecs, publish } = this.#options;
    const now = this.#options.now();
    const current = this.#heartbeat();
    for (const [key, heartbeat] of this.#heartbeats) {
      heartbeat.tick(now, codecs, publish);
      if (heartbeat !== current && heartbeat.empty) this.#heartbeats.delete(key);
    }
    let waiting = 0;
    for (const session of this.sessions) {
      waiting += session.buffered();
      if (session.state !== 'connected') {
        if (now - session.openedAt > limits.connectSeconds * 1000) session.end(CLOSES.stale);
      } else if (session.identity && now > session.identity.expiresAt + limits.expiryGraceSeconds * 1000) {
        session.end(CLOSES.expired);
      }
    }
    if (waiting > limits.sendBufferTotalBytes) this.#shedWaiting(waiting);
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
    const found = this.#heartbeats.get(key) ?? new Heartbeat(pingSeconds, pongSeconds);
    this.#heartbeats.set(key, found);
    return found;
  }

  /** The connections for which most waits go first, until the rest fits. */
  #shedWaiting(waiting: number): void {
    let left = waiting;
    for (const session of [...this.sessions].sort((a, b) => b.buffered() - a.buffered())) {
      if (left <= this.#options.limits.sendBufferTotalBytes) return;
      left -= session.buffered();
      session.end(CLOSES.slow);
    }
  }
}
