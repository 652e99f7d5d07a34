import { readStateEvent, type StateEvent } from '../presence/watched-user.ts';
import type { Codec, Encoding, Frame, Push } from '../protocol/codec.ts';
import type { Member } from '../room/member.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { Clock } from '../time/clock.ts';
import { Batches } from './batches.ts';
import type { EphemeralBus } from './bus.ts';
import { type EphemeralEvent, type EventBody, type RoomEvent, readBatch, type UserEvent } from './event.ts';

/**
 * Events that nothing keeps, such as that a user is typing: they are not stored, not recovered, and any may be lost, above all while NATS
 * is away. They come in no order with messages, and do not move positions. Those of one caller on one gateway come in order. No call
 * waits or throws.
 */
export interface Ephemeral {
  /**
   * Sends an event to the subscribers of a room on all gateways: a publication without an offset, with the type as its tag. Connections
   * whose clients are in the background do not get it.
   * @param except users whose connections do not get it
   */
  room(room: string, data: EventBody, except?: readonly string[]): void;
  /** Sends an event to all connections of a user on all gateways: a push `message` of the protocol. */
  user(user: string, data: EventBody): void;
}

export interface EphemeralOptions {
  /** Name of this gateway. */
  readonly gateway: string;
  /** Subscribers of a room on this gateway. */
  readonly members: (room: string) => Iterable<Member>;
  /** Name of the room that all connections of a user subscribe. */
  readonly inboxOf: (user: string) => string;
  /** Names of the other gateways that may have subscribers of a room. */
  readonly holders: (room: string) => readonly string[];
  /** Names of the other gateways that may watch a user. */
  readonly watchersOf: (user: string) => readonly string[];
  /** Takes what another gateway says about a user who is watched here, or was. */
  readonly heard: (event: StateEvent) => void;
  readonly bus: EphemeralBus;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  readonly metrics: Pick<GatewayMetrics, 'ephemeralEvents' | 'ephemeralDeliveries' | 'ephemeralDropped'>;
  readonly after: Clock['after'];
}

/** Ephemeral events of one gateway: to its own connections at once, and to the gateways that may have others, within 50 ms. */
export class EphemeralLane implements Ephemeral {
  readonly #options: EphemeralOptions;
  readonly #batches: Batches;

  constructor(options: EphemeralOptions) {
    const { bus, after, metrics } = options;
    this.#options = options;
    this.#batches = new Batches({
      bus,
      after,
      lost: (reason, events) => metrics.ephemeralDropped.inc({ reason }, events),
    });
    bus.onBatch(options.gateway, batch => {
      for (const event of readBatch(batch)) this.#deliver(event);
    });
  }

  room(room: string, data: EventBody, except: readonly string[] = []): void {
    this.#send(room, { room, data, except });
  }

  user(user: string, data: EventBody): void {
    this.#send(this.#options.inboxOf(user), { user, data });
  }

  /** Tells the other gateways that watch a user about that user. */
  state({ watched, ...said }: StateEvent): void {
    const { metrics, watchersOf } = this.#options;
    const gateways = watchersOf(watched);
    if (gateways.length === 0) return;
    metrics.ephemeralEvents.inc({ to: 'watchers' });
    this.#sendTo(gateways, { watched, data: { type: 'state', ...said } });
  }

  /** @param room room whose subscribers are to get the event */
  #send(room: string, event: RoomEvent | UserEvent): void {
    const { metrics, holders } = this.#options;
    metrics.ephemeralEvents.inc({ to: 'room' in event ? 'room' : 'user' });
    this.#deliver(event);
    this.#sendTo(holders(room), event);
  }

  #sendTo(gateways: readonly string[], event: EphemeralEvent): void {
    if (gateways.length === 0) return;
    const text = JSON.stringify(event);
    for (const gateway of gateways) this.#batches.add(gateway, text);
  }

  #deliver(event: EphemeralEvent): void {
    if ('watched' in event) {
      const state = readStateEvent(event.watched, event.data);
      if (state) this.#options.heard(state);
      return;
    }
    if ('user' in event) return this.#push(this.#options.inboxOf(event.user), userPush(event), () => true);
    const except = new Set(event.except);
    this.#push(event.room, roomPush(event), member => {
      if (except.has(member.user)) return false;
      if (member.isBackground) this.#options.metrics.ephemeralDropped.inc({ reason: 'background' });
      return !member.isBackground;
    });
  }

  /** Pushes to subscribers of a room here, encoded once for each encoding. */
  #push(room: string, push: Push, isFor: (member: Member) => boolean): void {
    const { members, codecs, metrics } = this.#options;
    const frames: Partial<Record<Encoding, Frame>> = {};
    for (const member of members(room)) {
      if (!isFor(member)) continue;
      const frame = frames[member.encoding] ?? codecs[member.encoding].push(push);
      frames[member.encoding] = frame;
      if (member.offer(frame)) metrics.ephemeralDeliveries.inc();
      else metrics.ephemeralDropped.inc({ reason: 'slow' });
    }
  }
}

const jsonOf = (data: EventBody) => Buffer.from(JSON.stringify(data));

const roomPush = ({ room, data }: RoomEvent): Push => ({
  type: 'publication',
  channel: room,
  publication: { data: jsonOf(data), offset: 0, type: data.type },
});

const userPush = ({ data }: UserEvent): Push => ({ type: 'message', data: jsonOf(data) });
