import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const BUNDLER = join(import.meta.dirname, '../../../../operator/bundle.ts');

test('the bundled Kubernetes client works without a class of any kind of Kubernetes', async t => {
  const out = mkdtempSync(join(tmpdir(), 'chatcluster-bundle-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  execFileSync(process.execPath, [BUNDLER, out]);
  const file = join(out, 'operator/kube/library.js');
  assert.doesNotMatch(readFileSync(file, 'utf8'), /V1DeploymentSpec|CoreV1Api/);

  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url, request.headers.authorization);
    response.end('{}');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const library = (await import(pathToFileURL(file).href)) as typeof import('../../../../operator/kube/library.ts');
  const access = new library.KubeConfig();
  access.loadFromOptions({
    currentContext: 'c',
    contexts: [{ name: 'c', cluster: 'c', user: 'u' }],
    clusters: [{ name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
    users: [{ name: 'u', token: 'secret' }],
  });
  const request = new library.RequestContext(`http://127.0.0.1:${port}/api`, library.HttpMethod.GET);
  await access.applySecurityAuthentication(request);
  const answer = await new library.IsomorphicFetchHttpLibrary().send(request).toPromise();
  assert.equal(await answer.body.text(), '{}');
  assert.deepEqual(seen, ['/api', 'Bearer secret']);
});
