import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { optionsTable } from '../support/options-table.ts';

const FILE = join(import.meta.dirname, '../../docs/configuration.md');
const INTRODUCTION = `# Options of the server

Gateways and workers read these environment variables at their start; the operator sets them from the ChatCluster. A
value out of bounds, or a \`CHAT_\` variable that is none of these, stops the process with a list of all problems.
Tracing follows the standard \`OTEL_\` variables and is off until \`OTEL_EXPORTER_OTLP_ENDPOINT\` is set.

`;

// UPDATE_DOCS=1 writes the file.
test('docs/configuration.md lists every option with its bounds and its default', () => {
  const wanted = `${INTRODUCTION}${optionsTable()}\n`;
  if (process.env['UPDATE_DOCS']) writeFileSync(FILE, wanted);
  assert.equal(readFileSync(FILE, 'utf8'), wanted);
});
