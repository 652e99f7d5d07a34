import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { CHILD_KINDS, KINDS, type Kind, OPTIONAL_KINDS } from '../../../../operator/api/kinds.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { Caches } from '../../../../operator/watch/caches.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { choicesFor } from '../../../support/kube/choices.ts';
import { MemoryApi } from '../../../support/kube/memory-api.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const RBAC = read('charts/chatcluster/templates/rbac.yaml');

interface Role {
  readonly metadata: { readonly name: string };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** Rights that a template of roles grants the operator in some setting of the chart: `group/resource: verbs`, sorted. */
function granted(template: string): string[] {
  const yaml = template.replace(/^\s*\{\{-.*\}\}\s*$/gm, '').replace(/\{\{.*?\}\}/g, 'x');
  const roles = parseAllDocuments(yaml).map(document => document.toJSON() as Role);
  // Those that end like this are aggregated to the roles of people.
  const own = roles.filter(({ metadata }) => !/-(view|edit)$/.test(metadata.name));
  const verbs = new Map<string, string[]>();
  for (const rule of own.flatMap(({ rules = [] }) => rules))
    for (const resource of rule.resources) {
      const name = `${rule.apiGroups.join()}/${resource}`;
      verbs.set(name, [...(verbs.get(name) ?? []), ...rule.verbs]);
    }
  return lines(verbs);
}

/** Rights that a table of kinds needs, in the same form. */
function needed(kinds: readonly Kind[]): string[] {
  const verbs = new Map<string, readonly string[]>();
  for (const { apiVersion, plural, verbs: own, subresources = {} } of kinds) {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    verbs.set(`${group}/${plural}`, own);
    for (const [name, each] of Object.entries(subresources)) verbs.set(`${group}/${plural}/${name}`, each);
  }
  return lines(verbs);
}

const lines = (verbs: ReadonlyMap<string, readonly string[]>) =>
  [...verbs].map(([name, each]) => `${name}: ${each.toSorted().join(' ')}`).sort();

const ALL: readonly Kind[] = Object.values(KINDS);

test('the roles of the chart grant what the table of kinds needs, and no more', () => {
  assert.deepEqual(granted(RBAC), needed(ALL));
});

test('a kind without its rule in the chart is found, and a rule without its kind', () => {
  const added: Kind = { ...KINDS.configMaps, kind: 'Widget', apiVersion: 'example.com/v1', plural: 'widgets' };
  const missing = needed([...ALL, added]).filter(right => !granted(RBAC).includes(right));
  assert.deepEqual(missing, ['example.com/widgets: create delete get list patch watch']);
  const fewer = RBAC.replace('[list, watch, patch]', '[list, watch]');
  assert.deepEqual(
    needed(ALL).filter(right => !granted(fewer).includes(right)),
    ['/pods: list patch watch'],
  );
  const more = RBAC.replace('resources: [services,', 'resources: [secrets, services,');
  assert.deepEqual(
    granted(more).filter(right => !needed(ALL).includes(right)),
    ['/secrets: create delete get list patch watch'],
  );
});

test('every kind that may be watched is watched, and no other', () => {
  const never = () => assert.fail('nothing is listed here');
  const caches = new Caches({
    client: new MemoryApi(),
    namespace: '',
    watchNodes: true,
    clock: new ManualClock(0, 0),
    random: () => 0,
    onChange: never,
    onFailure: never,
  });
  const watchable = ALL.filter(({ verbs }) => verbs.includes('watch')).map(({ kind }) => kind);
  const watched = caches.kinds().map(({ kind }) => kind);
  assert.deepEqual(watched.toSorted(), watchable.toSorted());
});

test('a ChatCluster has children of every kind of children, and of no other', () => {
  const cluster = stored();
  const made = new Set(desired(cluster, choicesFor(cluster)).map(({ kind }) => kind));
  assert.deepEqual([...made].sort(), CHILD_KINDS.map(({ kind }) => kind).sort());
});

test('docs/operator.md says of each kind that the operator does without what is lost then', () => {
  const [, table = ''] =
    /\| without the right to list and watch \|.*\n\|[-| ]+\n((?:\|.*\n)+)/.exec(read('docs/operator.md')) ?? [];
  const rows = [...table.matchAll(/^\| (\w+?)s\b[^|]*\|/gm)].map(([, kind]) => kind);
  assert.deepEqual(rows.toSorted(), [...Object.keys(OPTIONAL_KINDS), KINDS.events.kind].toSorted());
});
