import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectRate } from '../../../../server/traffic/connect-rate.ts';

const LIMITS = { connectsPerSecond: 500, connectsPerSecondPerAddress: 50 };

/** Number of accepted connects out of so many, spread over a time in ms. */
function taken(rate: ConnectRate, from: number, ms: number, tries: Readonly<Record<string, number>>) {
  const all = Object.entries(tries).flatMap(([address, count]) =>
    Array.from({ length: count }, (_, i) => ({ address, at: from + (i * ms) / count })),
  );
  const counts: Record<string, number> = {};
  for (const { address, at } of all.sort((a, b) => a.at - b.at))
    if (rate.take(address, at) === null) counts[address] = (counts[address] ?? 0) + 1;
  return counts;
}

/** Reason for which an address that goes on is finally refused. */
function reason(rate: ConnectRate, address: string, now: number): string {
  for (;;) {
    const refused = rate.take(address, now);
    if (refused) return refused;
  }
}

test('clients that all come from one address, as behind an ingress, have the whole rate', () => {
  const rate = new ConnectRate(LIMITS, 0);
  const { ingress = 0 } = taken(rate, 0, 10_000, { ingress: 20_000 });
  assert.ok(ingress >= 500 + 4_990 && ingress <= 500 + 5_000, String(ingress));
  assert.equal(reason(rate, 'ingress', 10_000), 'rate');
});

test('one machine that connects all the time does not keep the others out', () => {
  const rate = new ConnectRate(LIMITS, 0);
  taken(rate, 0, 5_000, { attacker: 50_000 });
  const others = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`client ${i}`, 20]));
  taken(rate, 5_000, 1_000, { attacker: 10_000, ...others }); // until it has been seen that there are others
  const counts = taken(rate, 6_000, 2_000, { attacker: 20_000, ...others });
  for (const client of Object.keys(others)) assert.equal(counts[client], 20);
  // It has the rest, no less.
  assert.ok((counts['attacker'] ?? 0) > 700 && (counts['attacker'] ?? 0) <= 1_000, String(counts['attacker']));
  assert.equal(reason(rate, 'attacker', 8_000), 'address');
});

test('ten seconds after the last of the others it may have all again', () => {
  const rate = new ConnectRate(LIMITS, 0);
  rate.take('other', 0);
  taken(rate, 1_000, 1_000, { attacker: 10_000 });
  assert.equal(reason(rate, 'attacker', 2_000), 'address');
  taken(rate, 12_000, 1_000, { attacker: 10_000 });
  assert.equal(reason(rate, 'attacker', 13_000), 'rate');
});

test('a rate of a few a second keeps nothing back, and changes while the gateway runs', () => {
  const limits = { connectsPerSecond: 2, connectsPerSecondPerAddress: 1 };
  const rate = new ConnectRate(limits, 0);
  assert.deepEqual([rate.take('a', 0), rate.take('b', 0), rate.take('b', 0)], [null, null, 'rate']);
  Object.assign(limits, LIMITS);
  assert.deepEqual([rate.take('a', 1_000), rate.take('b', 1_000)], [null, null]);
});
