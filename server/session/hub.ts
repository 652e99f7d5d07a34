import type { Config } from '../config.ts';
import type { Codec, Encoding } from '../protocol/codec.ts';
import { CLOSES } from '../protocol/codes.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import type { Session } from './session.ts';

type Limits = Pick<
  Config,
  'pingSeconds' | 'pongSeconds' | 'connectSeconds' | 'expiryGraceSeconds' | 'sendBufferTotalBytes'
>;

export interface HubOptions extends Limits {
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  readonly publish: PublishTopic;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * All connections of a gateway, and what happens to them by the clock. {@link tick} is called once a second: it pings
 * one slice of the connections through a topic each, so that the heartbeats of 10,000 sockets are spread over the
 * interval, and ends who did not answer, did not connect, or whose token ran out.
 */
export class Hub {
  readonly sessions = new Set<Session>();
  readonly #options: HubOptions;
  /** When each slice was last pinged. */
  readonly #pinged: number[];
  readonly #slices: Set<Session>[];
  #turn = 0;
  #next = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#pinged = Array.from({ length: options.pingSeconds }, () => 0);
    this.#slices = Array.from({ length: options.pingSeconds }, () => new Set());
  }

  add(session: Session): void {
    this.sessions.add(session);
  }

  remove(session: Session): void {
    this.sessions.delete(session);
    this.#slices[session.slice]?.delete(session);
  }

  /** The slice a new connection joins. */
  heartbeat(session: Session): { readonly slice: number; readonly topic: string } {
    const slice = this.#next++ % this.#slices.length;
    this.#slices[slice]?.add(session);
    return { slice, topic: topic(slice, session.encoding) };
  }

  /** Exactly one pong for each ping, else the client does not speak the protocol. */
  pong(session: Session): void {
    const pinged = this.#pinged[session.slice] ?? 0;
    if (session.slice < 0 || session.slicedAt > pinged || session.pongAt >= pinged) session.end(CLOSES.badRequest);
    else session.pongAt = Math.max(this.#options.now(), pinged);
  }

  tick(): void {
    const now = this.#options.now();
    this.#checkPongs(now);
    this.#ping(now);
    let waiting = 0;
    for (const session of this.sessions) {
      waiting += session.buffered();
      if (session.state !== 'connected') {
        if (now - session.openedAt > this.#options.connectSeconds * 1000) session.end(CLOSES.stale);
      } else if (session.identity && now > session.identity.expiresAt + this.#options.expiryGraceSeconds * 1000) {
        session.end(CLOSES.expired);
      }
    }
    if (waiting > this.#options.sendBufferTotalBytes) this.#shed(waiting);
  }

  /**
   * Ends up to `count` connections, the ones that came first. SDKs reconnect on {@link CLOSES.shutdown} after a random
   * delay, and find another gateway.
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

  #ping(now: number): void {
    const slice = this.#turn++ % this.#slices.length;
    this.#pinged[slice] = now;
    for (const codec of [this.#options.codecs.json, this.#options.codecs.protobuf])
      this.#options.publish(topic(slice, codec.encoding), codec.ping, codec.binary);
  }

  #checkPongs(now: number): void {
    const patience = this.#options.pongSeconds * 1000;
    for (const [slice, pinged] of this.#pinged.entries()) {
      // Each slice is looked at in the first tick after its patience has run out.
      if (pinged === 0 || now - pinged < patience || now - pinged >= patience + 1_500) continue;
      for (const session of this.#slices[slice] ?? [])
        if (session.slicedAt < pinged && session.pongAt < pinged) session.end(CLOSES.noPong);
    }
  }

  /** The connections for which most waits go first, until the rest fits. */
  #shed(waiting: number): void {
    let left = waiting;
    for (const session of [...this.sessions].sort((a, b) => b.buffered() - a.buffered())) {
      if (left <= this.#options.sendBufferTotalBytes) return;
      left -= session.buffered();
      session.end(CLOSES.slow);
    }
  }
}

const topic = (slice: number, encoding: Encoding) => `ping/${slice}/${encoding}`;
