import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEntry } from '../../../../server/fold/entry.ts';
import { pick } from '../../../../tools/support/random.ts';
import { anyJson, fuzz } from '../../../support/fuzz/fuzz.ts';

const read = (type: string, data: unknown) => readEntry({ type, offset: 7, user: 'ann' }, data);
const target = { target: 3, of: 'm3' };

test('each type of entry is read from its body; offset and user are those that the server stamped', () => {
  assert.deepEqual(read('message', { id: 'm7', text: 'hi', time: 5, user: 'eve', offset: 1 }), {
    type: 'message',
    offset: 7,
    id: 'm7',
    user: 'ann',
    time: 5,
    text: 'hi',
  });
  assert.deepEqual(read('message', { id: 'm7', text: 'hi', replyTo: { offset: 3, id: 'm3', text: 'quoted' } }), {
    type: 'message',
    offset: 7,
    id: 'm7',
    user: 'ann',
    time: 0,
    text: 'hi',
    replyTo: { offset: 3, id: 'm3' },
  });
  assert.deepEqual(read('edit', { ...target, text: 'new' }), { type: 'edit', offset: 7, ...target, text: 'new' });
  assert.deepEqual(read('edit', { ...target, text: 'new', rev: 3 }), {
    type: 'edit',
    offset: 7,
    ...target,
    text: 'new',
    rev: 3,
  });
  assert.deepEqual(read('delete', { targets: [target, { target: 0, of: 'm0' }] }), {
    type: 'delete',
    offset: 7,
    targets: [target],
  });
  const known = { ...target, user: 'bob', time: 8 };
  assert.deepEqual(read('delete', { targets: [known, { ...known, user: 1 }] }), {
    type: 'delete',
    offset: 7,
    targets: [known, target],
  });
  assert.deepEqual(read('reaction', { ...target, emoji: '👍', on: false }), {
    type: 'reaction',
    offset: 7,
    user: 'ann',
    ...target,
    emoji: '👍',
    on: false,
  });
});

test('an entry of another type, or with a body that does not fit its type, changes nothing', () => {
  assert.equal(read('publish', { text: 'hi' }), null);
  assert.equal(read('constructor', {}), null);
  assert.equal(read('message', { id: 1, text: 'hi' }), null);
  assert.equal(read('edit', { target: 3, text: 'no id' }), null);
  assert.equal(read('edit', { target: -3, of: 'm3', text: 'no offset' }), null);
  assert.equal(read('delete', { targets: 'all' }), null);
  assert.equal(read('reaction', { ...target, emoji: '👍', on: 'yes' }), null);
  assert.equal(read('edit', null), null);
});

fuzz('no body breaks the reader', [1, 2], 500, random => {
  const type = pick(random, ['message', 'edit', 'delete', 'reaction']);
  const entry = read(
    type,
    pick(random, [() => anyJson(random), () => ({ targets: [anyJson(random), anyJson(random)] })])(),
  );
  assert.ok(entry === null || entry.type === type);
});
