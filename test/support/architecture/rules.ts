import { dirname } from 'node:path';
import type { ImportGraph } from './import-graph.ts';

/**
 * The folders from the lowest to the highest: each imports only what stands above it in this list, and of the folders in one
 * row none imports another. A folder below a listed one belongs to it.
 */
export const ORDER: readonly (readonly string[])[] = [
  // Shared by all processes; `time` and `fold` also by the browser.
  ['server/time', 'server/fold', 'server/contract', 'server/process'],
  // The server: what a message is made of, where it is kept, who takes part, how clients come in.
  ['server/protocol', 'server/settings'],
  ['server/room'],
  ['server/membership'],
  ['server/presence', 'server/store', 'server/telemetry'],
  ['server/ephemeral'],
  ['server/access', 'server/bus', 'server/transport/websocket'],
  ['server/chat'],
  ['server/transport', 'server/session', 'server/worker'],
  ['server/transport/http', 'server/commands', 'server/traffic'],
  ['server/gateway'],
  ['server'],
  // The operator: pure decisions first, then what carries them out and what tells of them.
  ['operator/process', 'operator/api'],
  ['operator/kube', 'operator/desired'],
  ['operator/leader', 'operator/autoscale', 'operator/fleet'],
  ['operator/apply'],
  ['operator/watch'],
  ['operator/ask'],
  ['operator/report'],
  ['operator/reconcile'],
  ['operator'],
  // The client library and the page.
  ['client'],
  ['web/src/dom', 'web/src/i18n'],
  ['web/src/page'],
  ['web/src/views'],
  ['web/src', 'web'],
  // Tools and tests.
  ['tools/local'],
  ['tools/support'],
  ['tools/cluster', 'tools/simulator', 'tools/bench'],
  ['tools/demo'],
  ['test/support/clocks'],
  [
    'test/model/fleet',
    'test/model/lease',
    'test/skew',
    'test/support/architecture',
    'test/support/browser',
    'test/support/docs',
    'test/support/fuzz',
  ],
  ['test/support'],
  ['test/support/chat'],
  ['test/support/kube'],
  ['test/support/proxy', 'test/support/ring'],
  ['test', 'test/unit', 'test/integration', 'test/browser', 'test/e2e', 'test/interop'],
];

/** Files that each part of the product may import from other parts; everything else is refused. */
const KNOWS: Readonly<Record<string, RegExp>> = {
  server: /^server\//,
  operator: /^(operator\/|server\/(contract|time|process)\/)/,
  client: /^(client\/|server\/(time|fold)\/)/,
  web: /^(web\/|client\/|server\/(time|fold)\/)/,
  tools: /^(tools|server|operator|client)\//,
};

/** A package may be imported in one place alone: everything else goes through it. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  'uWebSockets.js': /^server\/transport\//,
  mongodb: /^server\/store\//,
  '@nats-io': /^server\/bus\//,
  '@kubernetes/client-node': /^operator\/kube\//,
  'prom-client': /metrics\.ts$/,
  jose: /^server\/(access\/token|transport\/http\/dev-token)\.ts$/,
  protobufjs: /^server\/protocol\//,
};

/** Names of the listed folders, each with its place from the lowest on. */
const RANKS = new Map(ORDER.flatMap((row, rank) => row.map(folder => [folder, rank] as const)));

/** The listed folder that `file` belongs to; undefined for none. */
function folderOf(file: string): string | undefined {
  let folder = dirname(file);
  while (folder !== '.' && !RANKS.has(folder)) folder = dirname(folder);
  return RANKS.has(folder) ? folder : undefined;
}

/** Imports that break {@link ORDER}, a sentence each. */
export function againstOrder(graph: ImportGraph): string[] {
  const broken: string[] = [];
  for (const [file, imports] of graph) {
    const own = folderOf(file);
    if (own === undefined) broken.push(`${file} is in no folder of the order`);
    for (const { to, isLocal } of imports) {
      const used = isLocal ? folderOf(to) : own;
      if (own === undefined || used === undefined || used === own) continue;
      if ((RANKS.get(used) ?? 0) >= (RANKS.get(own) ?? 0)) broken.push(`${file} imports ${to}, which is no lower`);
    }
  }
  return broken;
}

/** Imports that a part of the product may not have, a sentence each. Tests may import everything. */
export function againstBounds(graph: ImportGraph): string[] {
  const broken: string[] = [];
  for (const [file, imports] of graph) {
    const [part = ''] = file.split('/');
    const known = KNOWS[part];
    if (!known) continue;
    for (const { to, isLocal } of imports) {
      if (isLocal && !known.test(to) && !/\.(css|svg|json)$/.test(to)) broken.push(`${file} imports ${to}`);
      if (isLocal || part === 'tools') continue;
      for (const [name, allowed] of Object.entries(PACKAGES))
        if ((to === name || to.startsWith(`${name}/`)) && !allowed.test(file)) broken.push(`${file} imports ${to}`);
    }
  }
  return broken;
}
