import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastSeen } from '../../../../server/membership/last-seen.ts';
import { StoreUnavailable } from '../../../../server/room/history-store.ts';
import { MemoryMarks } from '../../../support/chat/memory-marks.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

const MINUTE = 60_000;

/** Gateways that share a store, and MongoDB, which has a time of `old` alone. */
function scene() {
  const clock = new ManualClock(100 * MINUTE + 20_000);
  const store = new MemoryMarks();
  const mongo = { isAway: false };
  const archive = {
    read: async (keys: readonly { readonly user: string }[]) => {
      if (mongo.isAway) throw new StoreUnavailable('away');
      return keys.map(({ user }) => (user === 'old' ? { read: 7, delivered: 7 } : null));
    },
  };
  const gateway = () => new LastSeen({ store, archive, after: clock.after, wallClock: clock.wallClock });
  const pass = async (ms: number) => {
    clock.pass(ms);
    await settle();
  };
  return { store, mongo, gateway, pass };
}

test('who leaves several times within a second is written once, in whole minutes, and a later minute counts', async () => {
  const { store, gateway, pass } = scene();
  const [one, other] = [gateway(), gateway()];
  for (let i = 0; i < 3; i++) one.left('bob');
  await pass(1_000);
  assert.equal(store.writes, 1);
  assert.deepEqual([...(await other.of(['bob', 'nobody']))], [['bob', 100 * MINUTE]]);
  other.left('bob');
  await pass(1_000);
  assert.equal(store.writes, 1, 'the same minute');
  await pass(MINUTE);
  other.left('bob');
  await other.flush();
  assert.equal((await one.of(['bob'])).get('bob'), 101 * MINUTE);
});

test('MongoDB has the times that NATS has not any more; while it is away they are not known', async () => {
  const { mongo, gateway } = scene();
  assert.deepEqual([...(await gateway().of(['old', 'nobody']))], [['old', 7 * MINUTE]]);
  mongo.isAway = true;
  assert.deepEqual([...(await gateway().of(['old']))], []);
});

test('a write that NATS does not confirm is lost, and later ones are not', async () => {
  const { store, gateway, pass } = scene();
  const one = gateway();
  store.away = true;
  one.left('bob');
  await pass(1_000);
  store.away = false;
  one.left('eve');
  await pass(1_000);
  assert.deepEqual([...(await one.of(['bob', 'eve'])).keys()], ['eve']);
});
