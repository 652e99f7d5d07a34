import type { NatsConnection } from '@nats-io/transport-node';
import { connectNats } from '../../server/bus/connect.ts';
import { writeEnvelope } from '../../server/bus/envelope.ts';
import { names as namesOf, partitionOf } from '../../server/bus/names.ts';
import { loadConfig } from '../../server/settings/config.ts';
import { nextId } from '../support/sdk.ts';
import { tokenFor } from '../support/token.ts';
import { until } from '../support/until.ts';
import { BenchClient } from './client.ts';
import { countingProxy } from './counting-proxy.ts';
import { cpuMs } from './process-cost.ts';
import { pidOf, type Row, type Setup, startGateway, startSpine } from './setup.ts';

/** Rooms of the user who lists, and of the one who catches up. */
const LISTED = 1_000;
const SYNCED = 2_000;
const MISSED = 50_000;
/** Users who make the rooms, at the same time. */
const MAKERS = 20;
/** Lists before a measurement, and those of it: the kernel counts CPU in steps of 10 ms. */
const WARM_UP = 5;
const TIMES = 20;

/** Choices of `room.list`. */
const CHOICES = [{}, { order: 'name' }, { order: 'last' }, { unread: true }] as const;

interface Page {
  readonly cursor?: string;
  readonly more?: boolean;
  readonly rooms?: readonly unknown[];
}

/** CPU of a gateway for lists of rooms, and what it reads of MongoDB while a user catches up. */
export async function roomLists(setup: Setup): Promise<Row[]> {
  if (setup.mongo.kind === 'external') return [{ what: 'lists of rooms', measured: 'not run' }];
  const reads: string[] = [];
  const proxy = await countingProxy(Number(new URL(setup.mongo.uri).port), setup.teardown, data => {
    // A command begins with its name, and the collection as a text of BSON.
    for (const [, collection] of data.toString('latin1').matchAll(/(?:find|aggregate|count)\0.{4}(\w+)\0/gs))
      reads.push(collection ?? '');
  });
  const spine = await startSpine(setup);
  const uri = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true`;
  const gateway = await startGateway(setup, { ...spine.env, CHAT_MONGODB_URI: uri });
  const open = async (url: string, user: string) =>
    await BenchClient.open(url, 'chat', await tokenFor(user, {}, setup.secret));
  const makers = await Promise.all(Array.from({ length: MAKERS }, (_, at) => open(spine.url, `maker-${at}`)));
  const rooms = (await Promise.all(makers.map(makeRooms))).flat();
  await worked(pidOf(spine.worker));
  const [lister, syncer] = [await open(gateway.url, 'lister'), await open(gateway.url, 'syncer')];
  const before = await pagesOf(syncer, 'sync', {});
  const cursor = before.at(-1)?.cursor;
  await miss(spine.env, rooms);
  await worked(pidOf(spine.worker));

  const rows: Row[] = [];
  const cost = async (work: () => Promise<unknown>) => {
    for (let done = 0; done < WARM_UP; done++) await work();
    const used = cpuMs(pidOf(gateway.process));
    for (let done = 0; done < TIMES; done++) await work();
    return `${((cpuMs(pidOf(gateway.process)) - used) / TIMES).toFixed(1)} ms`;
  };
  for (const choice of CHOICES)
    rows.push({
      what: `room.list ${JSON.stringify(choice)}, ${LISTED} rooms, all pages: CPU of the gateway`,
      measured: await cost(() => pagesOf(lister, 'room.list', choice)),
      ...(choice === CHOICES[0] ? { goal: 'under 20 ms' } : {}),
    });
  reads.length = 0;
  const pages = await pagesOf(syncer, 'sync', { cursor });
  const came = pages.reduce((sum, page) => sum + (page.rooms?.length ?? 0), 0);
  if (came !== SYNCED) throw new Error(`${came} of ${SYNCED} rooms came by sync`);
  const found = Map.groupBy(reads, collection => collection);
  const list = [...found].map(([collection, of]) => `${of.length} ${collection}`).join(', ') || 'none';
  const what = `sync, ${SYNCED} rooms changed, ${MISSED.toLocaleString('en')} events missed`;
  rows.push(
    { what: `${what}: pages`, measured: String(pages.length), goal: 'at most 10' },
    { what: `${what}: reads of MongoDB`, measured: list, goal: '0 marks' },
    { what: `${what}: CPU of the gateway`, measured: await cost(() => pagesOf(syncer, 'sync', { cursor })) },
  );
  for (const child of [gateway.process, spine.gateway, spine.worker]) child.kill('SIGKILL');
  return rows;
}

/** Makes a maker's share of the rooms. @returns their names */
async function makeRooms(maker: BenchClient): Promise<string[]> {
  const rooms: string[] = [];
  for (let made = 0; made < SYNCED / MAKERS; made++) {
    const members = made < LISTED / MAKERS ? ['lister', 'syncer'] : ['syncer'];
    const answer = await maker.surely('room.create', { id: nextId(), kind: 'group', name: `Room ${made}`, members });
    rooms.push(/"room":"([^"]+)"/.exec(answer)?.[1] ?? '');
  }
  return rooms;
}

/** Stores messages in all rooms in turns, as a gateway does. */
async function miss(env: Readonly<Record<string, string>>, rooms: readonly string[]): Promise<void> {
  const config = loadConfig('worker', { ...env, CHAT_PROCESS_NAME: 'bench' });
  const names = namesOf(config.instance);
  const nats: NatsConnection = await connectNats(config, 'bench');
  for (let sent = 0; sent < MISSED; sent++) {
    const room = rooms[sent % rooms.length] ?? '';
    const id = nextId();
    const about = { type: 'message', user: 'maker-0', id, dedupe: '', time: Date.now(), client: 'c', traceparent: '' };
    const headers = writeEnvelope({ ...about, cv: 0, seen: 0, targets: [] });
    const body = { type: 'message', id, text: 'a message of the usual length' };
    nats.publish(names.log(partitionOf(room, config.partitions), room), JSON.stringify(body), { headers });
    if (sent % 500 === 499) await nats.flush();
  }
  await nats.close();
}

/** All pages of a verb. */
async function pagesOf(client: BenchClient, verb: 'sync' | 'room.list', params: object): Promise<Page[]> {
  const pages: Page[] = [];
  for (let cursor = {}; ; ) {
    const frame = await client.surely(verb, { ...params, ...cursor });
    const { data } = (JSON.parse(frame) as { readonly rpc: { readonly data: Page } }).rpc;
    pages.push(data);
    if (data.cursor === undefined || data.more === false) return pages;
    cursor = { cursor: data.cursor };
  }
}

/** Waits until a worker is idle: it has folded what there is. */
async function worked(pid: number): Promise<void> {
  let before = 0;
  await until(
    'the worker is idle',
    async () => {
      const now = cpuMs(pid);
      const used = now - before;
      before = now;
      return used < 200;
    },
    { ms: 300_000, pollMs: 2_000 },
  );
}
