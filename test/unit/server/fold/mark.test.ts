import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenMark, hasMark, type Mark, mergedMarks, NO_MARK, readMark } from '../../../../server/fold/mark.ts';
import { integer } from '../../../../tools/support/random.ts';
import { anyJson, fuzz, type Random } from '../../../support/fuzz/fuzz.ts';

const someMark = (random: Random): Mark => givenMark({ read: integer(random, 9), delivered: integer(random, 9) });

fuzz('marks merge to the same in any order, however often each comes, and never fall', [1, 2], 300, random => {
  const marks = Array.from({ length: 1 + integer(random, 6) }, () => someMark(random));
  const merged = marks.reduce(mergedMarks, NO_MARK);
  const shuffled = [...marks, ...marks].sort(() => random() - 0.5);
  assert.deepEqual(shuffled.reduce(mergedMarks, NO_MARK), merged);
  for (const mark of marks) assert.equal(hasMark(merged, mark), true);
  assert.equal(merged.read, Math.max(...marks.map(({ read }) => read)));
  assert.ok(merged.delivered >= merged.read);
  const more = someMark(random);
  const raised = mergedMarks(merged, more);
  assert.ok(raised.read >= merged.read && raised.delivered >= merged.delivered);
  assert.equal(hasMark(merged, more), JSON.stringify(raised) === JSON.stringify(merged));
});

test('what is read was delivered', () => {
  assert.deepEqual(givenMark({ read: 7 }), { read: 7, delivered: 7 });
  assert.deepEqual(givenMark({ delivered: 7 }), { read: 0, delivered: 7 });
  assert.deepEqual(givenMark({}), NO_MARK);
});

test('stored marks are read again, with fields of later releases; anything else is none', () => {
  assert.deepEqual(readMark({ read: 3, delivered: 5, muted: true }), { read: 3, delivered: 5 });
  for (const bad of [null, 3, 'x', [], {}, { read: 3 }, { read: -1, delivered: 5 }, { read: 1.5, delivered: 5 }])
    assert.equal(readMark(bad), null);
});

fuzz('no value breaks the reader', [3], 300, random => {
  const mark = readMark(anyJson(random));
  assert.ok(mark === null || mark.delivered >= mark.read);
});
