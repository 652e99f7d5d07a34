import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import WebSocket from 'ws';
import { startBackends } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { until } from '../../tools/support/until.ts';
import { loadOf } from '../support/chat/busy-gateway.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { settingsFiles } from '../support/chat/settings-files.ts';

const backends = await startBackends({ after });
const FILES = 300;
const FIT = 300 - 256;

test('with too few open files a gateway says so, accepts what fits, and answers its probes when more come', async t => {
  const cluster = await startCluster(t, backends);
  const volume = await settingsFiles(t, { CHAT_MAX_CONNECTIONS: '40' });
  const limited = ['sh', '-c', `ulimit -n ${FILES}; exec "$@"`, 'sh'];
  const gateway = await cluster.spawnGateway({ CHAT_LIVE_DIR: volume.path }, limited);
  const tooFew = () => gateway.process.output().includes('Raise the limit to');
  assert.ok(!tooFew());

  await volume.write({ CHAT_MAX_CONNECTIONS: '5000', version: 'raised' });
  await until('it is raised', async () => (await loadOf(gateway)).optionsVersion === 'raised');
  assert.ok(tooFew());
  assert.equal((await loadOf(gateway)).maxConnections, FIT);
  assert.equal(await metric(gateway.adminPort, 'chatcluster_connections_limit'), FIT);

  const open = await Promise.all(
    Array.from({ length: FILES + 100 }, async () => {
      const socket = new WebSocket(gateway.url);
      t.after(() => socket.terminate());
      const accepted = await Promise.race([
        once(socket, 'open').then(() => true),
        once(socket, 'unexpected-response').then(() => false),
      ]).catch(() => false);
      return accepted;
    }),
  );
  assert.equal(open.filter(Boolean).length, FIT);
  assert.equal((await fetch(gateway.readyUrl)).status, 200);
  assert.equal((await loadOf(gateway)).connections, FIT);
});
