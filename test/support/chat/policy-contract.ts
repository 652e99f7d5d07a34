import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PolicyKey, PolicyStore } from '../../../server/membership/policy-store.ts';
import { fillPolicy } from './filled-policy.ts';

const KEYS: readonly PolicyKey[] = [
  { room: 'group:a.b *>%é界' },
  { room: 'user' },
  { user: 'group:a.b *>%é界' },
  { user: 'a', part: 1 },
  { user: 'a' },
  { pair: ['a', 'b'] },
  { pair: ['1', '*.é'] },
  { settings: 'a' },
  { settings: 'group:a.b *>%é界' },
  { partition: 1 },
  { counts: 'a' },
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

  test(`${name}: a value that is too large is refused for good`, async t => {
    const policy = await make(t);
    const key = { room: 'group:a' };
    await assert.rejects(policy.write(key, 'x'.repeat(2 * 1024 * 1024), 0), { name: 'MessageRefused' });
    assert.equal(await policy.write(key, 'x', 0), true);
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

  test(`${name}: many keys are read at one moment, and whether the store lacks nothing`, async t => {
    const policy = await make(t);
    assert.deepEqual(await policy.snapshot(KEYS), { entries: KEYS.map(() => null), complete: false });
    for (const key of KEYS.slice(1)) await policy.write(key, key, 0);
    const some = await policy.snapshot(KEYS);
    assert.deepEqual([some.entries.map(entry => entry?.value), some.complete], [[undefined, ...KEYS.slice(1)], false]);
    await fillPolicy(policy);
    const whole = await policy.snapshot(KEYS);
    assert.deepEqual([whole.entries, whole.complete], [some.entries, true]);
    for (const key of KEYS) {
      const entry = await policy.read(key);
      assert.deepEqual(await policy.snapshot([key]), { entries: [entry], complete: true });
    }
    assert.deepEqual(await policy.snapshot([]), { entries: [], complete: true });
  });

  test(`${name}: a snapshot has every write that was confirmed before it`, async t => {
    const policy = await make(t);
    await fillPolicy(policy);
    let revision = 0;
    for (let value = 1; value <= 20; value++) {
      await policy.write({ room: 'group:a' }, value, revision);
      const [entry] = (await policy.snapshot([{ room: 'group:a' }])).entries;
      assert.equal(entry?.value, value);
      revision = entry?.revision ?? 0;
    }
  });
}
