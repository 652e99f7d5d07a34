import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Control, type ControlEntry, controlBody, typeOfAct } from '../../../../server/fold/control.ts';
import { NO_ROOM, type RoomState } from '../../../../server/fold/room-state.ts';
import { roomStateJson } from '../../../../server/fold/room-state-json.ts';
import { LOST_VERSIONS } from '../../../../server/membership/snapshot.ts';
import type { RejectedMessage } from '../../../../server/room/history-store.ts';
import { snapshotAfter } from '../../../../server/worker/snapshot-after.ts';
import { entry as controlEntry } from '../../../support/chat/control-log.ts';
import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

const room = 'group:tea';
const TWO: RoomState = { ...NO_ROOM, kind: 'group', cv: 2, at: 5 };

function rejected(cv: number, control: Exclude<Control, { act: 'unknown' }>, code: RejectedMessage['code'] = 2) {
  const [id, by, time] = ['id', 'ann', 1];
  const type = typeOfAct(control.act);
  const body = Buffer.from(JSON.stringify(controlBody({ id, cv, by, time, control }, type)));
  const message = { room, type, id, user: by, offset: 9, cv, body } as unknown as RejectedMessage['message'];
  return { message, reason: 'refused', code } as RejectedMessage;
}

/** Snapshots after a message that MongoDB refuses, while POLICY has a state. @param later entries that LOG has above it */
async function after(
  message: RejectedMessage,
  state: RoomState | null,
  later: readonly ControlEntry[] = [],
): Promise<(readonly [number, string])[]> {
  const policy = new MemoryPolicyStore();
  const clock = new ManualClock();
  const published: (readonly [number, string])[] = [];
  if (state) await policy.write({ room }, roomStateJson(state), 0);
  await snapshotAfter({
    policy,
    archive: { room: async () => null },
    log: {
      controls: async () => later,
      publish: async (_, body, { cv }) => {
        const { state } = JSON.parse(Buffer.from(body).toString()) as { readonly state: RoomState };
        published.push([cv, state.topic]);
      },
    },
    wallClock: () => clock.wallClock(),
  })(message);
  return published;
}

test('a control entry that MongoDB refuses is followed by a snapshot, whether POLICY has it or not', async () => {
  const entry = rejected(3, { act: 'update', topic: 'Which tea?' });
  assert.deepEqual(await after(entry, TWO), [[3 + LOST_VERSIONS, 'Which tea?']]);
  const three = { act: 'update', topic: 'Which tea?' } as const;
  const log = [controlEntry(9, 3, three), controlEntry(12, 4, { act: 'update', topic: 'Black' })];
  assert.deepEqual(await after(entry, TWO, log), [[4 + LOST_VERSIONS, 'Black']], 'POLICY lags behind LOG');
  const four = { ...TWO, cv: 4, at: 12, topic: 'Green' };
  assert.deepEqual(await after(entry, four), [[4 + LOST_VERSIONS, 'Green']]);
});

test('an entry that is set aside again is not followed by another snapshot', async () => {
  const entry = rejected(3, { act: 'update', topic: 'Which tea?' });
  for (const cv of [3 + LOST_VERSIONS, 5 + LOST_VERSIONS])
    assert.deepEqual(await after(entry, { ...TWO, cv, at: 12, topic: 'Which tea?' }), []);
});

test('nothing follows a refused snapshot, an entry without its predecessor, and what no gateway wrote', async () => {
  assert.deepEqual(await after(rejected(3, { act: 'snapshot', state: roomStateJson(TWO) }), TWO), []);
  assert.deepEqual(await after(rejected(9, { act: 'update', topic: 'x' }), TWO), []);
  assert.deepEqual(await after(rejected(3, { act: 'update', topic: 'x' }, 'unreadable'), TWO), []);
});
