import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { COMPLETE, type PolicyKey, type PolicyStore, readOrAbsent } from '../../../server/membership/policy-store.ts';

const KEYS: readonly PolicyKey[] = [
  { room: 'group:a.b *>%é界' },
  { room: 'user' },
  { user: 'group:a.b *>%é界' },
  { user: 'a', part: 1 },
  { user: 'a' },
];

/** Contract of every {@link PolicyStore}: the bucket in NATS, and the one in memory that unit tests use in its place. */
export function policyContract(name: string, make: (t: TestContext) => Promise<PolicyStore>): void {
  test(`${name}: a value reads back as it was written, each key apart from all others`, async t => {
    const policy = await make(t);
    for (const key of KEYS) assert.equal(await policy.read(key), null);
    for (const [index, key] of KEYS.entries()) assert.ok(await policy.write(key, { é: index }, 0));
    for (const [index, key] of KEYS.entries()) assert.deepEqual((await policy.read(key))?.value, { é: index });
  });

  test(`${name}: a write counts only on the revision that it names`, async t => {
    const policy = await make(t);
    const key = { room: 'group:a' };
    const revision = async () => (await policy.read(key))?.revision ?? 0;
    assert.equal(await policy.write(key, 1, 0), true);
    const first = await revision();
    assert.ok(first > 0);
    assert.equal(await policy.write(key, 2, 0), false);
    assert.equal(await policy.write(key, 2, first + 1), false);
    assert.equal(await policy.write(key, 2, first), true);
    assert.ok((await revision()) > first);
    assert.equal((await policy.read(key))?.value, 2);
    assert.equal(await policy.write({ room: 'group:b' }, 1, first), false);
  });

  test(`${name}: of many who write on the same revision one wins`, async t => {
    const policy = await make(t);
    const key = { room: 'group:a' };
    for (let round = 1; round <= 20; round++) {
      const revision = (await policy.read(key))?.revision ?? 0;
      const racers = Array.from({ length: 20 }, (_, racer) => policy.write(key, `${round} ${racer}`, revision));
      const won = (await Promise.all(racers)).flatMap((written, racer) => (written ? [`${round} ${racer}`] : []));
      assert.deepEqual(won, [(await policy.read(key))?.value]);
    }
  });

  test(`${name}: a key without a value is absent only if the store is complete`, async t => {
    const policy = await make(t);
    const key = { room: 'group:a' };
    assert.equal(await readOrAbsent(policy, key), 'unknown');
    await policy.write(COMPLETE, { epoch: 'x' }, 0);
    assert.equal(await readOrAbsent(policy, key), 'absent');
    await policy.write(key, 1, 0);
    assert.deepEqual(await readOrAbsent(policy, key), await policy.read(key));
  });
}
