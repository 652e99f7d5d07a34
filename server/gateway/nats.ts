import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { connectNats, type NatsConnection } from '../bus/connect.ts';
import { type Names, names as namesOf } from '../bus/names.ts';
import { natsUp } from '../bus/nats-up.ts';
import { roomLog } from '../bus/room-log.ts';
import type { RoomLog } from '../room/log.ts';
import type { Config } from '../settings/config.ts';
import type { Moment } from '../time/clock.ts';
import type { Part } from './part.ts';
import { payloadCheck } from './payload-check.ts';

export interface NatsPartOptions {
  readonly config: Config;
  /** Counts messages of a stream that clients cannot have. */
  readonly unreadable: () => void;
  /** Test hook: true loses a live message. */
  readonly dropLive: ((room: string, offset: number) => boolean) | undefined;
  readonly now: () => Moment;
  readonly logger: Logger;
}

export interface Nats extends Part {
  readonly names: Names;
  /** Carries publishes and live messages. */
  readonly write: NatsConnection;
  /** Carries reads: a large one must not delay a publish. */
  readonly read: NatsConnection;
  readonly log: RoomLog;
  /** False once NATS has been away for some seconds. */
  readonly up: () => boolean;
}

/** Time for the last messages to reach NATS: without the farewell the other gateways wait for answers of this one. */
const FAREWELL_MS = 500;

/** Connects to NATS. Resolves once it is reached, however long that takes. */
export async function natsPart(options: NatsPartOptions): Promise<Nats> {
  const { config, unreadable, dropLive, now, logger } = options;
  const names = namesOf(config.instance);
  const [write, read] = await Promise.all([
    connectNats(config, `${config.processName} writes`),
    connectNats(config, `${config.processName} reads`),
  ]);
  const log = roomLog(write, read, {
    names,
    partitions: config.partitions,
    publishTimeoutMs: () => config.publishTimeoutMs,
    now,
    unreadable,
    ...(dropLive ? { dropLive } : {}),
  });
  const checkPayload = payloadCheck(config, log.mostBodyBytes, logger);
  checkPayload();
  return {
    names,
    write,
    read,
    log,
    up: natsUp([write, read], now),
    tick: checkPayload,
    stop: async () => {
      if (log.connected()) await Promise.race([write.flush(), sleep(FAREWELL_MS)]).catch(() => undefined);
      await Promise.allSettled([write.close(), read.close()]);
    },
  };
}
