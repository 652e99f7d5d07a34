import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OPERATOR_OPTIONS } from '../../../operator/config.ts';
import { CONTROL_ANNOTATIONS } from '../../../operator/desired/names.ts';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { CONDITION_TYPES } from '../../../operator/report/conditions.ts';
import { SigningSecrets } from '../../../server/access/secrets.ts';
import { tokenVerifier } from '../../../server/access/token.ts';
import { systemClock } from '../../../server/time/clock.ts';
import { crdSchema } from '../../../tools/support/crd-schema.ts';
import { SECRET } from '../../../tools/support/token.ts';

const ROOT = join(import.meta.dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/operator.md'), 'utf8');

interface Described {
  readonly name: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** The operator's own metrics. */
function described(): Described[] {
  const { registry } = createMetrics();
  return registry
    .getMetricsAsArray()
    .map(metric => metric as unknown as { get(): Promise<{ type: string }> } & Omit<Described, 'type'>)
    .map(metric => ({ name: metric.name, labelNames: metric.labelNames, type: metric.constructor.name.toLowerCase() }))
    .filter(({ name }) => name.startsWith('chatcluster'));
}

test('docs/operator.md lists every metric with its labels, and no other', () => {
  const own = described().map(({ name, labelNames }) => name + (labelNames.length > 0 ? `{${labelNames.join()}}` : ''));
  const listed = [...page.matchAll(/^\| `(chatcluster_[^`]+)` \|/gm)].map(([, name]) => name);
  assert.ok(own.length > 5);
  assert.deepEqual(listed.toSorted(), own.toSorted());
});

test("metrics are named by Prometheus' rules", () => {
  const broken = described().filter(({ name, type, labelNames }) => {
    const isCounter = type === 'counter';
    const names = [name, ...labelNames];
    return (
      isCounter !== name.endsWith('_total') || names.some(each => !/^[a-z][a-z_]*$/.test(each)) || /_ms$/.test(name)
    );
  });
  assert.deepEqual(broken, []);
});

test('docs/operator.md names every setting', () => {
  const settings = Object.values(OPERATOR_OPTIONS).map(row => row.env);
  assert.deepEqual(
    settings.filter(name => !page.includes(`\`${name}`)),
    [],
  );
});

test('the chart, kubectl explain and the docs name every annotation for people', () => {
  const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
  const explained = crdSchema().description ?? '';
  const places = [read('charts/chatcluster/templates/NOTES.txt'), explained, read('docs/rollouts.md')];
  for (const text of places) for (const name of CONTROL_ANNOTATIONS) assert.ok(text.includes(name), name);
});

test('the token of docs/operator.md is one', async () => {
  const block = /```sh\n(secret=[^`]+)```/.exec(page)?.[1] ?? '';
  const secret = Buffer.from(SECRET).toString('base64');
  const script = `kubectl() { test "$3" = chat-auth && printf %s ${secret}; }\n${block}printf %s "$token"`;
  const token = execFileSync('sh', ['-euc', script], { encoding: 'utf8' });
  const secrets = new SigningSecrets(SECRET, { graceMs: () => 0, previous: () => '' });
  const rules = { issuer: '', audience: '', toleranceSeconds: 5, ...systemClock };
  const { user, expiresAt } = await tokenVerifier(secrets, rules)(token);
  assert.equal(user, 'alice');
  assert.ok(Number.isFinite(expiresAt));
});

test('the types of conditions are those that kubectl explain and docs/operator.md name', () => {
  const types = CONDITION_TYPES.toSorted();
  const { description = '' } = crdSchema().properties?.['status']?.properties?.['conditions'] ?? {};
  assert.deepEqual(description.match(/[A-Z]\w+/g)?.toSorted(), types);
  const [, table = ''] = /\| condition .*\n\| ?-[-| ]+\n((?:\|.*\n)+)/.exec(page) ?? [];
  const named = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) => cell.match(/\w+/g) ?? []);
  assert.deepEqual(named.toSorted(), types);
});

test('docs/operator.md names every reason of a condition or an Event', () => {
  const reasons = new Set<string>();
  for (const file of globSync('operator/{reconcile,autoscale,report,fleet}/*.ts', { cwd: ROOT }))
    for (const [, named, said] of readFileSync(join(ROOT, file), 'utf8').matchAll(
      /reason: '([A-Z]\w+)'|(?:not|normal|warning|step)\('([A-Z]\w+)'/g,
    ))
      reasons.add(named ?? said ?? '');
  assert.ok(reasons.size > 10);
  // Becomes Steady in the condition.
  reasons.delete('WindowOpen');
  assert.deepEqual(
    [...reasons].filter(reason => !page.includes(`\`${reason}\``)),
    [],
  );
});
