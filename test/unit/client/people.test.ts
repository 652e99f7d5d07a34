import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { OwnSettings, type Settings } from '../../../client/own-settings.ts';
import { People } from '../../../client/people.ts';
import type { Friendship } from '../../../client/relation.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

const DEFAULTS: Settings = {
  privacy: {
    dm: 'everyone',
    add: 'everyone',
    invite: 'everyone',
    request: 'everyone',
    presence: 'everyone',
    receipts: 'on',
  },
  invisible: false,
};

/** People of a server that lists what `server` has, two users a page, and answers acts with `server.answer`. */
function bench() {
  const clock = new ManualClock();
  const server = {
    states: {} as Record<string, Exclude<Friendship, 'none'>>,
    blocked: [] as string[],
    answer: { state: 'out' as Friendship, blocked: false },
    settings: DEFAULTS,
    error: null as CallError | null,
    reads: 0,
    acts: [] as string[],
  };
  const page = <T extends { readonly user: string }>(all: readonly T[], cursor = '') => {
    if (server.error) throw server.error;
    const left = all.filter(({ user }) => user > cursor).sort((one, other) => (one.user < other.user ? -1 : 1));
    const last = left[1]?.user;
    return { items: left.slice(0, 2), ...(left.length > 2 && last !== undefined ? { cursor: last } : {}) };
  };
  const changedBlocks: string[] = [];
  const people = new People({
    clock,
    settings: new OwnSettings({
      get: async () => server.settings,
      set: async ({ privacy = {}, invisible = server.settings.invisible }) => {
        server.settings = { privacy: { ...server.settings.privacy, ...privacy }, invisible };
        return server.settings;
      },
    }),
    act: async (verb, { user, note = '' }) => {
      server.acts.push([verb, user, note].filter(text => text !== '').join(' '));
      await settle();
      if (server.error) throw server.error;
      return { ...server.answer, duplicate: false };
    },
    friends: async ({ cursor }) => {
      server.reads += 1;
      const items = Object.entries(server.states).map(([user, state]) => ({ user, state }));
      return page(items, cursor);
    },
    blocked: async ({ cursor }) =>
      page(
        server.blocked.map(user => ({ user })),
        cursor,
      ),
    search: async ({ q }) => ({ users: [{ user: q }] }),
    onBlock: user => changedBlocks.push(user),
  });
  const lists = () => [people.friends, people.requests.map(({ user }) => user), people.asked, people.blocked];
  return { clock, server, people, lists, changedBlocks };
}

test('nothing is read before it is asked for; then all pages are', async () => {
  const { server, people, lists } = bench();
  server.states = { ann: 'friend', bob: 'in', cid: 'out', dan: 'friend', eve: 'in' };
  server.blocked = ['uwe', 'vic', 'wim'];
  people.connected();
  people.entry({ type: 'friend', data: { act: 'request', user: 'zoe' } });
  await settle();
  assert.deepEqual([server.reads, people.loaded], [0, false]);
  people.open();
  people.open();
  await people.refresh();
  assert.deepEqual(lists(), [['ann', 'dan'], ['bob', 'eve'], ['cid'], ['uwe', 'vic', 'wim']]);
  assert.equal(people.loaded, true);
});

test('entries of the inbox change the lists at once, without a read', async () => {
  const { server, people, lists } = bench();
  server.states = { ann: 'friend', cid: 'out' };
  people.open();
  await settle();
  const reads = server.reads;
  people.entry({ type: 'friend', data: { act: 'request', user: 'bob', note: 'Tea?' } });
  people.entry({ type: 'friend', data: { act: 'accept', user: 'cid' } });
  people.entry({ type: 'friend', data: { act: 'remove', user: 'ann' } });
  people.entry({ type: 'contact', data: { act: 'request', user: 'dan' } });
  people.entry({ type: 'contact', data: { act: 'block', user: 'uwe' } });
  assert.deepEqual(lists(), [['cid'], ['bob'], ['dan'], ['uwe']]);
  assert.deepEqual(people.requests, [{ user: 'bob', note: 'Tea?' }]);
  people.entry({ type: 'contact', data: { act: 'request', user: 'bob' } });
  people.entry({ type: 'contact', data: { act: 'unblock', user: 'uwe' } });
  people.entry({ type: 'contact', data: { act: 'wink', user: 'vic' } });
  people.entry({ type: 'publish', data: null });
  assert.deepEqual(lists(), [['bob', 'cid'], [], ['dan'], []]);
  assert.equal(server.reads, reads);
});

