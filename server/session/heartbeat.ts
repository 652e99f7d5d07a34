import type { Codec, Encoding } from '../protocol/codec.ts';
import { CLOSES, type CloseCode } from '../protocol/codes.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import { type Moment, momentAfter } from '../time/clock.ts';

/** A connection as its heartbeat sees it. */
export interface Pinged {
  readonly encoding: Encoding;
  /** Moment of the last pong that answered a ping; of joining the slice before the first. */
  readonly heardAt: Moment;
  end(close: CloseCode): void;
}

/** Connections that are pinged together. */
export interface Slice {
  readonly topic: string;
  readonly members: Set<Pinged>;
  /** Moment at which the next ping is due. */
  due: Moment;
  /** Moment of the last ping; -Infinity before the first. */
  pinged: Moment;
  /** Milliseconds left to answer that ping; Infinity once the members have been checked. */
  patienceMs: number;
}

/** Time between two ticks, in ms. */
export const TICK_MS = 1_000;
/** Milliseconds after which a tick is late: the gateway itself stood still, and pongs wait in its sockets. */
const LATE_MS = 1_100;
const NEVER = Number.NEGATIVE_INFINITY as Moment;

/**
 * Heartbeat of the connections with one ping interval. Each second one slice of them is pinged through a topic, so that the
 * pings of 10,000 sockets are spread over the interval. Slices are due by the clock: a late tick pings all slices that became
 * due since the last one, because an SDK that waits too long for a ping connects again.
 */
export class Heartbeat {
  readonly #slices: readonly Slice[];
  readonly #intervalMs: number;
  readonly #patienceMs: number;
  #next = 0;

  /** @param pongSeconds must be below `pingSeconds` */
  constructor(pingSeconds: number, pongSeconds: number, now: Moment) {
    this.#intervalMs = pingSeconds * 1000;
    this.#patienceMs = pongSeconds * 1000;
    this.#slices = Array.from({ length: pingSeconds }, (_, i) => ({
      topic: `ping/${pingSeconds}/${pongSeconds}/${i}`,
      members: new Set<Pinged>(),
      due: momentAfter(now, (i + 1) * TICK_MS),
      pinged: NEVER,
      patienceMs: Number.POSITIVE_INFINITY,
    }));
  }

  get empty(): boolean {
    return this.#slices.every(({ members }) => members.size === 0);
  }

  join(member: Pinged): Slice {
    const slice = this.#slices[this.#next++ % this.#slices.length] as Slice;
    slice.members.add(member);
    return slice;
  }

  /**
   * Pings the slices that are due.
   * @param sinceMs time since the last tick; of a late tick only the length of one counts against the time for pongs
   */
  tick(now: () => Moment, sinceMs: number, codecs: Readonly<Record<Encoding, Codec>>, publish: PublishTopic): void {
    const began = now();
    for (const [index, slice] of this.#slices.entries()) {
      slice.patienceMs -= Math.min(sinceMs, LATE_MS);
      if (slice.due > began) continue;
      for (const { encoding, ping, binary } of [codecs.json, codecs.protobuf])
        publish(topicOf(slice, encoding), ping, binary);
      slice.pinged = now();
      slice.patienceMs = this.#patienceMs;
      slice.due = this.#dueAfter(slice, index);
    }
  }

  /** Ends the members that did not answer in time. Call it when all that waited in the sockets has been read. */
  endSilent(): void {
    for (const slice of this.#slices) {
      if (slice.patienceMs > 0) continue;
      slice.patienceMs = Number.POSITIVE_INFINITY;
      for (const member of slice.members) if (member.heardAt < slice.pinged) member.end(CLOSES.noPong);
    }
  }

  /** Moment of the next ping: at most an interval after the last, and not before its pongs had their time. */
  #dueAfter({ due, pinged }: Slice, index: number): Moment {
    const onTime = momentAfter(due, this.#intervalMs);
    if (onTime - pinged > this.#patienceMs) return onTime;
    // The gateway stood still and pinged all slices at once: spread them again.
    const spare = this.#intervalMs - this.#patienceMs;
    return momentAfter(pinged, this.#patienceMs + (spare * (index + 1)) / this.#slices.length);
  }
}

export const topicOf = (slice: Slice, encoding: Encoding) => `${slice.topic}/${encoding}`;
