import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStorage } from '../../client/storage.ts';
import { OpenRooms } from '../../web/src/open-rooms.ts';
import { hashOfRoom, roomOfHash, websocketUrl } from '../../web/src/page-url.ts';
import { roomMention, roomOfInput, roomTitle } from '../../web/src/room-name.ts';

test('what people type becomes a room of the usual kind unless they name another', () => {
  assert.equal(roomOfInput(' general '), 'channel:general');
  assert.equal(roomOfInput('#general'), 'channel:general');
  assert.equal(roomOfInput('群聊'), 'channel:群聊');
  assert.equal(roomOfInput('group:team'), 'group:team');
  for (const bad of ['', '  ', '#', 'group:', 'two words', 'x'.repeat(201)]) assert.equal(roomOfInput(bad), null, bad);
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
