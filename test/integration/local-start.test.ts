import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort, startChild } from '../../tools/local/child.ts';
import { openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';

/** `npm start` on a port and a data directory of its own. */
async function start(t: TestContext, data: string, port: number) {
  const child = await startChild(process.execPath, ['tools/local/start.ts'], {
    env: { ...process.env, DATA_DIR: data, CHAT_PORT: String(port), CHAT_LOG_LEVEL: 'error' },
  });
  t.after(() => child.stop());
  await until('it says where it runs', () => /the page is on/.test(child.output()), {
    ms: 120_000,
    state: () => child.output(),
  });
  return child;
}

async function signIn(port: number, user: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/dev/token`, { method: 'POST', body: JSON.stringify({ user }) });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { token: string }).token;
}

test('npm start serves the page and the API, ends on Ctrl-C, and keeps messages and tokens for the next start', async t => {
  const data = mkdtempSync(join(tmpdir(), 'chatcluster-start-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}/connection/websocket`;
  const first = await start(t, data, port);
  const page = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<html/);
  assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200);

  const token = await signIn(port, 'alice');
  const writer = await openClient(t, url, { sdk: { token } });
  const sent = await writer.send('channel:lobby', 'before');
  writer.sdk.disconnect();
  first.signal('SIGINT');
  await until('it has ended', () => !first.running());
  await assert.rejects(fetch(`http://127.0.0.1:${port}/readyz`));

  await start(t, data, port);
  const reader = await openClient(t, url, { sdk: { token } });
  const room = await reader.subscribe('channel:lobby');
  const { publications, epoch } = await room.history({ limit: 10 });
  assert.deepEqual(
    publications.map(each => [each.offset, (each.data as { text: string }).text]),
    [[sent.offset, 'before']],
  );
  assert.equal(epoch, sent.epoch);
});

test('npm start ends at once over wrong options, and what is wrong with them is the last it says', async t => {
  const data = mkdtempSync(join(tmpdir(), 'chatcluster-start-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const child = await startChild(process.execPath, ['tools/local/start.ts'], {
    env: {
      ...process.env,
      DATA_DIR: data,
      CHAT_PORT: String(await freePort()),
      CHAT_PING_SECONDS: 'often',
      CHAT_LOG_LEVEL: 'loud',
    },
  });
  t.after(() => child.stop());
  await until('it has ended', () => !child.running(), { state: () => child.output() });
  assert.equal(child.exitCode(), 1);
  const said = child.output().trimEnd().split('\n').slice(-3);
  assert.equal(said[0], 'bad configuration:');
  assert.match(
    said.slice(1).sort().join('\n'),
    /CHAT_LOG_LEVEL must be one of .*\n.*CHAT_PING_SECONDS must be an integer from/,
  );
  assert.doesNotMatch(child.output(), /started|not ready within/);
});
