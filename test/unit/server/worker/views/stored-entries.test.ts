import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoggedMessage } from '../../../../../server/room/history-store.ts';
import { roomEntriesOf } from '../../../../../server/worker/views/room-entries.ts';
import { storedEntry } from '../../../../../server/worker/views/stored-entries.ts';

/** An entry as a worker stored it. */
function stored(type: string, body: object, more: Partial<LoggedMessage> = {}): LoggedMessage {
  return {
    room: 'group:a',
    epoch: 'e1',
    offset: 9,
    storedAt: 1,
    type,
    id: 'i',
    dedupe: '',
    time: 1,
    user: 'ann',
    client: '',
    traceparent: '',
    cv: 0,
    seen: 0,
    targets: [],
    body: Buffer.from(JSON.stringify(body)),
    ...more,
  };
}

const kick = { type: 'member', id: 'i', cv: 3, act: 'kick', user: 'eve', by: 'ann', time: 1 };

test('a control entry without its version has it from the body, and is one of the room', () => {
  const entry = storedEntry(stored('member', kick));
  assert.equal(entry.message?.cv, 3);
  const { controls, own } = roomEntriesOf([entry]);
  assert.deepEqual([controls.map(({ entry: { cv } }) => cv), own], [[3], []]);
});

test('a notice in an inbox with the version of another room is no control entry', () => {
  const entry = storedEntry(stored('member', kick, { room: 'user:eve' }));
  assert.equal(entry.message?.cv, 0);
  assert.deepEqual(roomEntriesOf([entry]), { controls: [], own: [], contacts: [] });
});

test('bodies that no gateway wrote have no version', () => {
  for (const body of [{ cv: -1 }, { cv: '3' }, { cv: 1.5 }, {}, []])
    assert.equal(storedEntry(stored('room', body)).message?.cv, 0);
  assert.equal(storedEntry({ ...stored('room', {}), body: Buffer.from('{') }).message?.cv, 0);
});

test('an entry whose author was checked against an unknown version counts, any other by its version', () => {
  const about = { target: 1, of: 'm' };
  assert.equal(storedEntry(stored('edit', about)).message?.seen, Number.MAX_SAFE_INTEGER);
  assert.equal(storedEntry(stored('edit', about, { targets: [1] })).message?.seen, 0);
  assert.equal(storedEntry(stored('edit', about, { targets: [1], seen: 4 })).message?.seen, 4);
  assert.equal(storedEntry(stored('hide', about)).message?.seen, 0);
});
