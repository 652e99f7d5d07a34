import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { inboxOf } from '../../server/access/names.ts';

import { connectNats } from '../../server/bus/connect.ts';
import { writeEnvelope } from '../../server/bus/envelope.ts';
import { epochOf } from '../../server/bus/epoch.ts';
import { type Names, names as namesOf, partitionOf } from '../../server/bus/names.ts';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';
import type { Position } from '../../server/protocol/codec.ts';
import { freePort } from '../local/child.ts';
import { apiRequests } from '../support/api-requests.ts';
import { metric } from '../support/metrics.ts';
import { QuietClient } from '../support/quiet-client.ts';
import { tokenFor } from '../support/token.ts';
import { until } from '../support/until.ts';
import { type Row, type Setup, start } from './setup.ts';

const CLIENTS = 2_000;
const ROOMS_EACH = 10;
const PARTITIONS = 4;
const WINDOW = 500;
/** Clients that come back at the same time. */
const PARALLEL = 200;
const INSTANCE = `quiet-${process.pid}`;
const roomOf = (client: number, room: number) => `channel:${client}-${room}`;

/** 2,000 clients come to a gateway that knows none of their 10 rooms each, quiet for longer than the hot window. */
export async function quietDrain(setup: Setup): Promise<Row[]> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const env = {
    CHAT_INSTANCE: INSTANCE,
    CHAT_NATS_URL: setup.nats.url,
    CHAT_MONGODB_URI: setup.mongo.uri,
    CHAT_LOG_LEVEL: 'error',
    CHAT_PARTITIONS: String(PARTITIONS),
  };
  const purging = {
    CHAT_ADMIN_PORT: '0',
    CHAT_HOT_WINDOW_SECONDS: '0',
    CHAT_DEDUPE_SECONDS: '10',
    CHAT_PURGE_SECONDS: '1',
  };
  const worker = start('server/worker.ts', { ...env, ...purging }, setup.teardown);
  const serving = { CHAT_PORT: String(port), CHAT_ADMIN_PORT: String(adminPort), CHAT_CONNECTS_PER_SECOND: '100000' };
  const gateway = start(
    'server/gateway.ts',
    { ...env, ...serving, CHAT_AUTH_SECRET: setup.secret, CHAT_MAX_CONNECTIONS: '3000' },
    setup.teardown,
  );
  const ready = async () => (await fetch(`http://127.0.0.1:${port}${CLIENT_PATHS.ready}`).catch(() => null))?.ok;
  await until('the gateway is ready', ready);
  const nats = await connectNats({ natsUrl: setup.nats.url, natsUser: '', natsPassword: '' }, 'bench');
  setup.teardown.add(() => nats.close());
  const positions = await fill(nats, namesOf(INSTANCE));

  const api = await apiRequests({ after: end => setup.teardown.add(end) }, setup.nats.url, INSTANCE);
  const began = performance.now();
  let next = 0;
  let complete = 0;
  const lane = async () => {
    for (let index = next++; index < CLIENTS; index = next++) {
      const user = `user${index}`;
      const rooms = [inboxOf(user), ...Array.from({ length: ROOMS_EACH }, (_, room) => roomOf(index, room))];
      const held = new Map(rooms.map(room => [room, positions(room)]));
      const client = await QuietClient.open(`ws://127.0.0.1:${port}${CLIENT_PATHS.websocket}`);
      setup.teardown.add(() => client.close());
      const back = await client.comeBack(user, await tokenFor(user, {}, setup.secret), held);
      complete += back.complete;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  const seconds = (performance.now() - began) / 1_000;
  const wanted = CLIENTS * (ROOMS_EACH + 1);
  if (complete < wanted) throw new Error(`only ${complete} of ${wanted} rooms were recovered without a missed message`);
  await api.settled();
  const fromMongodb = await metric(adminPort, 'chatcluster_recoveries_total', { source: 'mongodb' });
  for (const child of [gateway, worker]) child.kill('SIGKILL');
  return [
    { what: `${CLIENTS} clients back in ${ROOMS_EACH} quiet rooms each`, measured: `${seconds.toFixed(1)} s` },
    { what: `recoveries of ${wanted} that read MongoDB`, measured: String(fromMongodb), goal: '0' },
    { what: 'requests to leaders of streams, all', measured: String(api.leader()), goal: 'below 1 for 10 rooms' },
    { what: 'batched reads from any replica, all', measured: String(api.direct()) },
  ];
}

/** One message a room, stored in MongoDB and purged from LOG. @returns where a client that has everything stands in a room */
async function fill(nats: NatsConnection, names: Names): Promise<(room: string) => Position> {
  const offsets = new Map<string, number>();
  const rooms = Array.from({ length: CLIENTS * ROOMS_EACH }, (_, i) =>
    roomOf(Math.floor(i / ROOMS_EACH), i % ROOMS_EACH),
  );
  const envelope = {
    type: 'message',
    id: '',
    dedupe: '',
    time: 0,
    user: 'a',
    client: 'c',
    traceparent: '',
    cv: 0,
    seen: 0,
    targets: [],
  } as const;
  for (let at = 0; at < rooms.length; at += WINDOW)
    await Promise.all(
      rooms.slice(at, at + WINDOW).map(async room => {
        const subject = names.log(partitionOf(room, PARTITIONS), room);
        const ack = await nats.request(subject, '{"text":"the only one"}', {
          headers: writeEnvelope(envelope),
          timeout: 10_000,
        });
        offsets.set(room, ack.json<{ seq: number }>().seq);
      }),
    );
  const jsm = await jetstreamManager(nats, { checkAPI: false });
  const infos = () =>
    Promise.all(Array.from({ length: PARTITIONS }, (_, each) => jsm.streams.info(names.logStream(each))));
  await until('everything is purged', async () => (await infos()).every(({ state }) => state.messages === 0), {
    ms: 120_000,
  });
  const ends = (await infos()).map(info => ({ offset: info.state.last_seq, epoch: epochOf(info) }));
  return room => {
    const end = ends[partitionOf(room, PARTITIONS)] ?? { offset: 0, epoch: '' };
    return { ...end, offset: offsets.get(room) ?? end.offset };
  };
}
