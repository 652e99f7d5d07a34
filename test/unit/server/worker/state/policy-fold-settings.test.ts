import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGivenSettings } from '../../../../../server/fold/user-settings.ts';
import { writeSettings } from '../../../../../server/membership/policy-writes.ts';
import { policyFoldBench } from '../../../../support/chat/policy-fold-bench.ts';

const EMPTY = { client: '', traceparent: '', targets: [], cv: 0, seen: 0, time: 1 } as const;

test('settings that no gateway wrote are written, however often entries come, and later ones stay', async () => {
  const { log, run, make, policy } = await policyFoldBench();
  const set = async (user: string, privacy: object) => {
    const body = Buffer.from(JSON.stringify({ type: 'me', privacy }));
    const id = `${user} ${JSON.stringify(privacy)}`;
    return (await log.publish(`user:${user}`, body, { ...EMPTY, type: 'me', id, dedupe: id, user })).offset;
  };
  const settings = async (user: string) => readGivenSettings((await policy.read({ settings: user }))?.value);
  const first = await set('ann', { add: 'nobody', dm: 'friends' });
  await set('ann', { add: 'all' });
  const last = await set('bob', { receipts: 'off' });
  await writeSettings(policy, 'ann', { add: { at: first + 1_000, value: 'everyone' } });
  await run();
  await run(make(), true);
  assert.deepEqual(await settings('ann'), {
    add: { at: first + 1_000, value: 'everyone' },
    dm: { at: first, value: 'friends' },
  });
  assert.deepEqual(await settings('bob'), { receipts: { at: last, value: 'off' } });
  assert.equal(await settings('eve'), null);
});
