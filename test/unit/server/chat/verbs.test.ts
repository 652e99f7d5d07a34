import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFields } from '../../../../server/chat/params.ts';
import { VERBS, verbOf } from '../../../../server/chat/verbs.ts';

for (const [name, verb] of Object.entries(VERBS))
  test(`the example of ${name} is what it takes and answers`, () => {
    assert.match(name, /^[a-z]+(\.[a-z]+)?$/);
    assert.deepEqual(readFields(verb.params, verb.example.params), verb.example.params);
    assert.deepEqual(readFields(verb.result, verb.example.result), verb.example.result);
    assert.equal(verbOf(name), verb);
  });

test('a name that is no verb is none, also one that every object has', () => {
  for (const name of ['', 'message', 'toString', '__proto__']) assert.equal(verbOf(name), undefined);
});
