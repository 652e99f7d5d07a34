import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsFrom } from '../../../../server/fold/user-settings.ts';
import { readAudiences, tellAudience } from '../../../../server/presence/audiences.ts';
import type { Entry } from '../../../../server/presence/watching.ts';

test('an event counts more than a read that began before it, also if another read begins after it', async () => {
  const entry = {
    user: 'bob',
    audience: null,
    isInvisible: false,
    shown: null,
    lastSeen: 0,
    told: 0,
  } as unknown as Entry;
  const older = Promise.withResolvers<ReadonlyMap<string, ReturnType<typeof settingsFrom>>>();
  const newer = Promise.withResolvers<ReadonlyMap<string, ReturnType<typeof settingsFrom>>>();
  const first = readAudiences(
    () => older.promise,
    [entry],
    () => 0,
  );
  tellAudience(entry, { audience: 'nobody' }, 0);
  void readAudiences(
    () => newer.promise,
    [entry],
    () => 0,
  );
  older.resolve(new Map([['bob', settingsFrom({})]]));
  await first;
  assert.equal(entry.audience, 'nobody');
});
