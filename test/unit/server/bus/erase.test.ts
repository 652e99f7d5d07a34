import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eraser } from '../../../../server/bus/erase.ts';
import type { JetStreamManager } from '../../../../server/bus/jetstream-api.ts';
import { names as namesOf } from '../../../../server/bus/names.ts';

const names = namesOf('test');
const ENTRY = { room: 'channel:a', offset: 5, type: 'message', id: 'id', of: 'id' } as const;

/** Streams without entries, of which LOG begins and LIVE ends at an offset. */
function emptyStreams(logFirst: number, liveLast: number): JetStreamManager {
  const info = async (stream: string) =>
    stream === names.logStream(0)
      ? { config: {}, state: { first_seq: logFirst, last_seq: logFirst - 1 } }
      : { config: { mirror: {} }, state: { first_seq: liveLast + 1, last_seq: liveLast } };
  return { streams: { info, getMessage: async () => null } } as unknown as JetStreamManager;
}

test('nothing is erased before LIVE has copied it; what LOG has purged, LIVE never copies', async () => {
  const erase = (logFirst: number, liveLast: number) => eraser(emptyStreams(logFirst, liveLast), names)(0, [ENTRY]);
  await assert.rejects(erase(1, 4), { name: 'LiveLags' });
  await erase(1, 5);
  await erase(6, 0);
});
