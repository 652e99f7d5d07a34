import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid7Source } from '../../../../client/uuid7.ts';
import { Policy } from '../../../../server/access/policy.ts';
import type { RoomAccess } from '../../../../server/access/room-access.ts';
import { messageSend } from '../../../../server/chat/message-send.ts';
import { type Call, CallAbandoned, callVerb } from '../../../../server/chat/verb.ts';
import { kindsOf } from '../../../../server/contract/room-kind-options.ts';
import { FreeCall } from '../../../support/chat/free-call.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';
import { testChat, testConfig } from '../../../support/chat/test-chat.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:room';
const HOUR_MS = 3_600_000;

/** A chat without connections, NATS and MongoDB. */
function setUp(env: Readonly<Record<string, string>> = {}) {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  const config = testConfig(env);
  const policy = new Policy(kindsOf(config));
  const loaded: string[] = [];
  /** Loads rights at once, unless a test puts another function here. */
  const rights: { load: (access: RoomAccess) => RoomAccess | Promise<RoomAccess> } = { load: access => access };
  const chat = testChat({
    clocks: { now: () => clock.now(), wallClock: () => clock.wallClock() },
    config,
    log,
    store,
    access: (identity, room) => {
      loaded.push(room);
      return rights.load(policy.access(identity, room));
    },
  });
  const idOf = (ago: number) =>
    uuid7Source(
      () => clock.wallClock() - ago,
      length => crypto.getRandomValues(new Uint8Array(length)),
    )();
  const send = (call: Call, params: unknown) => callVerb(messageSend, call, params, chat);
  return { clock, store, log, rights, loaded, idOf, send };
}

test('a caller without a connection sends a message, and again: it is stored once', async () => {
  const { log, idOf, send, clock } = setUp();
  const params = { room: ROOM, id: idOf(0), text: 'hello', later: 'ignored' };
  const call = new FreeCall();
  assert.deepEqual(await send(call, params), { offset: 1, epoch: 'first', duplicate: false });
  assert.deepEqual(await send(new FreeCall(), params), { offset: 1, epoch: 'first', duplicate: true });
  assert.deepEqual(await send(new FreeCall('bob'), params), { offset: 2, epoch: 'first', duplicate: false });
  assert.equal(call.timesPlaced, 1);
  const { messages } = await log.readAfter(ROOM, 0, 10);
  assert.deepEqual(
    messages.map(({ user, client, type, body }) => [user, client, type, JSON.parse(String(Buffer.from(body)))]),
    ['alice', 'bob'].map(user => [
      user,
      '',
      'message',
      { type: 'message', id: params.id, text: 'hello', time: clock.wallClock() },
    ]),
  );
});

test('what is sent without a wait is stored in the order of the calls', async () => {
  const { log, idOf, send } = setUp();
  const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`);
  await Promise.all(texts.map(text => send(new FreeCall(), { room: ROOM, id: idOf(0), text })));
  const { messages } = await log.readAfter(ROOM, 0, 100);
  assert.deepEqual(
    messages.map(({ body }) => (JSON.parse(String(Buffer.from(body))) as { text: string }).text),
    texts,
  );
});

test('an old id is looked up before the call is placed', async () => {
  const { clock, log, store, idOf, send } = setUp();
  const params = { room: ROOM, id: idOf(HOUR_MS), text: 'written offline' };
  assert.deepEqual(await send(new FreeCall(), params), { offset: 1, epoch: 'first', duplicate: false });
  log.purge(1);
  log.forgetIds();
  clock.pass(HOUR_MS);
  const again = new FreeCall();
  assert.deepEqual(await send(again, params), { offset: 1, epoch: 'first', duplicate: true });
  assert.equal(again.timesPlaced, 0);
  store.up = false;
  await assert.rejects(send(new FreeCall(), params), /store is unavailable/);
  assert.equal(log.last, 1);
});

test('a call whose caller gave up during the look-up stores nothing', async () => {
  const { log, store, idOf, send } = setUp();
  const gate = Promise.withResolvers<null>();
  store.findSent = () => gate.promise;
  const call = new FreeCall();
  const sent = send(call, { room: ROOM, id: idOf(HOUR_MS), text: 'x' });
  await settle();
  call.abandoned = true;
  gate.resolve(null);
  await assert.rejects(sent, CallAbandoned);
  assert.equal(log.last, 0);
});

test('rights come after the parameters and before the work: they may have to be loaded', async () => {
  const { log, rights, loaded, idOf, send } = setUp({ CHAT_ROOM_KINDS: 'channel=Open,group=Claim' });
  await assert.rejects(send(new FreeCall(), { room: ROOM, id: idOf(0) }), { message: 'text must not be empty' });
  assert.deepEqual(loaded, []);
  const gate = Promise.withResolvers<void>();
  rights.load = async access => {
    await gate.promise;
    return access;
  };
  const params = { room: 'group:a', id: idOf(0), text: 'x' };
  const denied = assert.rejects(send(new FreeCall(), params), { message: /permission denied/ });
  const allowed = send(new FreeCall('alice', ['group:a']), params);
  await settle();
  assert.deepEqual([loaded, log.last], [['group:a', 'group:a'], 0]);
  gate.resolve();
  await denied;
  assert.equal((await allowed).offset, 1);
});

test('an id from the future is refused, and a clock that was set back makes none of those reported before it', async () => {
  const { log, idOf, send } = setUp();
  await assert.rejects(send(new FreeCall(), { room: ROOM, id: idOf(-HOUR_MS), text: 'x' }), {
    message: /^id is 3600 s ahead of the server's time, .*; at most 60 s are allowed: make ids by the time/,
  });
  assert.equal(log.last, 0);
});
