import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shared } from '../../../../operator/watch/shared.ts';

const parsed = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const OBJECT = {
  name: 'a',
  spec: { ports: [{ port: 80, name: 'client' }], on: true, none: null, text: '#1', no: 1.5 },
};

test('a value stays what it is', () => {
  const shared = new Shared();
  for (const value of [
    OBJECT,
    [],
    {},
    '',
    'x',
    0,
    null,
    true,
    undefined,
    [
      [1, '1'],
      [{}, []],
    ],
    { a: undefined },
  ])
    assert.deepEqual(shared.of(value), value);
});

test('equal parts of two values are one', () => {
  const shared = new Shared();
  const [one, two] = [shared.of(parsed(OBJECT)), shared.of(parsed({ ...OBJECT, name: 'b' }))];
  assert.notEqual(one, two);
  assert.equal(one.spec, two.spec);
  assert.equal(shared.of(parsed(OBJECT)), one);
});

test('values that only look alike are not', () => {
  const shared = new Shared();
  const pairs: [unknown, unknown][] = [
    [{ a: 1 }, { a: '1' }],
    [['a,b'], ['a', 'b']],
    [{ a: null }, { a: 'null' }],
    [{ a: {} }, { a: [] }],
    [{ a: { b: 1 } }, { a: '#1' }],
    [{ 'a":1,"b': 2 }, { a: 1, b: 2 }],
    [[undefined], ['undefined']],
    ['x'.repeat(50), 'x'.repeat(51)],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
  ];
  for (const [one, two] of pairs) {
    assert.deepEqual(shared.of(one), one);
    assert.deepEqual(shared.of(two), two);
    assert.notEqual(shared.of(one), shared.of(two));
    assert.deepEqual(Object.keys(Object(shared.of(two))), Object.keys(Object(two)), 'in the order it had');
  }
});

test('parts that never repeat are forgotten, parts that many values have are not', () => {
  const shared = new Shared();
  const first = shared.of(parsed(OBJECT.spec));
  for (let index = 0; index < 60_000; index++) {
    shared.of({ name: `name-${index}` });
    if (index % 1_000 === 0) assert.equal(shared.of(parsed(OBJECT.spec)), first);
  }
});
