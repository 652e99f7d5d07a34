import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Circuit } from '../../../../server/store/circuit.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

const LOST = 'the connection was lost';
const unavailable = (reason: string) => ({ name: 'StoreUnavailable', reason });

/** A circuit before a database that answers, fails or says nothing, as `ping` says. */
function setUp() {
  const clock = new ManualClock();
  const news: (string | null)[] = [];
  const state = { pings: 0, ping: (): Promise<void> => Promise.resolve() };
  const circuit = new Circuit({
    ping: () => {
      state.pings += 1;
      return state.ping();
    },
    unreachable: error => (error as Error).message === LOST,
    reasonOf: error => (error as Error).message,
    clock,
  });
  const lose = () => circuit.write(() => Promise.reject(new Error(LOST)));
  return { clock, news, state, circuit, lose };
}
const never = () => new Promise<never>(() => undefined);
const fails = () => Promise.reject(new Error(LOST));

test('after a loss nothing is asked, with the reason, until a ping of one a second is answered', async () => {
  const { clock, state, circuit, lose } = setUp();
  state.ping = fails;
  await assert.rejects(lose(), unavailable(LOST));
  let asked = 0;
  const ask = () =>
    circuit.write(async () => {
      asked += 1;
    });
  for (let second = 1; second <= 3; second++) {
    await settle();
    assert.equal(state.pings, second);
    await assert.rejects(ask(), unavailable(LOST));
    clock.pass(1_000);
  }
  await settle();
  assert.equal(asked, 0);
  state.ping = () => Promise.resolve();
  clock.pass(1_000);
  await settle();
  await ask();
  assert.equal(asked, 1);
  assert.deepEqual(clock.waiting, [], 'no ping more');
});

test('a refusal is an answer: others go on asking', async () => {
  const { circuit, state } = setUp();
  const refused = circuit.read(() => Promise.reject(new Error('not allowed')));
  await assert.rejects(refused, unavailable('not allowed'));
  assert.equal(await circuit.write(async () => 7), 7);
  assert.equal(state.pings, 0);
});

test('what only reads is given up on when the database is found to be away; a write is waited for', async () => {
  const { circuit, state, lose } = setUp();
  state.ping = never;
  const written = Promise.withResolvers<string>();
  const write = circuit.write(() => written.promise);
  const read = circuit.read(never);
  await assert.rejects(lose(), unavailable(LOST));
  await assert.rejects(read, unavailable(LOST));
  written.resolve('done');
  assert.equal(await write, 'done');
});

test('a watched database is known to be silent after 300 ms, and to be away after a ping of 2 s', async () => {
  const { clock, news, state, circuit } = setUp();
  circuit.watch(away => void news.push(away));
  await settle();
  state.ping = never;
  clock.pass(1_000);
  assert.equal(circuit.quiet(), false);
  clock.pass(301);
  assert.equal(circuit.quiet(), true);
  assert.deepEqual(news, []);
  const read = circuit.read(never);
  clock.pass(1_699);
  await assert.rejects(read, unavailable('MongoDB did not answer a ping within 2 s'));
  state.ping = () => Promise.resolve();
  await settle();
  clock.pass(1_000);
  await settle();
  assert.equal(circuit.quiet(), false);
  assert.deepEqual(news, ['MongoDB did not answer a ping within 2 s', null]);
});

test('an answer that comes late says that the database is back, and a loss from before says nothing', async () => {
  const { clock, state, circuit } = setUp();
  const late = Promise.withResolvers<void>();
  const stuck = Promise.withResolvers<void>();
  const old = circuit.write(() => stuck.promise);
  state.ping = () => late.promise;
  circuit.watch(() => undefined);
  clock.pass(2_000);
  assert.equal(circuit.quiet(), true);
  late.resolve();
  await settle();
  assert.equal(circuit.quiet(), false);
  stuck.reject(new Error(LOST));
  await assert.rejects(old, unavailable(LOST));
  assert.equal(await circuit.write(async () => 7), 7);
});

test('one slow answer among quick ones does not make the database quiet', async () => {
  const { clock, circuit } = setUp();
  void circuit.read(never);
  clock.pass(200);
  await circuit.read(async () => undefined);
  clock.pass(200);
  assert.equal(circuit.quiet(), false);
});

test('another connection begins without what was known of the one before; one that is stopped asks no more', async () => {
  const { clock, state, circuit, lose } = setUp();
  state.ping = fails;
  await assert.rejects(lose(), unavailable(LOST));
  await settle();
  circuit.reconnected();
  assert.equal(await circuit.write(async () => 7), 7);
  circuit.stop();
  assert.deepEqual(clock.waiting, []);
});
