import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { RANKS } from '../../server/fold/control.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const MEMBERS = 3_000;
const PAGE = 250;
const HALL = { access: 'Members', join: 'Anyone', maxMembers: 0 };

const cluster = await startCluster({ after }, await startBackends({ after }), {
  env: { CHAT_ROOM_RULES: JSON.stringify({ hall: HALL }) },
});
const [first, second] = cluster.gateways;
const nameOf = (index: number) => `u${String(index).padStart(4, '0')}`;
const users = Array.from({ length: MEMBERS }, (_, index) => nameOf(index));

interface Listed {
  readonly user: string;
  readonly role: string;
}

/** Reads the whole list, and does something after each page. */
async function pagesOf(reader: Person, room: string, between: (page: number) => Promise<unknown>): Promise<Listed[]> {
  const found: Listed[] = [];
  let cursor: string | undefined;
  for (let page = 0; page === 0 || cursor !== undefined; page++) {
    const answer = await reader.act('room.members', { room, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    assert.ok(answer.users.length <= PAGE);
    found.push(...answer.users);
    cursor = answer.cursor;
    await between(page);
  }
  return found;
}

const isBefore = (a: Listed, b: Listed) =>
  RANKS.indexOf(a.role as 'owner') - RANKS.indexOf(b.role as 'owner') || (a.user < b.user ? -1 : 1);

const isArchived = async (room: string, cv: number) =>
  (await cluster.collection('rooms').findOne({ _id: room as never }))?.['cv'] === cv;

/** Users who were taken out by the test of the other encoding. */
const before = new Set<string>();

/** A hall with all users, made once for both encodings. */
let made: Promise<string> | null = null;
async function hall(ann: Person): Promise<string> {
  const { room } = await ann.act('room.create', { kind: 'hall' });
  for (let from = 0; from < MEMBERS; from += 100) {
    const { cv } = await ann.act('room.add', { room, users: users.slice(from, from + 100) });
    // One call after another: the stand-in for MongoDB looks at all members for each that it writes.
    await until('MongoDB has them', () => isArchived(room, cv), { ms: 120_000 });
  }
  return room;
}

for (const build of BUILDS)
  test(`${build}: ${MEMBERS.toLocaleString('en')} members are listed by pages in the order of rank and user, whoever joins, leaves or gets a rank meanwhile`, async t => {
    const ann = await person(t, first.url, 'ann', { build });
    const bob = await person(t, second.url, nameOf(1_500), { build });
    made ??= hall(ann);
    const room = await made;
    const gone = new Set<string>();
    const moved = new Set<string>();
    const shift = 100 * BUILDS.indexOf(build);
    const found = await pagesOf(bob, room, async page => {
      if ((page + 1) * PAGE > MEMBERS) return;
      await ann.act('room.add', { room, users: [`u0000-${build}-${page}`, `u2999-${build}-${page}`] });
      // Before the cursor of the reader, and behind it.
      for (const user of [nameOf(page * PAGE + 7 + shift), nameOf(MEMBERS - 3 - page - shift)]) {
        await ann.act('room.kick', { room, user });
        gone.add(user);
      }
      const ranked = nameOf(page * PAGE + 20 + shift);
      await ann.act('room.role', { room, user: ranked, role: page % 2 === 0 ? 'moderator' : 'admin' });
      moved.add(ranked);
    });
    const listed = found.map(({ user }) => user);
    const stable = users.filter(user => !gone.has(user) && !moved.has(user));
    const counts = Map.groupBy(listed, user => user);
    for (const user of stable) assert.equal(counts.get(user)?.length ?? 0, before.has(user) ? 0 : 1, user);
    // One who gets a rank while the list is read may be on a page of either rank.
    for (const [user, some] of counts) assert.ok(some.length === 1 || moved.has(user), `${user} is listed twice`);
    assert.deepEqual(found, found.toSorted(isBefore));
    for (const user of gone) before.add(user);

    // Once nothing changes, both gateways list the same, with every rank.
    const { members, cv } = await bob.act('room.get', { room });
    await until('MongoDB has the last act', () => isArchived(room, cv), { ms: 60_000 });
    const [one, two] = [
      await pagesOf(bob, room, async () => undefined),
      await pagesOf(ann, room, async () => undefined),
    ];
    assert.deepEqual([one.length, one], [members, two]);
    assert.deepEqual(one, one.toSorted(isBefore));
    assert.equal(new Set(one.map(({ user }) => user)).size, members);
    const ranks = new Set(one.map(({ role }) => role));
    assert.deepEqual([...ranks], ['owner', 'admin', 'moderator', 'member']);
  });
