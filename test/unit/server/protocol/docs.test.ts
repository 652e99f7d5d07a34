import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OPTIONS } from '../../../../server/contract/options.ts';
import { CLOSES, ERRORS, UNSUBSCRIBES } from '../../../../server/protocol/codes.ts';
import { COMMANDS_PER_FRAME } from '../../../../server/protocol/command.ts';
import { METHODS } from '../../../../server/protocol/schema.ts';

const page = readFileSync(new URL('../../../../docs/protocol.md', import.meta.url), 'utf8');

test('every error and close code stands in docs/protocol.md with its text, and no other', () => {
  const listed = [...page.matchAll(/^\| (\d+) \| ([^|]+) \|/gm)].map(([, code, reason]) => `${code} ${reason}`);
  const known = [
    ...Object.values(ERRORS).map(({ code, message }) => `${code} ${message}`),
    ...Object.values(CLOSES).map(({ code, reason }) => `${code} ${reason}`),
  ];
  assert.deepEqual(listed.sort(), known.sort());
});

test('every unsubscribe code stands in docs/protocol.md', () => {
  for (const { code, reason } of Object.values(UNSUBSCRIBES)) assert.ok(page.includes(`${code} (${reason})`));
});

test('errors that docs/protocol.md calls temporary are those with the flag', () => {
  const temporary = [...page.matchAll(/^\| (\d+) \| [^|]+ \| temporary\./gm)].map(([, code]) => Number(code));
  const flagged = Object.values(ERRORS).filter(error => 'temporary' in error);
  assert.deepEqual(
    temporary,
    flagged.map(({ code }) => code),
  );
});

test('every command the codecs read stands in docs/protocol.md', () => {
  const commands = page.slice(page.indexOf('## Commands'), page.indexOf('## Data'));
  for (const method of METHODS) assert.ok(commands.includes(`\`${method}\``), method);
});

test('the limits in docs/protocol.md have the defaults of the options', () => {
  const rows = [...page.matchAll(/`(CHAT_[A-Z_]+)`, ([\d,]+)( MiB)?/g)];
  assert.ok(rows.length > 10);
  for (const [, env, shown = '', mib] of rows) {
    const option = Object.values(OPTIONS).find(each => each.env === env);
    assert.ok(option, `${env} is no option`);
    const value = Number(shown.replaceAll(',', '')) * (mib ? 1024 * 1024 : 1);
    assert.equal('default' in option ? option.default : undefined, value, env);
  }
  assert.ok(page.includes(COMMANDS_PER_FRAME.toLocaleString('en')));
});
