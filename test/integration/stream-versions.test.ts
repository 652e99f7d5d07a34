import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats } from '../../server/bus/connect.ts';
import { names as namesOf } from '../../server/bus/names.ts';
import type { StreamStep } from '../../server/bus/stream-plan.ts';
import { Streams } from '../../server/bus/streams.ts';
import { StoreUnavailable } from '../../server/room/history-store.ts';
import { type Config, loadConfig } from '../../server/settings/config.ts';
import { systemClock } from '../../server/time/clock.ts';
import { startNats } from '../../tools/local/nats.ts';

const nats = await startNats();
after(() => nats.close());
let instances = 0;

/** Workers that keep the streams of one partition, each with its own options. MongoDB has nothing. */
async function workersOf(t: TestContext) {
  const config = loadConfig('worker', {
    CHAT_INSTANCE: `versions-${instances++}`,
    CHAT_NATS_URL: nats.url,
    CHAT_MONGODB_URI: 'mongodb://none',
    CHAT_PARTITIONS: '1',
    CHAT_STREAM_MAX_BYTES: String(64 * 1024 * 1024),
    CHAT_LIVE_MAX_BYTES: String(16 * 1024 * 1024),
  });
  const names = namesOf(config.instance);
  const connection = await connectNats(config, 'test');
  t.after(() => connection.close());
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  const stored = { offset: 0, away: false };
  const known: { epoch: string; at: number }[] = [];
  const worker = (options: Partial<Config>) => {
    const steps: StreamStep['do'][] = [];
    const streams = new Streams(connection, {
      names,
      options: { ...config, ...options },
      holder: `worker-${options.specVersion}`,
      async floor() {
        if (stored.away) throw new StoreUnavailable('away');
        return { offset: stored.offset, complete: stored.offset, rolledBack: false };
      },
      known: async () => known,
      settle: async () => undefined,
      rescue: async () => undefined,
      changed: (_, step) => void steps.push(step.do),
      fewCopies: () => undefined,
      now: systemClock.now,
    });
    return { steps, look: () => streams.ensure(0) };
  };
  const settings = async () => ({
    log: (await jsm.streams.info(names.logStream(0))).config.max_bytes,
    live: (await jsm.streams.info(names.liveStream(0))).config.max_bytes,
    last: (await jsm.streams.info(names.lastStream(0))).config.num_replicas,
    ackWait: (await jsm.consumers.info(names.logStream(0), names.storeConsumer)).config.ack_wait,
  });
  return { worker, settings, jsm, names, stored, known };
}

const OLD = { specVersion: '1767225600000.9' } as const;
const NEW = {
  specVersion: '1767225600000.10',
  streamMaxBytes: 32 * 1024 * 1024,
  liveMaxBytes: 8 * 1024 * 1024,
  ackWaitSeconds: 7,
} as const;
const WANTED_NEW = { log: NEW.streamMaxBytes, live: NEW.liveMaxBytes, last: 1, ackWait: 7e9 };

test('of two workers with different options the one of the newer spec decides, and the streams change once', async t => {
  const { worker, settings } = await workersOf(t);
  const older = worker(OLD);
  const newer = worker(NEW);
  await older.look();
  await newer.look();
  assert.deepEqual(await settings(), WANTED_NEW);
  const made = [...older.steps, ...newer.steps].length;
  for (let round = 0; round < 4; round++) {
    await older.look();
    await newer.look();
  }
  assert.deepEqual([...older.steps, ...newer.steps].length, made);
  assert.deepEqual(await settings(), WANTED_NEW);
  const unversioned = worker({ streamMaxBytes: 16 * 1024 * 1024 });
  await unversioned.look();
  assert.deepEqual([unversioned.steps, await settings()], [[], WANTED_NEW]);
});

test('a later spec with the options as they were takes the streams over, and may go back', async t => {
  const { worker, settings } = await workersOf(t);
  await worker(NEW).look();
  const back = worker({ specVersion: '1767225600000.11' });
  await back.look();
  assert.equal((await settings()).ackWait, 30e9);
  const remade = worker({ ...NEW, specVersion: '1798761600000.1' });
  await remade.look();
  assert.deepEqual(await settings(), WANTED_NEW, 'one that was made later is newer, whatever its generation');
});

test('an older worker makes what is missing, takes a fence down and lifts what ran back; the newer one has the last word', async t => {
  const { worker, settings, jsm, names, stored } = await workersOf(t);
  const older = worker(OLD);
  const newer = worker(NEW);
  await newer.look();
  await jsm.consumers.delete(names.logStream(0), names.storeConsumer);
  await jsm.streams.delete(names.liveStream(0));
  await jsm.streams.update(names.logStream(0), { subjects: [names.fence(0)] });
  await older.look();
  assert.deepEqual([...older.steps].sort(), ['create-consumer', 'create-live', 'update-log']);
  const { config } = await jsm.streams.info(names.logStream(0));
  assert.deepEqual([config.subjects, config.max_bytes], [[names.logSubjects(0)], NEW.streamMaxBytes]);
  stored.offset = 50;
  await older.look();
  assert.ok(older.steps.includes('lift'));
  assert.equal((await settings()).log, NEW.streamMaxBytes, 'a lift changes no option');
  await newer.look();
  assert.deepEqual(await settings(), WANTED_NEW);
});

test('without MongoDB streams that NATS shows to be right can be read, and others wait for it', async t => {
  const { worker, stored, known } = await workersOf(t);
  const { look, steps } = worker(OLD);
  stored.away = true;
  await assert.rejects(look(), StoreUnavailable, 'LOG is not made');
  stored.away = false;
  const { epoch, floorError } = await look();
  assert.equal(floorError, null);
  stored.away = true;
  const made = steps.length;
  assert.deepEqual((await worker(OLD).look()).floorError, new StoreUnavailable('away'));
  known.push({ epoch: 'another', at: 10 });
  assert.equal((await worker(OLD).look()).epoch, epoch, 'offsets of another epoch tell nothing');
  known.push({ epoch, at: 10 });
  await assert.rejects(worker(OLD).look(), StoreUnavailable, 'LOG has lost its end: it has to be lifted');
  assert.equal(steps.length, made);
});
