import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS } from '../../tools/support/sdk.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

/** Rooms whose owners leave at the same time. */
const ROOMS = 10;

const backends = await startBackends({ after });

for (const build of BUILDS)
  test(`${build}: of two owners who leave at once on two gateways the last one is followed by one member, the oldest of the highest rank`, async t => {
    const { gateways } = await startCluster(t, backends);
    const [first, second] = gateways;
    const ann = await person(t, first.url, 'ann', { build });
    const bob = await person(t, second.url, 'bob', { build });
    const others = await Promise.all(
      ['carl', 'dan', 'eve', 'fay'].map((user, index) => person(t, gateways[index % 2 ? 0 : 1].url, user, { build })),
    );
    const create = async (staff: Readonly<Record<string, 'admin' | 'moderator'>>) => {
      const members = ['bob', 'carl', 'dan', 'eve', 'fay'];
      const { room } = await ann.act('room.create', { kind: 'group', members });
      for (const [user, role] of Object.entries({ bob: 'owner' as const, ...staff }))
        await ann.act('room.role', { room, user, role });
      return room;
    };
    /** Users by rank, as each of them is told. */
    const ranks = async (room: string) => {
      const seen = await Promise.all(others.map(async by => [by.user, (await by.act('room.get', { room })).me.role]));
      return Object.fromEntries(seen) as Readonly<Record<string, string>>;
    };
    const plain = { carl: 'member', dan: 'member', eve: 'member', fay: 'member' };
    for (let round = 0; round < ROOMS; round++) {
      const staff = [{}, { dan: 'moderator' }, { fay: 'moderator', dan: 'admin', eve: 'admin' }][round % 3];
      const room = await create(staff as Readonly<Record<string, 'admin' | 'moderator'>>);
      await Promise.all([ann, bob].map(owner => owner.act('room.leave', { room })));
      const heir = ['carl', 'dan', 'dan'][round % 3] as string;
      assert.deepEqual(await ranks(room), { ...plain, ...staff, [heir]: 'owner' });
      assert.deepEqual([await ann.code('room.get', { room }), await bob.code('room.get', { room })], [103, 103]);
    }
  });
