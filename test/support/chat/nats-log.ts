import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { connectNats } from '../../../server/bus/connect.ts';
import { type Names, names as namesOf } from '../../../server/bus/names.ts';
import { roomLog } from '../../../server/bus/room-log.ts';
import { Streams } from '../../../server/bus/streams.ts';
import type { RoomLog } from '../../../server/room/log.ts';
import { type Config, loadConfig } from '../../../server/settings/config.ts';
import { systemClock } from '../../../server/time/clock.ts';
import type { Teardown } from '../../../tools/support/backends.ts';
import { SECRET } from '../../../tools/support/token.ts';
import { until } from '../../../tools/support/until.ts';
import { foldState } from './fold-state.ts';

let instances = 0;

/** Streams of one partition on a real NATS, made as a worker does, and one gateway's view of them. */
export interface NatsLog {
  readonly config: Config;
  readonly names: Names;
  readonly log: RoomLog;
  readonly streams: Streams;
  readonly write: NatsConnection;
  readonly read: NatsConnection;
  /** The same streams over connections of another gateway. */
  another(): Promise<RoomLog>;
  /** @param noted whether the last offsets of the rooms are noted, as a worker does; default: they are */
  purge(upTo: number, noted?: boolean): Promise<void>;
}

export async function natsLog(
  t: Teardown,
  server: { readonly url: string },
  env: Readonly<Record<string, string>> = {},
): Promise<NatsLog> {
  const config = loadConfig('standalone', {
    CHAT_INSTANCE: `nats-log-${process.pid}-${instances++}`,
    CHAT_NATS_URL: server.url,
    CHAT_MONGODB_URI: 'mongodb://none',
    CHAT_AUTH_SECRET: SECRET,
    CHAT_PARTITIONS: '1',
    CHAT_STREAM_MAX_BYTES: String(64 * 1024 * 1024),
    CHAT_LIVE_MAX_BYTES: String(16 * 1024 * 1024),
    ...env,
  });
  const names = namesOf(config.instance);
  const { partitions } = config;
  const connect = async () => {
    const both = await Promise.all([connectNats(config, 'writes'), connectNats(config, 'reads')]);
    t.after(async () => void (await Promise.all(both.map(each => each.close()))));
    return both;
  };
  const publishTimeoutMs = () => config.publishTimeoutMs;
  const logOf = ([write, read]: readonly [NatsConnection, NatsConnection]) =>
    roomLog(write, read, { names, partitions, publishTimeoutMs, now: systemClock.now });
  const own = await connect();
  const [write, read] = own;
  const streams = new Streams(write, {
    names,
    options: config,
    holder: 'test',
    floor: async () => ({ offset: 0, complete: 0, rolledBack: false }),
    known: async () => [],
    settle: async () => undefined,
    rescue: async () => undefined,
    changed: () => undefined,
    fewCopies: () => undefined,
    now: systemClock.now,
  });
  let failure: unknown;
  const made = () =>
    streams.ensure(0).then(Boolean, (error: unknown) => {
      failure = error; // three servers that were just started have no leader yet
      return false;
    });
  await until('the streams are made', made, { state: () => String(failure) });
  const log = logOf(own);
  return {
    config,
    names,
    log,
    streams,
    write,
    read,
    another: async () => logOf(await connect()),
    async purge(upTo, noted = true) {
      const jsm = await jetstreamManager(write);
      if (noted) await foldState({ connection: write, jsm, names, partition: 0 });
      await jsm.streams.purge(names.logStream(0), { seq: upTo + 1 });
    },
  };
}