test('an act shows what the server answers, whatever its own entry looks like', async () => {
  const { server, people, changedBlocks } = bench();
  people.open();
  await settle();
  server.answer = { state: 'friend', blocked: false };
  const asked = people.request('bob', 'Tea?');
  people.entry({ type: 'contact', data: { act: 'request', user: 'bob' } });
  assert.equal(people.friendshipWith('bob'), 'none', 'the answer says whether bob had asked');
  assert.equal(await asked, 'friend');
  people.entry({ type: 'contact', data: { act: 'request', user: 'bob' } });
  assert.equal(people.friendshipWith('bob'), 'friend');
  server.answer = { state: 'none', blocked: true };
  await people.block('bob');
  assert.deepEqual([people.blocks('bob'), people.friendshipWith('bob'), changedBlocks], [true, 'none', ['bob']]);
  server.answer = { state: 'none', blocked: false };
  await people.unblock('bob');
  assert.deepEqual([people.blocks('bob'), changedBlocks], [false, ['bob', 'bob']]);
  assert.deepEqual(server.acts, ['friend.request bob Tea?', 'block.add bob', 'block.remove bob']);
  server.error = new CallError(103, 'permission denied', false);
  await assert.rejects(people.request('cid'), { code: 103 });
  assert.equal(people.friendshipWith('cid'), 'none');
});

test('a reconnect reads again, but an act of the last seconds counts more than lists that lack it', async () => {
  const { clock, server, people, lists } = bench();
  server.states = { ann: 'friend' };
  people.open();
  await settle();
  people.entry({ type: 'friend', data: { act: 'request', user: 'bob', note: 'Tea?' } });
  people.entry({ type: 'friend', data: { act: 'remove', user: 'ann' } });
  server.states = { ann: 'friend', cid: 'in' };
  people.connected();
  await settle();
  assert.deepEqual(lists(), [[], ['bob', 'cid'], [], []]);
  server.states = { bob: 'in', cid: 'in', dan: 'friend' };
  clock.pass(15_000);
  people.disconnected();
  people.connected();
  await settle();
  assert.deepEqual(lists(), [['dan'], ['bob', 'cid'], [], []], 'ann has been removed just now');
  server.states = { ...server.states, ann: 'friend' };
  clock.pass(31_000);
  await settle();
  assert.deepEqual(lists(), [['ann', 'dan'], ['bob', 'cid'], [], []], 'the lists have the last word');
  assert.deepEqual(people.requests[0], { user: 'bob', note: 'Tea?' });
  people.entry({ type: 'friend', data: { act: 'remove', user: 'bob' } });
  people.disconnected();
  const { reads } = server;
  clock.pass(31_000);
  await settle();
  assert.equal(server.reads, reads, 'the next connect reads');
  server.blocked = ['cid'];
  server.states = {};
  people.connected();
  await settle();
  assert.deepEqual(lists(), [[], [], [], ['cid']]);
});

test('lists that cannot be read stay as they were, with the error', async () => {
  const { server, people, lists } = bench();
  server.states = { ann: 'friend' };
  people.open();
  await settle();
  server.error = new CallError(100, 'internal server error', true);
  await people.refresh();
  assert.deepEqual([people.error?.code, lists()[0]], [100, ['ann']]);
  server.error = null;
  await people.refresh();
  assert.equal(people.error, null);
});

test('settings follow the other devices once they are known', async () => {
  const { server, people } = bench();
  const { settings } = people;
  settings.entry({ type: 'me', data: { invisible: true } });
  settings.connected();
  await settle();
  assert.equal(settings.current, null);
  await settings.read();
  assert.deepEqual(settings.current, DEFAULTS);
  settings.entry({ type: 'me', data: { privacy: { dm: 'friends' } } });
  settings.entry({ type: 'me', data: { invisible: true } });
  settings.entry({ type: 'me', data: { status: { text: 'away' } } });
  assert.deepEqual(settings.current, { privacy: { ...DEFAULTS.privacy, dm: 'friends' }, invisible: true });
  assert.equal((await settings.set({ privacy: { add: 'nobody' } })).privacy.add, 'nobody');
  server.settings = DEFAULTS;
  settings.connected();
  await settle();
  assert.deepEqual(settings.current, DEFAULTS);
});
