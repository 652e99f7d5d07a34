import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROOM, type RoomState } from '../../../../server/fold/room-state.ts';
import { countingOf } from '../../../../server/room/counting.ts';
import { filteredReader } from '../../../../server/room/filtered-reader.ts';
import { roomReader } from '../../../../server/room/reader.ts';
import { publishControl, publishSeen } from '../../../support/chat/control-entries.ts';
import { created } from '../../../support/chat/control-log.ts';
import { LogStates } from '../../../support/chat/log-states.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';

const ROOM = 'group:tea';

test('reads leave out what was written after its author was kicked, from LOG and from MongoDB, however small the pages', async () => {
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  const whole = roomReader(log, store, () => 1_000);
  const states = new LogStates(log, whole);
  const reader = filteredReader(
    whole,
    countingOf(room => states.fresh(room)),
  );
  const act = created({ ann: 'owner', bob: 'member' }) as Parameters<typeof publishControl>[3];
  await publishControl(log, ROOM, 1, act);
  await publishSeen(log, ROOM, 'bob', 1);
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  for (let i = 0; i < 3; i++) await publishSeen(log, ROOM, 'bob', 1);
  await publishSeen(log, ROOM, 'ann', 1);
  const counting = [1, 2, 3, 7];
  const pages = async () => {
    for (const limit of [1, 2, 3, 100]) {
      const forwards: number[] = [];
      for (let after = 0; ; ) {
        const { messages } = await reader.after(ROOM, after, limit);
        forwards.push(...messages.map(({ offset }) => offset));
        after = messages.at(-1)?.offset ?? 0;
        if (after === 0) break;
      }
      assert.deepEqual(forwards, counting, `${limit} forwards`);
      const backwards: number[] = [];
      for (let before = 100; ; ) {
        const { messages: page } = await reader.before(ROOM, before, limit);
        backwards.push(...page.map(({ offset }) => offset));
        before = page.at(-1)?.offset ?? 0;
        if (before === 0) break;
      }
      assert.deepEqual(backwards, counting.toReversed(), `${limit} backwards`);
    }
  };
  await pages();
  log.purge(5);
  await pages();
});

test('what a server wrote counts also in a frozen room', async () => {
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  const whole = roomReader(log, store, () => 1_000);
  const states = new LogStates(log, whole);
  const reader = filteredReader(
    whole,
    countingOf(room => states.fresh(room)),
  );
  const act = created({ ann: 'owner', bob: 'member' }) as Parameters<typeof publishControl>[3];
  await publishControl(log, ROOM, 1, act);
  await publishControl(log, ROOM, 2, { act: 'freeze', on: true });
  await publishSeen(log, ROOM, 'bob', 1);
  const { offset } = await publishSeen(log, ROOM, '', 0);
  const { messages } = await reader.after(ROOM, 2, 10);
  assert.deepEqual(
    messages.map(each => each.offset),
    [offset],
  );
});

test('a room without restrictions costs no wait', async () => {
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  log.append(ROOM);
  const asked: RoomState[] = [];
  const reader = filteredReader(
    roomReader(log, store, () => 1_000),
    countingOf(() => {
      asked.push(NO_ROOM);
      return NO_ROOM;
    }),
  );
  assert.equal((await reader.after(ROOM, 0, 10)).messages.length, 1);
  assert.equal(asked.length, 1);
});
