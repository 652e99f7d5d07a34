import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { RefusalLog } from '../../../../server/access/refusal-log.ts';
import { TokenRefused } from '../../../../server/access/token-refused.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly fault?: string;
  readonly reason?: string;
  readonly unlogged?: number;
  readonly claim?: string;
}

function start() {
  const lines: Line[] = [];
  const clock = new ManualClock();
  const logger = pino({ level: 'debug' }, { write: text => lines.push(JSON.parse(text) as Line) });
  return { lines, clock, log: new RefusalLog(logger, () => clock.now()) };
}
const forged = new TokenRefused('signature', 'no secret of this gateway made the signature');

test('a refusal is logged with what to change', () => {
  const { lines, log } = start();
  log.refused(forged);
  const [line] = lines;
  assert.deepEqual([line?.level, line?.fault, line?.reason], [40, 'signature', forged.message]);
  assert.match(line?.msg ?? '', /token.*refused.*CHAT_AUTH_SECRET/);
});

test('each fault gets a few lines a minute, and the next one counts those that were left out', () => {
  const { lines, clock, log } = start();
  for (let i = 0; i < 1_000; i++) log.refused(forged);
  assert.equal(lines.length, 3);
  log.refused(new TokenRefused('issuer', 'iss is "them", not "us"'));
  assert.equal(lines.length, 4);
  clock.pass(59_999);
  log.refused(forged);
  assert.equal(lines.length, 4);
  clock.pass(1);
  log.refused(forged);
  assert.deepEqual([lines.length, lines[4]?.fault, lines[4]?.unlogged], [5, 'signature', 998]);
  log.refused(forged);
  assert.equal(lines[5]?.unlogged, undefined);
});

test('that a token has expired is no warning: clients get a new one', () => {
  const { lines, log } = start();
  log.refused(new TokenRefused('expired', 'the token expired 3 s ago'));
  assert.equal(lines[0]?.level, 30);
});

test('a claim that is not read is logged once', () => {
  const { lines, log } = start();
  for (let i = 0; i < 5; i++) log.noticed('channels');
  log.noticed('exp');
  assert.deepEqual(
    lines.map(({ level, claim }) => [level, claim]),
    [
      [40, 'channels'],
      [40, 'exp'],
    ],
  );
  assert.match(lines[1]?.msg ?? '', /seconds/);
});
