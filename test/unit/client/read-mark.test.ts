import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadMark } from '../../../client/read-mark.ts';
import { memoryStorage } from '../../../client/storage.ts';

const ROOM = 'channel:a';

test('a mark goes forward only, and over a reload', () => {
  const storage = memoryStorage();
  const mark = new ReadMark(storage, 'alice', ROOM);
  assert.equal(mark.offset, null);
  assert.equal(mark.advance(10), true);
  assert.equal(mark.advance(10), false);
  assert.equal(mark.advance(4), false);
  assert.equal(new ReadMark(storage, 'alice', ROOM).offset, 10);
  assert.equal(new ReadMark(storage, 'alice', 'channel:b').offset, null);
  assert.equal(new ReadMark(storage, 'bob', ROOM).offset, null);
});

test('a mark begins at the top of a room that is new, and falls back to the top of one that was made anew', () => {
  const mark = new ReadMark(memoryStorage(), 'alice', ROOM);
  mark.begin(null);
  assert.equal(mark.offset, null);
  mark.begin(20);
  assert.equal(mark.offset, 20);
  mark.begin(50);
  assert.equal(mark.offset, 20, 'what is above was not read');
  mark.begin(3);
  assert.equal(mark.offset, 3);
});

test('a damaged mark is no mark', () => {
  const storage = memoryStorage();
  storage.set(`chatcluster/read/alice/${ROOM}`, 'twelve');
  assert.equal(new ReadMark(storage, 'alice', ROOM).offset, null);
});
