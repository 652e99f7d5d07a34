import type { Codec, Encoding } from '../protocol/codec.ts';
import { CLOSES } from '../protocol/codes.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import type { Session } from './session.ts';

/** Connections that are pinged together. */
export interface Slice {
  readonly topic: string;
  readonly members: Set<Session>;
  /** When it was last pinged, milliseconds since 1970; 0 for never. */
  pinged: number;
}

/**
 * The heartbeat of the connections that were promised one interval: one slice of them is pinged each second, through a
 * topic, so that the heartbeats of 10,000 sockets are spread over the interval.
 */
export class Heartbeat {
  readonly #slices: readonly Slice[];
  readonly #patienceMs: number;
  #turn = 0;
  #next = 0;

  /** @param pongSeconds must be below `pingSeconds` */
  constructor(pingSeconds: number, pongSeconds: number) {
    this.#patienceMs = pongSeconds * 1000;
    this.#slices = Array.from({ length: pingSeconds }, (_, i) => ({
      topic: `ping/${pingSeconds}/${pongSeconds}/${i}`,
      members: new Set<Session>(),
      pinged: 0,
    }));
  }

  get empty(): boolean {
    return this.#slices.every(({ members }) => members.size === 0);
  }

  join(session: Session): Slice {
    const slice = this.#slices[this.#next++ % this.#slices.length] as Slice;
    slice.members.add(session);
    return slice;
  }

  /** Call once a second: ends who did not answer, and pings the next slice. */
  tick(now: number, codecs: Readonly<Record<Encoding, Codec>>, publish: PublishTopic): void {
    this.#checkPongs(now);
    const slice = this.#slices[this.#turn++ % this.#slices.length] as Slice;
    slice.pinged = now;
    for (const codec of [codecs.json, codecs.protobuf])
      publish(topicOf(slice, codec.encoding), codec.ping, codec.binary);
  }

  #checkPongs(now: number): void {
    for (const { pinged, members } of this.#slices) {
      // Each slice is looked at in the first tick after its patience has run out.
      if (pinged === 0 || now - pinged < this.#patienceMs || now - pinged >= this.#patienceMs + 1_500) continue;
      for (const session of members)
        if (session.slicedAt < pinged && session.pongAt < pinged) session.end(CLOSES.noPong);
    }
  }
}

export const topicOf = (slice: Slice, encoding: Encoding) => `${slice.topic}/${encoding}`;
