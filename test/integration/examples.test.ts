import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { freePort } from '../../tools/local/child.ts';
import { natsBinary } from '../../tools/local/nats-binary.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const ROOT = join(import.meta.dirname, '../..');
const backends = await startBackends({ after });

interface Container {
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}
interface Probe {
  readonly httpGet: { readonly path: string };
}

test('the probes of the example NATS ask what its own chart asks, and a NATS with JetStream answers them', async t => {
  const objects = parseAllDocuments(readFileSync(join(ROOT, 'docs/examples/nats.yaml'), 'utf8')).map(
    document => document.toJSON() as { kind: string; spec: { template: { spec: { containers: Container[] } } } },
  );
  const [nats] = objects.find(({ kind }) => kind === 'StatefulSet')?.spec.template.spec.containers ?? [];
  assert.ok(nats);
  const paths = [nats.startupProbe, nats.readinessProbe, nats.livenessProbe].map(({ httpGet }) => httpGet.path);
  assert.deepEqual(paths, ['/healthz', '/healthz?js-server-only=true', '/healthz?js-enabled-only=true']);

  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-nats-'));
  const [port, monitor] = [await freePort(), await freePort()];
  const args = ['-js', '-sd', dir, '-a', '127.0.0.1', '-p', String(port), '-m', String(monitor)];
  const server = spawn(await natsBinary(), args, { stdio: 'ignore' });
  t.after(async () => {
    server.kill();
    await once(server, 'exit');
    rmSync(dir, { recursive: true, force: true });
  });
  for (const path of paths)
    await until(`${path} is answered`, async () => {
      const answer = await fetch(`http://127.0.0.1:${monitor}${path}`).catch(() => undefined);
      return answer?.status === 200;
    });
});

test('the connection of docs/operator.md is answered by a gateway', async t => {
  const { gateways } = await startCluster(t, backends);
  const page = readFileSync(join(ROOT, 'docs/operator.md'), 'utf8');
  const [, block = ''] = /```sh\n(node --eval[^`]+)```/.exec(page) ?? [];
  const script = block.replace('ws://127.0.0.1:8080/connection/websocket', gateways[0].url);
  assert.notEqual(script, block);
  const env = { ...process.env, token: await tokenFor('alice') };
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { env });
  assert.match(stdout, /^{"id":1,"connect":{"client":"[^"]+"/);
});
