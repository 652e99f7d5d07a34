import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, type Build, type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { baseVersion } from '../skew/base-version.ts';
import { MixedChat, type Process } from '../skew/mixed-chat.ts';
import { pageOf, textsOf } from '../skew/page-of.ts';

const backends = await startBackends({ after });
const NEW = join(import.meta.dirname, '../..');
const BASE = await baseVersion();

const urlOf = ({ port }: Process) => `ws://127.0.0.1:${port}${CLIENT_PATHS.websocket}`;

/** Publications of a room as a client of the SDK gets them, by offset. */
async function follow(t: TestContext, gateway: Process, build: Build, room: string) {
  const client = await openClient(t, urlOf(gateway), { build, user: `${gateway.name}-${build}` });
  const got: [number, unknown][] = [];
  const subscription = await client.subscribe(room);
  subscription.on('publication', ({ offset = 0, data }) => got.push([offset, client.value(data)]));
  return got;
}

interface Stored {
  readonly offset: number;
}

/** Acts of one user on the messages of one room. */
const actsOf = (client: Client, room: string) => {
  const act = (verb: string, params: object) => client.rpc(verb, { room, id: nextId(), ...params }) as Promise<Stored>;
  return {
    act,
    async send(text: string) {
      const of = nextId();
      return { target: (await client.send(room, text, of)).offset, of };
    },
  };
};

test('beside gateways of the version before, rooms with changed messages and with people work, and their pages show messages alone', async t => {
  const chat = new MixedChat(t, backends);
  await chat.worker(NEW, 'worker', 1);
  const before = await chat.gateway(BASE, 'old-gateway');
  const since = await chat.gateway(NEW, 'new-gateway');
  const ann = await openClient(t, urlOf(since), { user: 'ann' });
  const { room } = (await ann.rpc('room.create', { id: nextId(), kind: 'channel', name: 'a secret name' })) as {
    readonly room: string;
  };
  const { act, send } = actsOf(ann, room);

  const readers: (readonly [number, unknown])[][] = [];
  for (const gateway of [before, since])
    for (const build of BUILDS) readers.push(await follow(t, gateway, build, room));
  const oldPages = [
    await pageOf(t, BASE, before.port, 'old-old', room),
    await pageOf(t, BASE, since.port, 'old-new', room),
  ];
  const newPages = [
    await pageOf(t, NEW, before.port, 'new-old', room),
    await pageOf(t, NEW, since.port, 'new-new', room),
  ];
  const [first, second, third] = [await send('first'), await send('second'), await send('third')];
  await act('message.edit', { ...first, text: 'edited' });
  await act('message.react', { ...second, emoji: '👍', on: true });
  await act('room.update', { topic: 'a secret topic' });
  await act('room.add', { users: ['bob'] });
  await assert.rejects(act('message.delete', { targets: [third] }), { code: 100, temporary: true });

  // A client of the old gateway writes an entry that looks like a change, or like an act of staff: it is neither.
  const eve = await openClient(t, urlOf(before), { user: 'eve' });
  await eve.publish(room, { type: 'edit', id: nextId(), ...first, text: 'forged' });
  await eve.publish(room, { type: 'room', id: nextId(), cv: 4, act: 'delete', by: 'ann', time: Date.now() });
  const page = oldPages[0];
  assert.ok(page);
  page.send('last');
  await until('everybody has the last message', () =>
    [...oldPages, ...newPages].every(({ messages }) => messages.at(-1)?.text === 'last'),
  );

  for (const shown of oldPages) assert.deepEqual(textsOf(shown), ['first', 'second', 'third', 'last']);
  // Gateways of the version before send no types, so their clients get no changes of messages.
  assert.deepEqual(newPages.map(textsOf), [
    ['first', 'second', 'third', 'last'],
    ['edited', 'second', 'third', 'last'],
  ]);
  const { cv } = (await ann.rpc('room.get', { room })) as { readonly cv: number };
  assert.equal(cv, 3, 'the forged act does not count');

  const [some, ...others] = readers;
  await until('all readers have all', () => readers.every(({ length }) => length === 10), {
    state: () => readers.map(({ length }) => length),
  });
  for (const other of others) assert.deepEqual(other, some);
});

test('a page of this version whose connection comes to a gateway of the version before writes there, and is refused what that one cannot do', async t => {
  const chat = new MixedChat(t, backends);
  await chat.worker(NEW, 'worker', 1);
  const before = await chat.gateway(BASE, 'old-gateway');
  const shown = await pageOf(t, NEW, before.port, 'ann', 'channel:a');
  shown.send('hello');
  await until('the message is stored', () => shown.messages.length === 1);
  const [message] = shown.messages;
  assert.ok(message);
  shown.edit(message, 'edited');
  await until('the edit is refused', () => shown.changes.some(({ refusal }) => refusal !== null));
  assert.deepEqual(textsOf(shown), ['hello']);
  shown.send('goes on');
  await until('the next message is stored', () => shown.messages.length === 2);
  chat.assertRunning();
});

test('deletes, and acts that restrict users, are refused as temporary while a gateway of the version before is there, and done once it has gone', async t => {
  const chat = new MixedChat(t, backends);
  await chat.worker(NEW, 'worker', 1);
  const before = await chat.gateway(BASE, 'old-gateway');
  const since = await chat.gateway(NEW, 'new-gateway');
  const ann = await openClient(t, urlOf(since), { user: 'ann' });
  const made = await ann.rpc('room.create', { id: nextId(), kind: 'channel', name: 'Tea' });
  const { room } = made as { readonly room: string };
  const { act, send } = actsOf(ann, room);
  const eve = await openClient(t, urlOf(before), { user: 'eve' });
  const ban = { user: 'eve', until: Date.now() + 3_600_000 };
  await assert.rejects(act('room.ban', ban), { code: 100, temporary: true });
  await assert.rejects(act('room.freeze', { on: true }), { code: 100, temporary: true });
  await eve.send(room, 'not banned');
  await act('room.update', { topic: 'Which tea?' });
  const secret = await send('a secret');
  await assert.rejects(act('message.delete', { targets: [secret] }), { code: 100, temporary: true });
  // A page sends its delete again until it is done, and what is written meanwhile goes past it.
  const page = await pageOf(t, NEW, since.port, 'ann', room);
  await until('the page has the message', () => textsOf(page).includes('a secret'));
  page.delete(page.messages.filter(({ text }) => text === 'a secret'));
  page.send('goes on');
  await until('the message is stored', () => textsOf(page).includes('goes on') && page.outgoing.length === 0);
  assert.deepEqual([textsOf(page), page.changes.length], [['not banned', 'a secret', 'goes on'], 1]);
  // It ends without a word, so its heartbeat has to run out.
  await chat.stop(before, 'kill');
  const banned = () =>
    act('room.ban', ban).then(Boolean, ({ code }: { readonly code: number }) => assert.equal(code, 100));
  await until('the user is banned', banned, { pollMs: 500 });
  const moved = await openClient(t, urlOf(since), { user: 'eve' });
  await assert.rejects(moved.send(room, 'banned'), { code: 103 });
  await until('the message is deleted', () => page.changes.length === 0);
  await until('the page shows that', () => textsOf(page).every(text => text !== 'a secret'));
  chat.assertRunning();
});
