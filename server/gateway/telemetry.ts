import type { Logger } from 'pino';
import type { GatewayLoad } from '../contract/load.ts';
import type { TailBudget } from '../room/tail.ts';
import type { Config } from '../settings/config.ts';
import type { SettingsSource } from '../settings/source.ts';
import { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import { LoadMeter } from '../telemetry/load-meter.ts';
import { Overload } from '../telemetry/overload.ts';
import type { Moment } from '../time/clock.ts';
import type { Listener } from '../transport/uws.ts';
import type { Connections } from './connections.ts';
import type { Nats } from './nats.ts';
import type { Part } from './part.ts';
import type { RoomsPart } from './rooms.ts';
import type { TrafficPart } from './traffic.ts';

/** Parts that metrics and load show. Absent until they are started, as the admin port answers before that. */
export interface Measured {
  connections?: Connections;
  traffic?: TrafficPart;
  nats?: Nats;
  rooms?: RoomsPart;
  client?: { readonly listener: Pick<Listener, 'closing'> };
}

export interface TelemetryOptions {
  readonly config: Config;
  readonly measured: Measured;
  readonly budget: TailBudget;
  /** Connections that the gateway accepts at most. */
  readonly mostConnections: () => number;
  readonly source: SettingsSource | undefined;
  readonly now: () => Moment;
  readonly logger: Logger;
}

export interface Telemetry extends Part {
  readonly meter: LoadMeter;
  readonly metrics: GatewayMetrics;
  readonly overload: Overload;
  /** Answer of the load endpoint, as of now. */
  readonly load: () => GatewayLoad;
}

/** Metrics and load of a gateway. */
export function telemetryPart(options: TelemetryOptions): Telemetry {
  const { config, measured, budget, mostConnections, source, now, logger } = options;
  const meter = new LoadMeter();
  const connections = () => measured.connections?.hub.sessions.size ?? 0;
  const natsUp = () => measured.nats?.up() ?? false;
  const draining = () => measured.traffic?.traffic.draining ?? false;
  const metrics = new GatewayMetrics({
    connections,
    mostConnections,
    subscriptions: () => measured.rooms?.rooms.subscriptions() ?? 0,
    rooms: () => measured.rooms?.rooms.size ?? 0,
    tailBytes: () => budget.used,
    pagesReading: () => measured.connections?.shared.pages.underWay ?? 0,
    sendBufferBytes: () => measured.connections?.sends.pending ?? 0,
    closingSockets: () => measured.client?.listener.closing.size ?? 0,
    eventLoopLagMs: () => meter.rates.eventLoopLagMs,
    draining,
    closing: () => measured.traffic?.traffic.closing ?? false,
    natsUp,
    optionsRejected: () => source?.problems.length ?? 0,
    featuresLeftOut: () => overload.leftOut,
  });
  const overload: Overload = new Overload({
    limitMs: () => config.featureLagMs,
    dropped: feature => metrics.overloadDropped.inc({ feature }),
    changed: (leftOut, lagMs) => {
      const facts = { leftOut, lagMs: Math.round(lagMs), limitMs: config.featureLagMs };
      if (leftOut.length > 0)
        logger.warn(facts, 'overloaded: the gateway leaves out what is not a message, one after the other');
      else logger.info(facts, 'no longer overloaded: the gateway leaves out nothing');
    },
  });
  const load = (): GatewayLoad => ({
    gateway: config.processName,
    ready: measured.traffic?.traffic.ready ?? false,
    draining: draining(),
    refusing: measured.traffic?.traffic.refusing ?? false,
    connections: connections(),
    maxConnections: mostConnections(),
    ...meter.rates,
    featuresLeftOut: overload.leftOut,
    natsUp: natsUp(),
    optionsVersion: source?.version ?? '',
    ...source?.refused,
  });
  const tick = () => {
    meter.tick(now());
    overload.tick(meter.rates.eventLoopLagMs);
  };
  return { meter, metrics, overload, load, tick, stop: () => meter.stop() };
}
