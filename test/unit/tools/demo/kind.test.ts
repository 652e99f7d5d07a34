import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { chatImageName } from '../../../../tools/cluster/chat-image.ts';
import { kindCluster } from '../../../../tools/demo/kind.ts';

/** Shell code of each program, run after it has recorded its call. */
type Programs = Readonly<Record<string, string>>;

const ALL: Programs = { docker: 'echo 27.0', kind: '', kubectl: '', helm: '' };

/** PATH of programs that record their calls and do what the test says. @returns the calls so far, a line each */
function programs(t: TestContext, contents: Programs): () => string[] {
  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-kind-'));
  const log = join(dir, 'calls');
  writeFileSync(log, '');
  for (const [name, code] of Object.entries(contents))
    writeFileSync(join(dir, name), `#!/bin/sh\necho "${name} $*" >> ${log}\n${code}\n`, { mode: 0o755 });
  const before = process.env['PATH'];
  process.env['PATH'] = dir;
  t.after(() => {
    process.env['PATH'] = before;
    rmSync(dir, { recursive: true });
  });
  return () => readFileSync(log, 'utf8').trim().split('\n');
}

test('--kind makes a cluster, builds the image and loads it', async t => {
  const calls = programs(t, ALL);
  const { kubeconfig, image } = await kindCluster();
  assert.equal(image, chatImageName());
  const wanted = calls().filter(call => /^(kind (create|load)|docker build)/.test(call));
  assert.equal(wanted.length, 3);
  assert.match(wanted[0] ?? '', new RegExp(`^kind create cluster --name chatcluster --kubeconfig ${kubeconfig} `));
  assert.match(wanted[1] ?? '', new RegExp(`^docker build --tag ${image} `));
  assert.equal(wanted[2], `kind load docker-image ${image} --name chatcluster`);
});

test('a kind cluster that exists is used again', async t => {
  const calls = programs(t, { ...ALL, kind: 'if [ "$1" = get ]; then echo other; echo chatcluster; fi' });
  const { kubeconfig } = await kindCluster();
  assert.ok(calls().includes(`kind export kubeconfig --name chatcluster --kubeconfig ${kubeconfig}`));
  assert.ok(!calls().some(call => call.startsWith('kind create')));
});

test('--kind names the programs that are missing, and a daemon that does not answer', async t => {
  programs(t, { docker: 'echo 27.0', kubectl: '' });
  await assert.rejects(kindCluster(), /needs kind, helm on PATH/);
  programs(t, { ...ALL, docker: 'test "$1" != info' });
  await assert.rejects(kindCluster(), /needs a Docker daemon/);
});
