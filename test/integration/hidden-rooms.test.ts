import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, type TestContext, test } from 'node:test';
import WebSocket from 'ws';
import type { Verb } from '../../server/chat/verb.ts';
import { VERBS } from '../../server/chat/verbs.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, type Build, nextId } from '../../tools/support/sdk.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { protobufFrame } from '../support/chat/frame-corpus.ts';
import { inboxOf } from '../support/chat/inbox-of.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

const backends = await startBackends({ after });

/** Replies in a frame, each with its bytes. */
function repliesIn(build: Build, frame: Buffer): Buffer[] {
  if (build === 'json')
    return frame
      .toString('utf8')
      .split('\n')
      .map(line => Buffer.from(line));
  const replies: Buffer[] = [];
  for (let at = 0; at < frame.length; ) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = frame[at++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    replies.push(frame.subarray(at, at + length));
    at += length;
  }
  return replies;
}

/** Bytes that a reply to a command with an id below 128 begins with. */
const beginOf = (build: Build, id: number) => (build === 'json' ? Buffer.from(`{"id":${id},`) : Buffer.of(8, id));

/** Bytes with which a stranger is answered, by name of the command. */
async function answers(t: TestContext, url: string, build: Build, commands: ReadonlyMap<string, object>) {
  const socket = new WebSocket(url, `centrifuge-${build}`);
  t.after(() => socket.terminate());
  const replies: Buffer[] = [];
  socket.on('message', (data: Buffer) => replies.push(...repliesIn(build, data)));
  await once(socket, 'open');
  let id = 0;
  const ask = async (command: object): Promise<Buffer> => {
    id += 1;
    assert.ok(id < 128);
    const begin = beginOf(build, id);
    const numbered = { id, ...command };
    socket.send(build === 'json' ? JSON.stringify(numbered) : protobufFrame(numbered));
    for (;;) {
      const reply = replies.find(each => each.subarray(0, begin.length).equals(begin));
      if (reply) return reply;
      await once(socket, 'message');
    }
  };
  await ask({ connect: { token: await tokenFor('stranger') } });
  const answered = new Map<string, string>();
  for (const [name, command] of commands) answered.set(name, (await ask(command)).toString('latin1'));
  return answered;
}

/** Every command that names a room: all verbs, with users who are members, and those of the protocol. */
function commandsOn(room: string): Map<string, object> {
  const channel = room;
  const since = { offset: 1, epoch: 'epoch' };
  const commands = new Map<string, object>(
    Object.entries({
      subscribe: { subscribe: { channel } },
      'subscribe with joins': { subscribe: { channel, join_leave: true } },
      recover: { subscribe: { channel, recover: true, ...since } },
      'recover or 112': { subscribe: { channel, recover: true, ...since, flag: 2 } },
      publish: { publish: { channel, data: { text: 'hello' } } },
      history: { history: { channel, limit: 10 } },
      'history from a position': { history: { channel, limit: 10, since, reverse: true } },
      presence: { presence: { channel } },
      presence_stats: { presence_stats: { channel } },
      unsubscribe: { unsubscribe: { channel } },
      sub_refresh: { sub_refresh: { channel, token: 'token' } },
    }),
  );
  for (const [method, { params, example }] of Object.entries(VERBS) as [string, Verb][]) {
    if (!('room' in params)) continue;
    const data = {
      ...example.params,
      room,
      ...('user' in params ? { user: 'bob' } : {}),
      ...('users' in params ? { users: ['bob', 'dan'] } : {}),
      ...('until' in params ? { until: 4_000_000_000_000 } : {}),
    };
    commands.set(method, { rpc: { method, data } });
  }
  commands.set('room.join without a link', { rpc: { method: 'room.join', data: { room, id: nextId() } } });
  return commands;
}

for (const build of BUILDS)
  test(`${build}: a stranger is answered with the same bytes for a room of others, in any state, and for one that is not there`, async t => {
    const { gateways } = await startCluster(t, backends);
    const [first, second] = gateways;
    const ann = await person(t, first.url, 'ann', { build });
    const bob = await person(t, second.url, 'bob', { build });
    const stranger = await person(t, second.url, 'stranger', { build });
    const create = async (members: readonly string[]) => {
      const { room } = await ann.act('room.create', { kind: 'group', members: ['bob', ...members] });
      await bob.send(room, 'not for strangers');
      return room;
    };
    const rooms = {
      plain: await create([]),
      frozen: await create([]),
      deleted: await create([]),
      left: await create(['stranger']),
      kicked: await create(['stranger']),
      banned: await create(['stranger']),
      declined: await create([]),
    };
    await ann.act('room.freeze', { room: rooms.frozen, on: true });
    await ann.act('room.delete', { room: rooms.deleted });
    await stranger.act('room.leave', { room: rooms.left });
    await ann.act('room.kick', { room: rooms.kicked, user: 'stranger' });
    await ann.act('room.ban', { room: rooms.banned, user: 'stranger' });
    await ann.act('room.invite', { room: rooms.declined, users: ['stranger'] });
    await stranger.act('room.decline', { room: rooms.declined });
    stranger.sdk.disconnect();

    const nowhere = await answers(t, first.url, build, commandsOn(`group:${nextId()}`));
    for (const [at, [state, room]] of Object.entries(rooms).entries())
      for (const [name, bytes] of await answers(t, gateways[at % 2 === 0 ? 0 : 1].url, build, commandsOn(room)))
        assert.equal(bytes, nowhere.get(name), `${name} of a room that is ${state}`);
  });

for (const build of BUILDS)
  test(`${build}: the inbox of another user, and a room that a token does not list, answer like those that are not there`, async t => {
    const { gateways } = await startCluster(t, backends, { env: { CHAT_ROOM_RULES: '{"desk":{"access":"Claim"}}' } });
    const [first, second] = gateways;
    const rooms = ['desk:tea'];
    const ann = await person(t, first.url, 'ann', { build, sdk: { token: await tokenFor('ann', { rooms }) } });
    await ann.send('desk:tea', 'not for strangers');
    await ann.act('room.create', { kind: 'group', members: ['bob'] });
    await until('bob has a notice', async () => (await inboxOf(await person(t, second.url, 'bob'))).length > 0);
    for (const [there, nowhere] of [
      ['desk:tea', 'desk:none'],
      ['user:bob', 'user:nobody'],
    ] as const) {
      const expected = await answers(t, first.url, build, commandsOn(nowhere));
      for (const { url } of gateways)
        for (const [name, bytes] of await answers(t, url, build, commandsOn(there)))
          assert.equal(bytes, expected.get(name), `${name} of ${there}`);
    }
  });
