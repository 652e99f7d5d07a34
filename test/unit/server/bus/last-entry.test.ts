import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Cover,
  coverWith,
  purgedTop,
  readCover,
  readTop,
  writeCover,
  writeTop,
} from '../../../../server/bus/last-entry.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const cover: Cover = { epoch: 'e', from: 10, below: 100 };

test('what is written is read, and fields of later versions are ignored', () => {
  assert.equal(readTop(bytes(writeTop(7))), 7);
  assert.equal(readTop(bytes('{"top":7,"n":3}')), 7);
  assert.deepEqual(readCover(bytes(writeCover(cover))), cover);
  assert.deepEqual(readCover(bytes('{"epoch":"e","from":10,"below":100,"more":[]}')), cover);
});

for (const text of ['', '{', 'null', '7', '{"top":"7"}', '{"top":-1}', '{"top":1.5}', '{"top":1e300}'])
  test(`an entry ${text || 'without content'} says nothing`, () => assert.equal(readTop(bytes(text)), null));
for (const text of ['', '{}', '{"epoch":"e","from":1}', '{"epoch":1,"from":1,"below":2}'])
  test(`a cover ${text || 'without content'} covers nothing`, () => assert.equal(readCover(bytes(text)), null));

const covers: [what: string, before: Cover | null, epoch: string, first: number, below: number, after: Cover][] = [
  ['the first noted purge begins a cover', null, 'e', 40, 70, { epoch: 'e', from: 40, below: 70 }],
  ['the next one extends it', cover, 'e', 100, 150, { epoch: 'e', from: 10, below: 150 }],
  ['what was noted but not purged is noted again', cover, 'e', 60, 90, cover],
  [
    'a purge that was not noted leaves a gap: it begins anew',
    cover,
    'e',
    101,
    150,
    { epoch: 'e', from: 101, below: 150 },
  ],
  ['another incarnation of the stream has another cover', cover, 'f', 5, 9, { epoch: 'f', from: 5, below: 9 }],
];
for (const [what, before, epoch, first, below, after] of covers)
  test(what, () => assert.deepEqual(coverWith(before, epoch, first, below), after));

const tops: [what: string, cover: Cover | null, epoch: string, first: number, top: number | null, purged: number][] = [
  ['a covered room without an entry has no message since the cover begins', cover, 'e', 100, null, 9],
  ['a cover from the first message on knows that a room never had one', { ...cover, from: 1 }, 'e', 100, null, 0],
  ['a covered room has its last message at its entry', cover, 'e', 100, 50, 50],
  ['an entry from before the cover may not be the last', cover, 'e', 100, 5, 9],
  ['a purge that was not noted may have removed anything', cover, 'e', 101, 50, 100],
  ['so may one in a stream made again', cover, 'f', 100, 50, 99],
  ['without a cover anything below the stream may be there', null, 'e', 30, 20, 29],
  ['nothing is below a stream that was never purged', null, 'e', 1, null, 0],
];
for (const [what, given, epoch, first, top, purged] of tops)
  test(what, () => assert.equal(purgedTop(given, epoch, first, top), purged));
