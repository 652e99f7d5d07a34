import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');
const IMPORT = /^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;
const TYPE_ONLY = /^\s*(?:import|export)\s+type\b/;

interface Import {
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = globSync(['operator/**/*.ts', 'server/**/*.ts', 'client/**/*.ts', 'web/**/*.ts'], {
  cwd: ROOT,
  exclude: ['**/node_modules/**', 'web/dist/**'],
}).sort();
const imports = new Map<string, Import[]>(
  files.map(file => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const found = [...text.matchAll(IMPORT)].map(match => {
      const to = match[1] ?? match[2] ?? '';
      const local = to.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), to)) : to;
      return { to: local, typeOnly: TYPE_ONLY.test(match[0]) };
    });
    return [file, found];
  }),
);

/** A package may be imported by these files alone: everything else goes through them. */
const ADAPTERS: Readonly<Record<string, RegExp>> = {
  'uWebSockets.js': /^server\/socket\/uws\.ts$/,
  mongodb: /^server\/store\//,
  '@nats-io/transport-node': /^server\/(bus|worker)\//,
  '@nats-io/jetstream': /^server\/(bus|worker)\//,
  '@nats-io/kv': /^server\/(bus|worker)\//,
  '@kubernetes/client-node': /^operator\/kube\//,
  'prom-client': /metrics\.ts$/,
  jose: /^server\/(auth\/token|http\/dev-token)\.ts$/,
  protobufjs: /^server\/protocol\//,
};
/** Where the process's surroundings may be read: entry points, what they are made of, and what an addon reads by itself. */
const ENTRIES =
  /^(server\/(gateway|worker|standalone|run|config|gateway\/start|socket\/header-limit)\.ts|server\/worker\/start\.ts|operator\/(main|config)\.ts|web\/|client\/)/;

test('every import rule holds', () => {
  const broken: string[] = [];
  for (const [file, list] of imports) {
    for (const { to } of list) {
      for (const [name, allowed] of Object.entries(ADAPTERS))
        if ((to === name || to.startsWith(`${name}/`)) && !allowed.test(file)) broken.push(`${file} imports ${to}`);
      if (file.startsWith('operator/') && to.startsWith('server/') && !/^server\/(contract|options)\.ts$/.test(to))
        broken.push(`${file} knows more of the server than its contract: ${to}`);
      if (file.startsWith('server/') && /^(operator|client|web)\//.test(to)) broken.push(`${file} imports ${to}`);
      if (file.startsWith('client/') && /^(operator|server|web)\//.test(to)) broken.push(`${file} imports ${to}`);
      if (file.startsWith('server/protocol/') && /^server\/(?!protocol\/|options\.ts)/.test(to))
        broken.push(`${file}: the protocol is pure, it imports ${to}`);
      if (
        /^server\/(room|session|presence|auth)\//.test(file) &&
        /^server\/(bus|socket\/uws|store\/(?!store\.ts))/.test(to)
      )
        broken.push(`${file} knows an adapter: ${to}`);
      if (/^test\//.test(to)) broken.push(`${file} imports a test: ${to}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('no imports go in a circle', () => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const { to, typeOnly } of imports.get(file) ?? []) if (!typeOnly) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(cycles, []);
});

test('the environment is read, and signals are taken, in entry points alone', () => {
  const broken = files.filter(
    file => !ENTRIES.test(file) && /process\.(env|on\(|once\(|exit)/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(broken, []);
});

test('files stay short enough to be read in one go', () => {
  const long = files
    .filter(file => file !== 'server/options.ts') // a table, a row an option
    .map(file => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > 300)
    .map(({ file, lines }) => `${file}: ${lines}`);
  assert.deepEqual(long, []);
});
