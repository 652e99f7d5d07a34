import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoCluster } from '../../../../tools/cluster/host.ts';
import { layoutOf } from '../../../../tools/cluster/layout.ts';
import { isAlive, processId } from '../../../../tools/cluster/process-id.ts';

test('a Mac, and Linux without root, are told why there is no local cluster and what to use instead', () => {
  for (const [platform, uid, why] of [
    ['darwin', 501, /needs Linux, this is darwin/],
    ['linux', 1000, /needs root/],
  ] as const) {
    const text = whyNoCluster(platform, uid) ?? '';
    assert.match(text, why);
    assert.match(text, /npm run demo -- --kind/);
    assert.match(text, /CHATCLUSTER_KUBECONFIG/);
  }
  assert.equal(whyNoCluster('linux', 0), null);
});

test('clusters in different directories have cgroups of different names', () => {
  assert.notEqual(layoutOf('/a').cgroup, layoutOf('/b').cgroup);
});

test('the second node differs from the first in all it has, and keeps it below what the first one owns', () => {
  const { second, ...first } = layoutOf('/a');
  for (const key of Object.keys(second) as (keyof typeof second)[]) assert.notEqual(second[key], first[key], key);
  for (const path of [second.dir, second.log, second.pki, second.config, second.namespaces]) {
    assert.ok(path.startsWith(`${first.dir}/`), path);
  }
  assert.ok(second.cgroup.startsWith(`${first.cgroup}/`));
});

test('a process is told apart from a later one with its number, and from one before a reboot', () => {
  const id = processId(process.pid);
  assert.equal(isAlive(id), true);
  assert.equal(isAlive({ ...id, started: '1' }), false);
  assert.equal(isAlive({ ...id, boot: 'another' }), false);
});
