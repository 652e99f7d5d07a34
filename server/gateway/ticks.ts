import { BEAT_MS } from '../presence/peers.ts';
import type { Rechecks } from '../room/rechecks.ts';
import type { Rooms } from '../room/rooms.ts';
import { TICK_MS } from '../session/heartbeat.ts';
import type { Hub } from '../session/hub.ts';
import type { LoadMeter } from '../telemetry/load-meter.ts';
import type { Moment } from '../time/clock.ts';

/** What a gateway does by the clock. */
export interface Ticking {
  readonly now: () => Moment;
  readonly meter: Pick<LoadMeter, 'tick'>;
  readonly hub: Pick<Hub, 'tick' | 'sweep'>;
  readonly rooms: Pick<Rooms, 'sweep'>;
  readonly sends: { look(): void };
  readonly rechecks: Pick<Rechecks, 'tick'>;
  /** Says to the other gateways that this one is there, each {@link BEAT_MS}. */
  readonly presence: { beat(): void };
  /** Warns when messages could become larger than NATS takes. */
  readonly checkPayload: () => void;
}

/** Starts the timers of a gateway. @returns stops them */
export function startTicks(parts: Ticking): () => void {
  const { now, meter, hub, rooms, sends, rechecks, presence, checkPayload } = parts;
  checkPayload();
  presence.beat();
  const beats = setInterval(() => presence.beat(), BEAT_MS);
  const ticks = setInterval(() => {
    checkPayload();
    meter.tick(now());
    hub.tick();
    // After the sockets have been read.
    setImmediate(() => {
      hub.sweep();
      sends.look();
    });
    rooms.sweep();
    rechecks.tick();
  }, TICK_MS);
  return () => {
    for (const timer of [ticks, beats]) clearInterval(timer);
  };
}
