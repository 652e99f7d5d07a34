import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf, type Signs } from '../../../operator/health.ts';
import { ApiError } from '../../../operator/kube/api-error.ts';
import { errorFields } from '../../../operator/kube/error-text.ts';
import { NotLeader } from '../../../operator/leader/leader.ts';
import type { KindState } from '../../../operator/watch/caches.ts';

const kind = (state: Partial<KindState> = {}): KindState => ({
  kind: 'Pod',
  objects: 0,
  without: undefined,
  isMissing: false,
  isSynced: true,
  isSettled: true,
  isRefused: false,
  failingMs: 0,
  problem: '',
  idleMs: 0,
  ...state,
});
const signs = (state: Partial<KindState> = {}, more: Partial<Signs> = {}): Signs => ({
  kinds: [kind(), kind({ kind: 'Deployment', ...state })],
  longestPassMs: 0,
  lease: undefined,
  ...more,
});
const refused = { isMissing: true, isRefused: true, problem: '403 Forbidden: not yours' };

for (const [what, given, expected] of [
  ['all is well', signs(), {}],
  ['a kind is not listed yet', signs({ isSynced: false }), { unready: ['Deployment: not listed yet'] }],
  [
    'a kind that is needed is refused',
    signs({ isSynced: false, failingMs: 5, ...refused }),
    { unready: ['Deployment: cannot be listed: 403 Forbidden: not yours'] },
  ],
  [
    'a kind that is not needed is refused',
    signs({ isSynced: false, without: 'nobody knows', failingMs: 90_000, ...refused }),
    { without: ['Deployment: nobody knows: 403 Forbidden: not yours'] },
  ],
  [
    'a kind that is not needed may still come',
    signs({ isSynced: false, isSettled: false, without: 'nobody knows' }),
    { unready: ['Deployment: not listed yet'] },
  ],
  ['a watch has broken', signs({ failingMs: 60_000, problem: 'ECONNREFUSED' }), {}],
  [
    'the API server is away for long',
    signs({ failingMs: 61_000, problem: 'ECONNREFUSED' }),
    { unready: ['Deployment: out of date for 61 s: ECONNREFUSED'] },
  ],
  [
    'a kind that is not needed is out of date',
    signs({ failingMs: 600_000, without: 'nobody knows', problem: 'ECONNREFUSED' }),
    {},
  ],
  [
    'the Lease is refused',
    signs({}, { lease: { failingMs: 61_000, problem: '403 Forbidden: no' } }),
    { unready: ['Lease: not reached for 61 s: 403 Forbidden: no'] },
  ],
  ['the Lease was missed once', signs({}, { lease: { failingMs: 5_000, problem: 'no' } }), {}],
  [
    'a reflector has stopped',
    signs({ idleMs: 301_000 }),
    {
      dead: ['Deployment: neither list nor watch for 301 s'],
      unready: ['Deployment: neither list nor watch for 301 s'],
    },
  ],
  ['a pass takes long', signs({}, { longestPassMs: 1_800_000 }), {}],
  [
    'a pass never ends',
    signs({}, { longestPassMs: 1_801_000 }),
    { dead: ['a pass has not ended for 1801 s'], unready: ['a pass has not ended for 1801 s'] },
  ],
] as const)
  test(`health: ${what}`, () => {
    assert.deepEqual(healthOf(given), { dead: [], unready: [], without: [], ...expected });
  });

test('a fault of the program is logged with where it is, an answer from outside in a sentence', () => {
  const broken = errorFields(new TypeError('x is undefined'));
  assert.equal(broken.error, 'x is undefined');
  assert.match(broken.stack ?? '', /health\.test/);
  const long = new Error('long');
  long.stack = 'x'.repeat(10_000);
  assert.equal(errorFields(long).stack?.length, 2_000);
  const network = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
  for (const [error, said] of [
    [new ApiError(403, 'Forbidden', 'not yours'), '403 Forbidden: not yours'],
    [network, 'fetch failed: connect ECONNREFUSED'],
    [new NotLeader(), 'another operator may be leader'],
    [new DOMException('it took too long', 'TimeoutError'), 'it took too long'],
    ['thrown', 'unknown error'],
  ] as const)
    assert.deepEqual(errorFields(error), { error: said });
});
