import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import {
  checkOpenFiles,
  connectionsWithin,
  openFilesIn,
  openFilesLimit,
} from '../../../../server/process/open-files.ts';

const limits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            ${soft.padEnd(20)} 4096                 files
Max locked memory         8388608              8388608              bytes
`;

test('the limit on open files is read from /proc, and there is none where nothing says so', async () => {
  assert.equal(openFilesIn(limits('1024')), 1_024);
  assert.equal(openFilesIn(limits('unlimited')), Number.POSITIVE_INFINITY);
  assert.equal(openFilesIn(''), Number.POSITIVE_INFINITY);
  assert.ok((await openFilesLimit()) > 100);
});

test('as many connections are accepted as are wanted and as files are left for', () => {
  assert.equal(connectionsWithin(1_048_576, 15_000), 15_000);
  assert.equal(connectionsWithin(Number.POSITIVE_INFINITY, 15_000), 15_000);
  assert.equal(connectionsWithin(1_024, 15_000), 768);
  assert.equal(connectionsWithin(200, 15_000), 1);
});

test('a limit that is too low is an error that names both numbers and what to do; one that fits is none', () => {
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: line => void lines.push(line) });
  checkOpenFiles(15_256, 15_000, logger);
  assert.deepEqual(lines, []);
  checkOpenFiles(1_024, 15_000, logger);
  assert.equal(lines.length, 1);
  assert.match(lines.join(), /15000.* 1024 files.*768 connections.*Raise the limit to 15256/);
});
