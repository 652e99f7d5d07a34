import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FoldedRooms } from '../../../../server/chat/folded-rooms.ts';
import { LastMessages } from '../../../../server/chat/last-messages.ts';
import { visiblePage } from '../../../../server/chat/visible-page.ts';
import type { Entry } from '../../../../server/fold/entry.ts';
import type { Filter } from '../../../../server/room/filtered-reader.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

const ROOM = 'channel:room';
/** Author of the entries that do not count. */
const CUT = 'mallory';

/** Lists of one room, in which no entry of {@link CUT} counts. */
function listed() {
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  const clock = new ManualClock();
  const counting: Filter = async (_, messages) => messages.filter(({ user }) => user !== CUT);
  const folded = new FoldedRooms({ log, store, counting, now: () => clock.now() });
  const hidden = { of: async () => new Set<number>(), roomsOf: async () => new Set<string>() };
  const lasts = new LastMessages({ log, store, folded, hidden, counting });
  const put = async (entry: Entry) => {
    const { user = '' } = entry as { user?: string };
    const envelope = { type: entry.type, id: 'id' in entry ? entry.id : `e${entry.offset}`, dedupe: '', time: 0, user };
    const rest = { client: 'c', traceparent: '', cv: 0, seen: 0, targets: [] };
    await log.publish(ROOM, Buffer.from(JSON.stringify(entry)), { ...envelope, ...rest });
  };
  const send = (user: string) =>
    put({ type: 'message', offset: log.last + 1, id: `m${log.last + 1}`, user, time: 0, text: `of ${user}` });
  const react = (target: number) => {
    const offset = log.last + 1;
    return put({ type: 'reaction', offset, target, of: `m${target}`, user: `u${offset}`, emoji: '👍', on: true });
  };
  /** Offsets of a page. */
  const page = async (params: { after?: number; before?: number; limit?: number; reverse?: boolean } = {}) => {
    clock.pass(1_001);
    const range = { after: 0, before: Number.POSITIVE_INFINITY, limit: 10, reverse: true, ...params };
    return (await visiblePage({ folded, hidden }, 'reader', ROOM, range)).messages.map(({ offset }) => offset);
  };
  const last = async () => {
    clock.pass(1_001);
    return (await lasts.of('reader', [{ room: ROOM, readableAbove: 0 }])).get(ROOM)?.message?.offset;
  };
  return { store, log, send, react, page, last };
}

test('a message that does not count is in no list while MongoDB has it and no worker has emptied it', async () => {
  const { store, log, send, page, last } = listed();
  for (let round = 0; round < 3; round++) await send('ann');
  log.storeUpTo(log.last);
  store.apply(log.last);
  log.purge(log.last);
  for (const user of [CUT, 'ann', CUT]) await send(user);
  for (const stored of [false, true]) {
    if (stored) log.storeUpTo(log.last);
    assert.deepEqual(await page(), [1, 2, 3, 5]);
    assert.deepEqual(await page({ reverse: false }), [1, 2, 3, 5]);
    assert.deepEqual(await page({ limit: 2 }), [3, 5]);
    assert.deepEqual(await page({ before: 5, limit: 1 }), [3]);
    assert.deepEqual(await page({ after: 3, reverse: false }), [5]);
    assert.equal(await last(), 5);
  }
});

test('while MongoDB is away, a message below any number of changes is found as far as LOG has it', async () => {
  const { store, log, send, react, page, last } = listed();
  for (let round = 0; round < 3; round++) await send('ann');
  for (let round = 0; round < 2_500; round++) await react(3);
  store.up = false;
  assert.deepEqual(await page({ limit: 1 }), [3]);
  assert.deepEqual(await page({ before: 2_000, limit: 1 }), [3]);
  assert.equal(await last(), 3);
  store.up = true;
  log.storeUpTo(log.last);
  log.purge(3);
  store.up = false;
  await assert.rejects(page(), { name: 'StoreUnavailable' });
  assert.equal(await last(), undefined);
});

test('while MongoDB is away, a page ends after 10,000 changes without a message', async () => {
  const { store, send, react, page, last } = listed();
  for (let round = 0; round < 2; round++) await send(round === 0 ? 'ann' : CUT);
  for (let round = 0; round < 10_000; round++) await react(1);
  store.up = false;
  assert.equal(await last(), 1);
  for (let round = 0; round < 1_100; round++) await react(1);
  await assert.rejects(page({ limit: 1 }), { name: 'StoreUnavailable' });
  assert.equal(await last(), undefined);
});
