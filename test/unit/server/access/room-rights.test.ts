import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Policy } from '../../../../server/access/policy.ts';
import { type Action, authorize } from '../../../../server/access/room-access.ts';
import { RoomRights } from '../../../../server/access/room-rights.ts';
import type { Identity } from '../../../../server/access/token.ts';
import { BUILT_IN_KINDS, type DeclaredKind, rulesOf } from '../../../../server/contract/room-kinds.ts';
import type { Control } from '../../../../server/fold/control.ts';
import { NO_ROOM, type RoomState } from '../../../../server/fold/room-state.ts';
import type { UserRoom } from '../../../../server/membership/room-states.ts';
import { ReadFailed } from '../../../../server/room/log.ts';
import type { Moment } from '../../../../server/time/clock.ts';
import { created, stateAfter } from '../../../support/chat/control-log.ts';

const GROUP = 'group:tea';
const group = stateAfter([['ann', created({ ann: 'owner', bob: 'member' })]]);
const kicked = stateAfter([['ann', { act: 'kick', user: 'bob' }]], group);
const who = (user: string, rooms: readonly string[] = []): Identity => ({ user, rooms, expiresAt: Infinity as Moment });
const member: UserRoom = { state: 'member', rank: 'member', since: 5, cv: 1, kind: 'group' };

/** Rights by what one gateway has in memory, and by what the leader says. */
function rightsOf(memory: RoomState, leader: RoomState | Error = memory, kinds: Record<string, DeclaredKind> = {}) {
  const asked: string[] = [];
  const documents = new Map<string, ReadonlyMap<string, UserRoom>>();
  const document = (user: string) => documents.get(user) ?? new Map<string, UserRoom>();
  const all = new Map([
    ...BUILT_IN_KINDS,
    ...Object.entries(kinds).map(([name, kind]) => [name, rulesOf(name, kind)] as const),
  ]);
  const rights = new RoomRights({
    policy: new Policy(all),
    states: {
      current: () => memory,
      upTo: () => memory,
      known: () => memory,
      fresh: async room => {
        asked.push(room);
        if (leader instanceof Error) throw leader;
        return leader;
      },
    },
    users: { current: document, known: document, of: async user => document(user) },
    wallClock: () => 1_000,
  });
  const ask = async (user: Identity, room: string, action: Action) => {
    try {
      await authorize((identity, name) => rights.load(identity, name), user, room, action);
      return 'ok';
    } catch (error) {
      return String((error as { error?: { code: number } }).error?.code ?? (error as Error).name);
    }
  };
  return { rights, asked, documents, ask };
}

test('members read and write in a group, and nobody else knows whether there is one', async () => {
  const { ask, rights } = rightsOf(group);
  for (const action of ['subscribe', 'send', 'history', 'presence'] as const) {
    assert.equal(await ask(who('bob'), GROUP, action), 'ok', action);
    assert.equal(await ask(who('zoe'), GROUP, action), '103', action);
  }
  assert.equal(await ask(who('bob'), GROUP, 'publish'), '108');
  assert.equal(await ask(who('zoe'), GROUP, 'publish'), '103');
  const detail = async (room: string, state: RoomState) => {
    const access = await rightsOf(state).rights.load(who('zoe'), room);
    return (['subscribe', 'send', 'publish', 'history'] as const).map(action => access.may(action));
  };
  assert.deepEqual(await detail(GROUP, group), await detail('group:none', NO_ROOM));
  assert.equal(rights.load(who('bob'), GROUP) instanceof Promise, false);
});

test('a refusal is given on the word of the leader alone', async () => {
  const added = rightsOf(kicked, group);
  assert.deepEqual([await added.ask(who('bob'), GROUP, 'subscribe'), added.asked], ['ok', [GROUP]]);
  const away = rightsOf(kicked, new ReadFailed('away'));
  assert.equal(await away.ask(who('bob'), GROUP, 'subscribe'), 'ReadFailed');
  const member = rightsOf(group, new ReadFailed('away'));
  assert.deepEqual([await member.ask(who('bob'), GROUP, 'subscribe'), member.asked], ['ok', []]);
});

test('a channel without acts of staff asks nothing and nobody, for what it allows and for what it refuses', async () => {
  const { ask, asked } = rightsOf(NO_ROOM, new ReadFailed('away'), { news: { access: 'Open', publish: 'Disabled' } });
  assert.equal(await ask(who('zoe'), 'channel:a', 'subscribe'), 'ok');
  assert.equal(await ask(who('zoe'), 'channel:a', 'publish'), 'ok');
  assert.equal(await ask(who('zoe'), 'news:a', 'publish'), '108');
  assert.equal(await ask(who('zoe'), 'none:a', 'subscribe'), '102');
  assert.equal(await ask(who('zoe'), 'user:ann', 'history'), '103');
  assert.deepEqual(asked, []);
});

