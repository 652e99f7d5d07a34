import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Cover,
  coverFrom,
  purgedTop,
  readCover,
  readDigest,
  readTop,
  writeCover,
  writeDigest,
} from '../../../../server/bus/last-entry.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const cover: Cover = { epoch: 'e', from: 10, below: 100 };

test('what is written is read, and fields of later versions are ignored', () => {
  const digest = { top: 7, deletions: [{ at: 5, targets: [1, 2] }], at: 6, countable: 0 };
  assert.deepEqual(readDigest(bytes(writeDigest(digest))), digest);
  assert.deepEqual(readDigest(bytes('{"top":7,"deleted":[],"n":3}')), { top: 7, deletions: [] });
  assert.equal(readTop(bytes('{"top":7,"n":3}')), 7);
  assert.deepEqual(readCover(bytes(writeCover(cover))), cover);
  assert.deepEqual(readCover(bytes('{"epoch":"e","from":10,"below":100,"more":[]}')), cover);
});

for (const text of ['', '{', 'null', '7', '{"top":"7"}', '{"top":-1}', '{"top":1.5}', '{"top":1e300}'])
  test(`an entry ${text || 'without content'} says nothing`, () => assert.equal(readTop(bytes(text)), null));
for (const text of ['', '{}', '{"epoch":"e","from":1}', '{"epoch":1,"from":1,"below":2}'])
  test(`a cover ${text || 'without content'} covers nothing`, () => assert.equal(readCover(bytes(text)), null));

test('an entry of an earlier release, or with a list that cannot be read, tells nothing about deletes', () => {
  for (const text of [
    '{"top":7}',
    '{"top":7,"deleted":7}',
    '{"top":7,"deleted":[[5,1],[]]}',
    '{"top":7,"deleted":[["5"]]}',
  ])
    assert.deepEqual(readDigest(bytes(text)), { top: 7, deletions: null });
});

test('a cover of an earlier release is known by what it lacks', () => {
  assert.equal(readCover(bytes(writeCover(cover)))?.checked, undefined);
  const marked = { ...cover, lease: 3, checked: 8 };
  assert.deepEqual(readCover(bytes(writeCover(marked))), marked);
  assert.deepEqual(readCover(bytes('{"epoch":"e","from":10,"below":100,"lease":"3","checked":8}')), cover);
});

const covers: [what: string, before: Cover | null, epoch: string, at: number, from: number][] = [
  ['the first position begins a cover', null, 'e', 39, 40],
  ['a position inside the cover continues it', cover, 'e', 60, 10],
  ['so does one at its end', cover, 'e', 99, 10],
  ['a position above it leaves a gap: it begins anew', cover, 'e', 100, 101],
  ['another incarnation of the stream has another cover', cover, 'f', 4, 5],
];
for (const [what, before, epoch, at, from] of covers)
  test(what, () => {
    const mark = { lease: 1, checked: 2 };
    assert.deepEqual(coverFrom(before, { epoch, at }, mark), { epoch, from, below: at + 1, ...mark });
  });

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
