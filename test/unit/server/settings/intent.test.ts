import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAnnotations } from '../../../../server/settings/annotations.ts';
import { intentIn, UNREADABLE } from '../../../../server/settings/intent.ts';

// As a kubelet wrote them (Go's strconv.Quote).
const FILE = [
  'chatcluster.dev/traffic="{\\"reason\\":\\"ScaleDown\\",\\"since\\":\\"2026-01-01T00:00:00Z\\",\\"keep\\":10,\\"perSecond\\":2.5}"',
  'empty=""',
  'example.com/lines="one\\ntwo\\t\\"three\\" = four\\\\"',
  'example.com/odd="\\x00\\x7f\\u200b\\U0010ffff\\xff\\a\\v é 漢"',
].join('\n');

test('the downward API file is read as the kubelet writes it', () => {
  assert.deepEqual([...parseAnnotations(FILE)].slice(1), [
    ['empty', ''],
    ['example.com/lines', 'one\ntwo\t"three" = four\\'],
    ['example.com/odd', '\x00\x7f\u200b\u{10ffff}\ufffd\x07\v é 漢'],
  ]);
});

test('what is no line of that file is left out', () => {
  assert.deepEqual([...parseAnnotations('a=b\n="x"\nb="open\nc="ok"\nd="x" \ne="a"b"\n\n')], [['c', 'ok']]);
});

const wanted = (json: string) => intentIn(`a="b"\nchatcluster.dev/traffic=${JSON.stringify(json)}\nz="1"`);

test('an intent says what is wanted, and a newer one may say more', () => {
  assert.deepEqual(intentIn(FILE), { reason: 'ScaleDown', keep: 10, perSecond: 2.5 });
  assert.deepEqual(wanted('{"reason":"Rollout","since":"x"}'), { reason: 'Rollout' });
  assert.deepEqual(wanted('{"reason":"Later","perSecond":3,"new":{}}'), { reason: 'Later' });
  assert.deepEqual(wanted('{"reason":"Rollout","unselected":true}'), { reason: 'Rollout', unselected: true });
  for (const other of ['false', '"true"', '1', 'null'])
    assert.deepEqual(wanted(`{"reason":"Rollout","unselected":${other}}`), { reason: 'Rollout' });
  assert.deepEqual(wanted('{"reason":"Hibernate","keep":0,"perSecond":7}'), {
    reason: 'Hibernate',
    keep: 0,
    perSecond: 7,
  });
});

test('without the annotation nothing is wanted', () => {
  for (const file of ['', 'chatcluster.dev/traffic2="{}"', 'x="chatcluster.dev/traffic"'])
    assert.equal(intentIn(file), null);
});

for (const json of [
  '',
  'x',
  'null',
  '[]',
  '"ScaleDown"',
  '{}',
  '{"reason":7}',
  '{"reason":"a b"}',
  '{"reason":"ScaleDown","keep":5}',
  '{"reason":"ScaleDown","keep":-1,"perSecond":5}',
  '{"reason":"ScaleDown","keep":1.5,"perSecond":5}',
  '{"reason":"ScaleDown","keep":"0","perSecond":5}',
  '{"reason":"ScaleDown","keep":0,"perSecond":0}',
  '{"reason":"ScaleDown","keep":0,"perSecond":1e999}',
]) {
  test(`the intent ${json || '(empty)'} keeps clients away and closes nothing`, () => {
    assert.deepEqual(wanted(json), { reason: UNREADABLE });
  });
}