test('a claim of the token opens a room as before, and so does membership', async () => {
  const { ask } = rightsOf({ ...group, kind: 'class' }, undefined, { class: { access: 'Claim' } });
  assert.equal(await ask(who('zoe', ['class:a']), 'class:a', 'subscribe'), 'ok');
  assert.equal(await ask(who('zoe', ['class:*']), 'class:a', 'subscribe'), 'ok');
  assert.equal(await ask(who('bob'), 'class:a', 'subscribe'), 'ok');
  assert.equal(await ask(who('zoe'), 'class:a', 'subscribe'), '103');
});

test('muted and frozen users read and do not write, banned ones do neither', async () => {
  const acts = (control: Parameters<typeof stateAfter>[0][number][1]) => stateAfter([['ann', control]], group);
  const muted = rightsOf(acts({ act: 'mute', user: 'bob', until: 5_000 }));
  assert.deepEqual(
    [await muted.ask(who('bob'), GROUP, 'send'), await muted.ask(who('bob'), GROUP, 'history')],
    ['423', 'ok'],
  );
  const frozen = rightsOf(acts({ act: 'freeze', on: true }));
  assert.deepEqual(
    [await frozen.ask(who('bob'), GROUP, 'send'), await frozen.ask(who('ann'), GROUP, 'send')],
    ['423', 'ok'],
  );
  const banned = rightsOf(acts({ act: 'ban', user: 'bob', until: 0 }));
  assert.equal(await banned.ask(who('bob'), GROUP, 'subscribe'), '103');
  const channel = stateAfter([
    ['ann', created({ ann: 'owner' }, true)],
    ['ann', { act: 'ban', user: 'bob', until: 5_000, absent: true }],
  ]);
  assert.equal(await rightsOf(channel).ask(who('bob'), 'channel:a', 'subscribe'), '103');
  assert.equal(await rightsOf(channel).ask(who('eve'), 'channel:a', 'send'), 'ok');
});

test('in a room of thousands the document of the user says who is a member', async () => {
  const large = { ...group, full: false, members: new Map([...group.members].filter(([user]) => user === 'ann')) };
  const { ask, documents } = rightsOf(large);
  documents.set('bob', new Map([[GROUP, member]]));
  assert.deepEqual([await ask(who('bob'), GROUP, 'send'), await ask(who('zoe'), GROUP, 'send')], ['ok', '103']);
});

const unlisted = { ...group, full: false, count: 2_000, members: new Map() };
const ON_BOB: readonly Control[] = [
  { act: 'mute', user: 'bob', until: 500 },
  { act: 'role', user: 'bob', rank: 'guest' },
  { act: 'role', user: 'bob', rank: 'moderator' },
];

for (const control of ON_BOB)
  test(`a member whom the state does not list reads from the join on, also after ${JSON.stringify(control)}`, async () => {
    const kinds = { group: { history: 'Joined' }, club: { access: 'Open', history: 'Joined' } } as const;
    const open = stateAfter([['ann', created({ ann: 'owner' }, true)]]);
    for (const [room, state] of [
      [GROUP, unlisted],
      ['club:tea', open],
    ] as const) {
      const { rights, documents } = rightsOf(stateAfter([['ann', control]], state), undefined, kinds);
      documents.set('bob', new Map([[room, { ...member, since: 500 }]]));
      const access = await rights.load(who('bob'), room);
      assert.deepEqual([access.readableAbove, access.may('history')], [500, null]);
    }
  });

test('a member of an open room writes after a mute has ended, and after coming back from a kick', async () => {
  const open = stateAfter([['ann', created({ ann: 'owner' }, true)]]);
  const kinds = { club: { access: 'Open', write: 'Members' } } as const;
  for (const control of [
    { act: 'mute', user: 'bob', until: 500 },
    { act: 'kick', user: 'bob' },
  ] satisfies Control[]) {
    const state = stateAfter([['ann', control]], open);
    const { ask, documents } = rightsOf(state, undefined, kinds);
    assert.equal(await ask(who('bob'), 'club:tea', 'send'), '103');
    documents.set('bob', new Map([['club:tea', { ...member, cv: state.cv }]]));
    assert.equal(await ask(who('bob'), 'club:tea', 'send'), 'ok');
  }
});

test('a message carries the version that it was checked against, and is refused by a later one', () => {
  assert.equal(rightsOf(group).rights.seen(who('bob'), GROUP), 1);
  assert.throws(() => rightsOf(kicked).rights.seen(who('bob'), GROUP), { name: 'CommandError' });
  assert.equal(rightsOf(NO_ROOM).rights.seen(who('bob'), 'channel:a'), 0);
  assert.equal(rightsOf(NO_ROOM).rights.seen(who('bob'), 'user:bob'), 0);
});

test('members of kinds with their own history read from their join on', async () => {
  const { rights } = rightsOf(group, undefined, { group: { history: 'Joined' } });
  assert.equal((await rights.load(who('bob'), GROUP)).readableAbove, 1);
  assert.equal((await rightsOf(group).rights.load(who('bob'), GROUP)).readableAbove, 0);
});
