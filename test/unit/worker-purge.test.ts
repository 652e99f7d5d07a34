import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PurgeView, purgeBelow } from '../../server/worker/purge-plan.ts';

const view: PurgeView = {
  first: 1,
  last: 100,
  floors: new Map([['store', 80]]),
  required: ['store'],
  hot: null,
};

const cases: [what: string, change: Partial<PurgeView>, below: number | null][] = [
  ['what the store has acknowledged goes', {}, 81],
  [
    'the slowest durable consumer holds the rest',
    {
      floors: new Map([
        ['store', 80],
        ['push', 12],
      ]),
    },
    13,
  ],
  [
    'a consumer that acknowledged nothing holds all',
    {
      floors: new Map([
        ['store', 80],
        ['push', 0],
      ]),
    },
    null,
  ],
  ['the hot window holds what is in it', { hot: 41 }, 41],
  ['a hot window behind the floor changes nothing', { hot: 95 }, 81],
  ['a hot window from the first message holds all', { hot: 1 }, null],
  ['without the start of the hot window nothing goes', { hot: undefined }, null],
  ['without the store consumer nothing goes', { floors: new Map([['push', 50]]) }, null],
  ['without any consumer nothing goes', { floors: new Map(), required: [] }, null],
  ['a floor above the stream does not pass its end', { floors: new Map([['store', 500]]) }, 101],
  ['what is gone already is not purged again', { first: 81 }, null],
  ['an empty stream is left alone', { first: 101, last: 100 }, null],
];
for (const [what, change, below] of cases) test(what, () => assert.equal(purgeBelow({ ...view, ...change }), below));
