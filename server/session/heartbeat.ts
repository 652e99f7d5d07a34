import type { Codec, Encoding } from '../protocol/codec.ts';
import { CLOSES, type CloseCode } from '../protocol/codes.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import { type Moment, momentAfter } from '../time/clock.ts';

/** A connection as its heartbeat sees it. */
export interface Pinged {
  readonly encoding: Encoding;
  /** When it last answered a ping, or joined its slice. */
  readonly heardAt: Moment;
  end(close: CloseCode): void;
}

/** Connections that are pinged together. */
export interface Slice {
  readonly topic: string;
  readonly members: Set<Pinged>;
  /** When the next ping is due. */
  due: Moment;
  /** When the last ping was sent; -Infinity before the first. */
  pinged: Moment;
  /** Milliseconds its members still have to answer that ping; Infinity once they have been looked at. */
  patienceMs: number;
}

/** Time between two ticks. */
export const TICK_MS = 1_000;
/** A tick that comes later than this was held up by the gateway itself, whose pongs then wait in their sockets. */
const LATE_MS = 1_100;
const NEVER = Number.NEGATIVE_INFINITY as Moment;

/**
 * The heartbeat of the connections that were promised one interval: a slice of them is due each second and pinged through
 * a topic, so that the heartbeats of 10,000 sockets are spread over the interval. Slices are due by the clock: a tick that
 * is late pings all that became due since the last, because an SDK that waits too long for a ping connects again.
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
   * @param sinceMs time since the last tick; of a late one only a tick's worth is taken from the patience with pongs
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

  /** Ends the members that did not answer in time. Call when what waited in the sockets has been read. */
  endSilent(): void {
    for (const slice of this.#slices) {
      if (slice.patienceMs > 0) continue;
      slice.patienceMs = Number.POSITIVE_INFINITY;
      for (const member of slice.members) if (member.heardAt < slice.pinged) member.end(CLOSES.noPong);
    }
  }

  /** Never later than an interval after the ping just sent, and not before its pongs had their time. */
  #dueAfter({ due, pinged }: Slice, index: number): Moment {
    const onTime = momentAfter(due, this.#intervalMs);
    if (onTime - pinged > this.#patienceMs) return onTime;
    // The gateway stood still, and all slices were pinged at once: they are spread again.
    const spare = this.#intervalMs - this.#patienceMs;
    return momentAfter(pinged, this.#patienceMs + (spare * (index + 1)) / this.#slices.length);
  }
}

export const topicOf = (slice: Slice, encoding: Encoding) => `${slice.topic}/${encoding}`;
