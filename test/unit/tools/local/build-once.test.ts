import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildOnce, CACHE } from '../../../../tools/local/build-once.ts';

const name = `test-${process.pid}`;
const product = join(CACHE, `${name}.product`);
const lock = join(CACHE, `${name}.lock`);
const present = () => existsSync(product);

test('what several ask for at once is made once, also after a maker that died', async t => {
  t.after(() => rmSync(product, { force: true }));
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  rmSync(product, { force: true });
  await buildOnce(
    `${name}.other`,
    () => true,
    async () => assert.fail('it was there'),
  );
  let made = 0;
  const make = async () => {
    made += 1;
    await new Promise(resolve => setImmediate(resolve));
    writeFileSync(product, '');
  };
  const first = buildOnce(name, present, async () => {
    throw new Error('no network');
  });
  await assert.rejects(first, /no network/);
  assert.equal(existsSync(lock), false, 'a failure leaves no lock');
  writeFileSync(lock, String(dead));
  await Promise.all([1, 2, 3].map(() => buildOnce(name, present, make)));
  assert.equal(made, 1);
  assert.equal(existsSync(lock), false);
});
