import { nextId } from '../support/sdk.ts';
import { tokenFor } from '../support/token.ts';
import { until } from '../support/until.ts';
import { BenchClient } from './client.ts';
import { connectionCost } from './connection-cost.ts';
import { median } from './rounds.ts';
import { pidOf, type Row, type Setup, type Spine, startGateway, startSpine } from './setup.ts';

const USERS = 2_000;
const ROOMS_EACH = 20;
/** Users who are together in all their rooms: one creates a room with the others. */
const TOGETHER = 100;
/** Gateways of each kind that are measured, in turns: the memory of one depends on when it collects garbage. */
const ROUNDS = 3;
const KIB = 1024;
const nameOf = (user: number) => `member${user}`;

/** Memory of connections whose users are members of 20 rooms and subscribed to their inboxes alone, over that of users of none. */
export async function memberMemory(setup: Setup): Promise<Row[]> {
  const spine = await startSpine(setup);
  await createRooms(setup, spine);
  const cost = async (name: string, verb?: string) => {
    const { process, url } = await startGateway(setup, spine.env);
    const connections = { url, dialect: 'chat', clients: USERS, name, ...(verb ? { verb } : {}) } as const;
    const { rss } = await connectionCost(setup, pidOf(process), connections);
    process.kill('SIGKILL');
    return rss / USERS;
  };
  const costs = { none: [] as number[], members: [] as number[], listed: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    costs.none.push(await cost('nobody'));
    costs.members.push(await cost('member'));
    costs.listed.push(await cost('member', 'room.list'));
  }
  const [none, members, listed] = [median(costs.none), median(costs.members), median(costs.listed)];
  for (const child of [spine.gateway, spine.worker]) child.kill('SIGKILL');
  const kib = (bytes: number) => `${(bytes / KIB).toFixed(2)} KiB`;
  return [
    { what: `RSS a connection of a user of no room, ${USERS} idle`, measured: kib(none) },
    { what: `the same of a member of ${ROOMS_EACH} rooms`, measured: kib(members) },
    { what: 'member over user of no room', measured: (members / none).toFixed(2), goal: 'at most 1.1' },
    { what: 'member who has listed the rooms', measured: kib(listed) },
  ];
}

async function createRooms(setup: Setup, { url }: Spine): Promise<void> {
  const blocks = Array.from({ length: USERS / TOGETHER }, (_, block) => block * TOGETHER);
  const members = (first: number) => Array.from({ length: TOGETHER - 1 }, (_, at) => nameOf(first + 1 + at));
  const clients = await Promise.all(
    blocks.map(async first => BenchClient.open(url, 'chat', await tokenFor(nameOf(first), {}, setup.secret))),
  );
  for (let room = 0; room < ROOMS_EACH; room++)
    for (const [at, client] of clients.entries()) {
      const data = { id: nextId(), kind: 'group', members: members(blocks[at] ?? 0) };
      await client.surely('room.create', data);
    }
  await until(
    'every user has the rooms',
    async () => {
      const lists = await Promise.all(clients.map(client => client.surely('room.list', {})));
      return lists.every(list => list.split('"room":').length - 1 >= ROOMS_EACH);
    },
    { ms: 120_000, pollMs: 500 },
  );
  for (const client of clients) client.close();
}
