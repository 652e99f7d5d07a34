import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { reloadableOptions } from '../../operator/desired/options.ts';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';
import { SETTINGS_FILES } from '../../server/contract/settings-files.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { stored } from '../../tools/support/crd-schema.ts';
import { openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { baseVersion } from '../skew/base-version.ts';
import { MixedChat, type Process } from '../skew/mixed-chat.ts';
import { loadOf } from '../support/chat/busy-gateway.ts';
import { settingsFiles } from '../support/chat/settings-files.ts';

const backends = await startBackends({ after });
const NEW = join(import.meta.dirname, '../..');
const BASE = await baseVersion();

const filesOf = (kinds: readonly object[]) => reloadableOptions(stored({ rooms: { kinds } }));

/** Code with which a gateway answers a message to each room; 0 if it was stored. */
async function codesOf(t: TestContext, { port }: Process, rooms: readonly string[], text: string): Promise<number[]> {
  const client = await openClient(t, `ws://127.0.0.1:${port}${CLIENT_PATHS.websocket}`);
  const answers = rooms.map(room =>
    client.send(room, text).then(
      () => 0,
      (error: { code: number }) => error.code,
    ),
  );
  return await Promise.all(answers);
}

test('gateways of the version before take the kinds that they know and start beside rules that they do not know', async t => {
  const chat = new MixedChat(t, backends);
  await chat.worker(NEW, 'worker', 1);
  const files = filesOf([
    { name: 'channel', limits: { textCharacters: 5 } },
    { name: 'team', access: 'Open', publish: 'Disabled', create: 'Nobody' },
    { name: 'club', access: 'Members', publish: 'Enabled' },
    { name: 'group', maxMembers: 9, sizes: { typing: 0 } },
  ]);
  assert.ok(files['CHAT_ROOM_RULES']);
  const volume = await settingsFiles(t, { ...files, CHAT_ROOM_KINDS: 'channel=Open,team=Open' });
  const live = { CHAT_LIVE_DIR: volume.path };
  const before = await chat.gateway(BASE, 'old-gateway', live);
  const since = await chat.gateway(NEW, 'new-gateway', live);
  const rooms = ['channel:a', 'team:a', 'club:a', 'group:a'];
  assert.deepEqual(await codesOf(t, before, rooms, 'as long as ever'), [0, 0, 102, 102]);
  assert.deepEqual(await codesOf(t, since, rooms, 'as long as ever'), [107, 0, 103, 103]);
  assert.deepEqual(await codesOf(t, since, rooms, 'short'), [0, 0, 103, 103]);

  // A channel that becomes one for members is closed at both.
  await volume.write(filesOf([{ name: 'channel', access: 'Members' }]));
  const version = filesOf([{ name: 'channel', access: 'Members' }])[SETTINGS_FILES.version] ?? '';
  for (const gateway of [before, since])
    await until(`${gateway.name} has the new kinds`, async () => (await loadOf(gateway)).optionsVersion === version);
  assert.deepEqual(await codesOf(t, before, ['channel:a', 'user:alice', 'user:bob'], 'hi'), [102, 0, 103]);
  assert.deepEqual(await codesOf(t, since, ['channel:a', 'user:alice', 'user:bob'], 'hi'), [103, 0, 103]);
  chat.assertRunning();
});
