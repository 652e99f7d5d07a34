import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { readControl } from '../../../../../server/fold/control.ts';
import { NO_ROOM, type RoomState } from '../../../../../server/fold/room-state.ts';
import { readRoomState, roomStateJson } from '../../../../../server/fold/room-state-json.ts';
import { readProgress } from '../../../../../server/membership/policy-progress.ts';
import { COMPLETE } from '../../../../../server/membership/policy-store.ts';
import { LOST_VERSIONS } from '../../../../../server/membership/snapshot.ts';
import { StoreUnavailable } from '../../../../../server/room/history-store.ts';
import type { Envelope } from '../../../../../server/room/message.ts';
import { PolicyPosition } from '../../../../../server/worker/state/policy-position.ts';
import { TakeOver } from '../../../../../server/worker/state/take-over.ts';
import { until } from '../../../../../tools/support/until.ts';
import { MemoryPolicyStore } from '../../../../support/chat/memory-policy.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

const lease = { signal: new AbortController().signal };
const FIRST = { epoch: 'first', at: 50 };
const SECOND = { epoch: 'second', at: 1_000 };
const stateOf = (cv: number, at: number, topic = ''): RoomState => ({ ...NO_ROOM, kind: 'group', cv, at, topic });

/** A worker whose LOG has another epoch than POLICY. */
async function bench(from = 1_001) {
  const policy = new MemoryPolicyStore();
  const position = new PolicyPosition(policy);
  const clock = new ManualClock();
  const archived = new Map<string, RoomState>();
  const parts = { archiveUp: true };
  const published: { readonly room: string; readonly cv: number; readonly state: RoomState | null }[] = [];
  await policy.write({ partition: 0 }, FIRST, 0);
  await position.take(0, FIRST);
  const takeOver = new TakeOver({
    policy,
    position,
    archive: {
      async allRooms(after) {
        if (!parts.archiveUp) throw new StoreUnavailable('switched off');
        return after === '' ? [...archived] : [];
      },
    },
    log: {
      state: async () => ({ epoch: 'second', from }),
      partitionOf: room => (room.startsWith('group:other') ? 1 : 0),
      async publish(room: string, body: Uint8Array, { type, cv }: Envelope) {
        const entry = readControl({ type, offset: 1, user: '' }, JSON.parse(Buffer.from(body).toString()));
        const control = entry?.control;
        published.push({ room, cv, state: control?.act === 'snapshot' ? readRoomState(control.state) : null });
      },
    },
    clock,
    logger: pino({ level: 'silent' }),
  });
  const look = () => {
    clock.pass(2_000);
    takeOver.look(0, SECOND, lease);
  };
  const progress = async () => readProgress((await policy.read({ partition: 0 }))?.value);
  const taken = async () => {
    await until('it is taken over', async () => {
      look();
      return (await progress())?.epoch === 'second';
    });
    return published.toSorted((a, b) => (a.room < b.room ? -1 : 1));
  };
  const put = (room: string, state: RoomState) => policy.write({ room }, roomStateJson(state), 0);
  return { policy, position, archived, parts, published, look, progress, taken, put };
}

test('rooms that POLICY and MongoDB have in different states, or that a loss may concern, go on from the later one', async () => {
  const { archived, taken, put, policy, progress } = await bench();
  await policy.write(COMPLETE, {}, 0);
  archived.set('group:same', stateOf(3, 40));
  await put('group:same', stateOf(3, 40));
  archived.set('group:archived', stateOf(5, 45, 'MongoDB'));
  await put('group:archived', stateOf(4, 41, 'POLICY'));
  archived.set('group:stored', stateOf(4, 41, 'MongoDB'));
  await put('group:stored', stateOf(6, 48, 'POLICY'));
  archived.set('group:missing', stateOf(2, 30, 'MongoDB'));
  archived.set('group:late', stateOf(2, 60));
  await put('group:late', stateOf(2, 60));
  archived.set('group:acted', stateOf(2, 30));
  await put('group:acted', stateOf(3 + LOST_VERSIONS, 1_002));
  archived.set('group:other', stateOf(9, 49));
  assert.deepEqual(
    (await taken()).map(({ room, cv, state }) => [room, cv, state?.topic]),
    [
      ['group:archived', 5 + LOST_VERSIONS, 'MongoDB'],
      ['group:late', 2 + LOST_VERSIONS, ''],
      ['group:missing', 2 + LOST_VERSIONS, 'MongoDB'],
      ['group:stored', 6 + LOST_VERSIONS, 'POLICY'],
    ],
  );
  assert.deepEqual(await progress(), SECOND);
});

test('nothing is vouched for before POLICY is complete and MongoDB answers', async () => {
  const { policy, parts, archived, look, taken, progress, published } = await bench();
  archived.set('group:missing', stateOf(2, 30));
  parts.archiveUp = false;
  look();
  await policy.write(COMPLETE, {}, 0);
  for (let count = 0; count < 3; count++) {
    look();
    await new Promise(setImmediate);
  }
  assert.deepEqual([await progress(), published], [FIRST, []]);
  parts.archiveUp = true;
  assert.equal((await taken()).length, 1);
});

test('the first epoch follows no other: nothing is compared', async () => {
  const { policy, archived, taken } = await bench(1);
  await policy.write(COMPLETE, {}, 0);
  archived.set('group:missing', stateOf(2, 30));
  assert.deepEqual(await taken(), []);
});
