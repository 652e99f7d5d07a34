import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStorage } from '../../../client/storage.ts';
import { Policy } from '../../../server/access/policy.ts';
import { kindsOf } from '../../../server/contract/room-kind-options.ts';
import type { Moment } from '../../../server/time/clock.ts';
import { OpenRooms } from '../../../web/src/page/open-rooms.ts';
import { hashOfRoom, roomOfHash, websocketUrl } from '../../../web/src/page/page-url.ts';
import { roomMention, roomOfInput, roomTitle } from '../../../web/src/page/room-name.ts';

test('what people type becomes a room of the usual kind unless they name another', () => {
  assert.equal(roomOfInput(' general '), 'channel:general');
  assert.equal(roomOfInput('#general'), 'channel:general');
  assert.equal(roomOfInput('群聊'), 'channel:群聊');
  assert.equal(roomOfInput('group:team'), 'group:team');
  for (const bad of ['', '  ', '#', 'group:', 'two words', 'x'.repeat(248), 'line\0break', 'half \ud83d', '\ud83d'])
    assert.equal(roomOfInput(bad), null, bad);
});

test('the page knows the names the server accepts, also from its address and its memory', () => {
  const policy = new Policy(kindsOf({ roomKinds: 'channel=Open', roomRules: '' }));
  const who = { user: 'alice', expiresAt: 0 as Moment, rooms: [] };
  const storage = memoryStorage();
  const names = [
    'a',
    '群'.repeat(82),
    '群'.repeat(83),
    '🙂'.repeat(61),
    '🙂'.repeat(62),
    'x'.repeat(247),
    'x'.repeat(248),
  ];
  for (const name of [...names, '\ud83d', 'a\u0085b', 'a\u007fb']) {
    const accepted = policy.check(who, `channel:${name}`, 'subscribe') === null;
    assert.equal(roomOfInput(name) !== null, accepted, name);
    if (name.isWellFormed()) assert.equal(roomOfHash(hashOfRoom(`channel:${name}`)) !== null, accepted, name);
    storage.set('chatcluster/rooms/alice', JSON.stringify([`channel:${name}`]));
    assert.equal(new OpenRooms(storage, 'alice').names.length, accepted ? 1 : 0, name);
  }
});

test('a room is shown without the usual kind', () => {
  assert.equal(roomTitle('channel:general'), 'general');
  assert.equal(roomMention('channel:general'), '#general');
  assert.equal(roomMention('group:team'), 'group:team');
});

test('a room survives its way through the address of the page', () => {
  for (const room of ['channel:general', 'channel:群聊', 'channel:50%', 'channel:a#b', 'channel:a/b?c'])
    assert.equal(roomOfHash(hashOfRoom(room)), room);
  for (const bad of ['', '#', '#general', '#%E0%A4%A', '#channel:', '#channel:a%20b'])
    assert.equal(roomOfHash(bad), null, bad);
});

test('the socket is next to the page, under any path and scheme', () => {
  assert.equal(websocketUrl('http://127.0.0.1:8080/#channel:a'), 'ws://127.0.0.1:8080/connection/websocket');
  assert.equal(websocketUrl('https://chat.example.org/team/?x=1'), 'wss://chat.example.org/team/connection/websocket');
});

test('open rooms are remembered for their user, and damaged memory is a first visit', () => {
  const storage = memoryStorage();
  const rooms = new OpenRooms(storage, 'alice');
  assert.deepEqual(rooms.names, ['channel:general', 'channel:random']);
  rooms.add('channel:x');
  rooms.remove('channel:random');
  assert.deepEqual(new OpenRooms(storage, 'alice').names, ['channel:general', 'channel:x']);
  assert.deepEqual(new OpenRooms(storage, 'bob').names, ['channel:general', 'channel:random']);
  storage.set('chatcluster/rooms/carol', '{"not": "a list"');
  assert.deepEqual(new OpenRooms(storage, 'carol').names, ['channel:general', 'channel:random']);
});

test('no more rooms open than a gateway lets a connection subscribe to', () => {
  const rooms = new OpenRooms(memoryStorage(), 'alice');
  const opened = Array.from({ length: 100 }, (_, index) => rooms.add(`channel:${index}`)).filter(Boolean);
  assert.equal(opened.length + 2, 64);
  assert.equal(rooms.add('channel:general'), true);
});
