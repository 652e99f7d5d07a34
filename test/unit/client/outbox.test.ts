import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../../client/outbox.ts';
import type { Outgoing, OutgoingMessage } from '../../../client/outgoing.ts';
import { memoryStorage } from '../../../client/storage.ts';

const entry = (id: string, over: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  id,
  room: 'channel:a',
  text: `text of ${id}`,
  time: 1,
  refusal: null,
  ...over,
});
const ids = (entries: readonly Outgoing[]) => entries.map(({ id }) => id);

test('what was written is there after a reload, in the order of its ids', () => {
  const storage = memoryStorage();
  const before = new Outbox(storage, 'alice');
  for (const id of ['2', '1', '3']) before.add(entry(id));
  before.settle('3', { code: 107, reason: 'too long' });
  const after = new Outbox(storage, 'alice');
  assert.deepEqual(after.list('channel:a'), [
    entry('1'),
    entry('2'),
    entry('3', { refusal: { code: 107, reason: 'too long' } }),
  ]);
  assert.deepEqual(after.rooms(), ['channel:a']);
});

test('each user of one storage has an outbox of their own, whatever their names are', () => {
  const storage = memoryStorage();
  new Outbox(storage, 'a').add(entry('1'));
  new Outbox(storage, 'a/b').add(entry('2'));
  assert.deepEqual(ids(new Outbox(storage, 'a').list('channel:a')), ['1']);
  assert.deepEqual(ids(new Outbox(storage, 'a/b').list('channel:a')), ['2']);
});

test('two tabs that write at once keep both messages', () => {
  const storage = memoryStorage();
  const [first, second] = [new Outbox(storage, 'alice'), new Outbox(storage, 'alice')];
  first.add(entry('1'));
  second.add(entry('2'));
  assert.deepEqual(ids(new Outbox(storage, 'alice').list('channel:a')), ['1', '2']);
});

test('what another tab has sent or discarded is not sent again', () => {
  const storage = memoryStorage();
  new Outbox(storage, 'alice').add(entry('1'));
  const [first, second] = [new Outbox(storage, 'alice'), new Outbox(storage, 'alice')];
  first.remove('1');
  assert.equal(second.next('channel:a'), null);
  assert.deepEqual(second.list('channel:a'), []);
});

test('a refused message is passed over until it is to be sent again', () => {
  const outbox = new Outbox(memoryStorage(), 'alice');
  outbox.add(entry('1', { refusal: { code: 103, reason: 'no' } }));
  outbox.add(entry('2'));
  assert.equal(outbox.next('channel:a')?.id, '2');
  outbox.settle('1', null);
  assert.equal(outbox.next('channel:a')?.id, '1');
});

test('a full storage does not keep a message from being sent', () => {
  const full = {
    ...memoryStorage(),
    set: () => {
      throw new Error('quota exceeded');
    },
  };
  const outbox = new Outbox(full, 'alice');
  outbox.add(entry('1'));
  assert.equal(outbox.next('channel:a')?.id, '1');
});

test('entries that nobody can read are left alone', () => {
  const storage = memoryStorage();
  for (const text of ['not json', 'null', '[]', '{"id":"x"}', '{"id":7,"room":"r","text":"t"}'])
    storage.set(`chatcluster/outbox/alice/${text.length}`, text);
  assert.deepEqual(new Outbox(storage, 'alice').rooms(), []);
});
