import { nextId } from '../support/sdk.ts';
import { tokenFor } from '../support/token.ts';
import { until } from '../support/until.ts';
import { BenchClient } from './client.ts';
import { countingProxy } from './counting-proxy.ts';
import { median, paced } from './rounds.ts';
import { type Row, type Setup, type Spine, startSpine } from './setup.ts';

const SMALL = 10;
/** Members of the large room. `BENCH_MEMBERS` sets another number for a quick look: adding them takes most of the time. */
const LARGE = Number(process.env['BENCH_MEMBERS'] ?? 100_000);
/** Members of one call, a limit of the server. */
const AT_ONCE = 100;
/** Rounds that count, in each room; the rooms take turns. */
const ROUNDS = 5;
const WARM_UP = 1;
const MESSAGES_A_ROUND = 200;
const PER_SECOND = 50;
/** Time for the worker to store a round, and for digests of the rooms, which are written once a second. */
const SETTLE_MS = 3_000;
const TEXT = 'x'.repeat(140);

/** Kind whose rooms have no limit of members. */
const KIND = { CHAT_ROOM_RULES: '{"hall":{"access":"Members","create":"Anyone","maxMembers":0}}' };

/** Bytes sent to a backend for a message. */
interface Written {
  readonly nats: number;
  readonly mongo: number;
}

/** Bytes that gateway and worker send to NATS and MongoDB for a message in a room of 100,000 members, over one in a room of 10. */
export async function largeRoom(setup: Setup): Promise<Row[]> {
  if (setup.mongo.kind === 'external') return [{ what: 'bytes for a message in a large room', measured: 'not run' }];
  const nats = await countingProxy(Number(new URL(setup.nats.url).port), setup.teardown);
  const mongo = await countingProxy(Number(new URL(setup.mongo.uri).port), setup.teardown);
  const env = {
    ...KIND,
    CHAT_NATS_URL: `nats://127.0.0.1:${nats.port}`,
    CHAT_MONGODB_URI: `mongodb://127.0.0.1:${mongo.port}/?directConnection=true`,
  };
  const spine = await startSpine(setup, { env });
  const owner = await BenchClient.open(spine.url, 'chat', await tokenFor('owner', {}, setup.secret));
  const began = performance.now();
  const rooms = [await roomOf(owner, 's', SMALL), await roomOf(owner, 'l', LARGE)];
  const seconds = (performance.now() - began) / 1_000;
  await quiet(() => nats.sent() + mongo.sent());

  const written: Written[][] = rooms.map(() => []);
  for (let round = 0; round < WARM_UP + ROUNDS; round++)
    for (const [at, room] of rooms.entries()) {
      const before = [nats.sent(), mongo.sent()] as const;
      await paced(MESSAGES_A_ROUND, PER_SECOND, () =>
        owner.command({ rpc: { method: 'message.send', data: { room, id: nextId(), text: TEXT } } }),
      );
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
      const each = (now: number, then: number) => (now - then) / MESSAGES_A_ROUND;
      const bytes = { nats: each(nats.sent(), before[0]), mongo: each(mongo.sent(), before[1]) };
      if (round >= WARM_UP) written[at]?.push(bytes);
    }
  end(spine);
  const row = (what: string, backend: keyof Written): Row => {
    const [small = 0, large = 0] = written.map(rounds => median(rounds.map(bytes => bytes[backend])));
    const measured = `${(large / small).toFixed(2)} (${large.toFixed(0)} over ${small.toFixed(0)} bytes)`;
    return {
      what: `message in a room of ${LARGE} over one of ${SMALL}: sent to ${what}`,
      measured,
      goal: 'at most 1.1',
    };
  };
  return [
    row('NATS', 'nats'),
    row('MongoDB', 'mongo'),
    { what: `${LARGE} members added, ${AT_ONCE} a call`, measured: `${seconds.toFixed(0)} s` },
  ];
}

/** Makes a room of so many members, with their owner. */
async function roomOf(owner: BenchClient, prefix: string, members: number): Promise<string> {
  const data = { id: nextId(), kind: 'hall' };
  const created = await owner.surely('room.create', data);
  const room = /"room":"([^"]+)"/.exec(created)?.[1] ?? '';
  for (let first = 1; first < members; first += AT_ONCE) {
    const users = Array.from({ length: Math.min(AT_ONCE, members - first) }, (_, at) => `${prefix}${first + at}`);
    await owner.surely('room.add', { room, id: nextId(), users });
  }
  return room;
}

/** Waits until little is sent: folds have caught up. */
async function quiet(sent: () => number): Promise<void> {
  let before = sent();
  await until(
    'the folds have caught up',
    async () => {
      const now = sent();
      const more = now - before;
      before = now;
      return more < 20_000;
    },
    { ms: 900_000, pollMs: 2_000 },
  );
}

const end = ({ gateway, worker }: Spine) => {
  for (const child of [gateway, worker]) child.kill('SIGKILL');
};
