import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { whyNoCluster } from '../../../tools/cluster/host.ts';
import { LOCAL, layoutOf } from '../../../tools/cluster/layout.ts';
import { execInside, holderOf } from '../../../tools/cluster/namespaces.ts';
import { addNode } from '../../../tools/cluster/second-node.ts';
import { startCluster } from '../../../tools/cluster/start.ts';
import { stopCluster } from '../../../tools/cluster/stop.ts';
import { until } from '../../../tools/support/until.ts';
import { changes, hostState, processesAround } from '../../support/kube/host-state.ts';

const skip = whyNoCluster(process.platform, process.getuid?.()) ?? false;
const layout = layoutOf(mkdtempSync(join(tmpdir(), 'chatcluster-down-')));
const silent = () => undefined;
const run = (command: string, ...args: string[]) => execFileSync(command, args);
const kubectl = (...args: string[]) => run(join(layout.bin, 'kubectl'), ...args).toString();

/** Things of somebody else, with names and addresses that the cluster uses inside. */
function addForeign(): () => void {
  run('ip', 'link', 'add', 'foreign0', 'type', 'bridge');
  run('ip', 'address', 'add', '10.88.0.1/16', 'dev', 'foreign0');
  run('iptables', '-t', 'nat', '-N', 'KUBE-SERVICES');
  run('iptables', '-t', 'nat', '-A', 'KUBE-SERVICES', '-d', '10.96.0.1', '-j', 'RETURN');
  return () => {
    run('iptables', '-t', 'nat', '-F', 'KUBE-SERVICES');
    run('iptables', '-t', 'nat', '-X', 'KUBE-SERVICES');
    run('ip', 'link', 'delete', 'foreign0');
  };
}

/** The last ones may be on their way out: they were killed, and the kernel takes a moment to let go of their memory. */
async function noProcessLeft(): Promise<void> {
  const commands = () => processesAround(layout.dir).map(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  await until('no process is left', () => processesAround(layout.dir).length === 0, { ms: 10_000, state: commands });
}

after(async () => {
  await stopCluster(layout);
  rmSync(layout.dir, { recursive: true, force: true });
});

test('a cluster of two nodes leaves the host as it was, also while it runs, and foreign things untouched', {
  skip,
}, async t => {
  t.after(addForeign());
  const before = hostState(LOCAL.cgroup);
  assert.ok(before.links.some(line => line.includes('foreign0')));
  assert.ok(before.rules.some(line => line.includes('KUBE-SERVICES')));

  assert.equal(await startCluster(layout, silent), 'started');
  assert.equal(await addNode(layout, silent), 'started');
  assert.match(kubectl('get', 'pods', '--all-namespaces'), /coredns.*Running/);
  const onSecond = processesAround(layout.second.dir).length;
  assert.ok(onSecond > 3);
  assert.ok(processesAround(layout.dir).length - onSecond > 8);
  const running = changes(before, hostState(LOCAL.cgroup));
  assert.ok(running.length > 0);
  assert.deepEqual(
    running.filter(line => !line.startsWith('+ cgroups: ')),
    [],
  );
  for (const node of [layout, layout.second]) {
    const { stdout } = await execInside(node, ['iptables-save']);
    assert.match(stdout, /KUBE-SVC-/, 'the rules are those of its own namespace');
  }

  await stopCluster(layout);
  await noProcessLeft();
  assert.deepEqual(changes(before, hostState(LOCAL.cgroup)), []);
});

test('a second start changes nothing, and one after kill -9 of the whole cluster works', { skip }, async () => {
  assert.equal(await startCluster(layout, silent), 'started');
  const holder = holderOf(layout);
  assert.equal(await startCluster(layout, silent), 'was running');
  assert.equal(holderOf(layout), holder);

  process.kill(holder ?? Number.NaN, 'SIGKILL');
  assert.equal(await startCluster(layout, silent), 'started');
  assert.notEqual(holderOf(layout), holder);
  assert.match(kubectl('get', 'nodes'), /Ready/);
});

test('a start after the API server alone was killed works', { skip }, async () => {
  await execInside(layout, ['bash', '-c', 'kill -KILL $(pidof kube-apiserver)']);
  assert.equal(await startCluster(layout, silent), 'started');
  assert.match(kubectl('get', 'nodes'), /Ready/);
});

test('a stop without a cluster changes nothing', { skip }, async () => {
  await stopCluster(layout);
  await stopCluster(layout);
  await noProcessLeft();
});
