import type { NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import { connectNats } from '../../server/bus/connect.ts';
import { digests } from '../../server/bus/digests.ts';
import { writeEnvelope } from '../../server/bus/envelope.ts';
import { eraser } from '../../server/bus/erase.ts';
import { firstKept } from '../../server/bus/first-kept.ts';
import { type FoldLog, foldLog } from '../../server/bus/fold-log.ts';
import { forgottenIds } from '../../server/bus/forgotten-ids.ts';
import { managerOf } from '../../server/bus/jetstream-api.ts';
import { type Names, names as namesOf } from '../../server/bus/names.ts';
import { Streams } from '../../server/bus/streams.ts';
import { loadConfig } from '../../server/settings/config.ts';
import { mongoStore } from '../../server/store/mongo.ts';
import { systemClock } from '../../server/time/clock.ts';
import type { WorkerFold } from '../../server/worker/fold/fold.ts';
import { Runner } from '../../server/worker/fold/runner.ts';
import { WorkerMetrics } from '../../server/worker/metrics.ts';
import { CountMarks } from '../../server/worker/views/count-marks.ts';
import { Erasing } from '../../server/worker/views/erasing.ts';
import { ViewsFold } from '../../server/worker/views/views.ts';
import { stateFold } from '../../server/worker/worker-folds.ts';
import { integer, pick, seeded } from '../support/random.ts';
import { until } from '../support/until.ts';
import { markFolds } from './mark-folds.ts';
import { answer, type Row, type Setup, start } from './setup.ts';

/** Entries that wait when a fold starts. */
const WAITING = 30_000;
/** Entries a second that a fold must get through. */
const GOAL = 5_000;
/** Seconds at half of the goal: a rate that is the same on every machine. */
const PACED_SECONDS = 10;
const ROOMS = 200;
/** Publishes between two looks at the clock. */
const STEP_MS = 20;

/** Share of each type among 100 entries. */
interface Mix {
  readonly name: string;
  readonly messages: number;
  readonly edits: number;
  readonly deletes: number;
}

/** A chat, and changes alone: what is left are reactions. */
const MIXES: readonly Mix[] = [
  { name: '60 messages, 25 reactions, 13 edits, 2 deletes in 100', messages: 60, edits: 13, deletes: 2 },
  { name: '2 messages, 70 reactions, 28 edits in 100', messages: 2, edits: 28, deletes: 0 },
];

/** Streams of one partition, and entries for them. */
interface Bench {
  readonly nats: NatsConnection;
  readonly names: Names;
  readonly log: FoldLog;
  /** Publishes so many entries; resolves when the stream has them. */
  publish(count: number): Promise<void>;
  readonly folds: Readonly<Record<'state' | 'views', WorkerFold>>;
}

/**
 * Entries a second that a fold gets through in one partition, and how far it is behind at half of the goal. A process that answers
 * MongoDB's protocol and keeps nothing stands in MongoDB's place, so that the worker is measured.
 */
export async function folds(setup: Setup): Promise<Row[]> {
  const rows: Row[] = [];
  for (const mix of MIXES) rows.push(...(await foldRows(setup, mix, 'views')));
  const [chat] = MIXES;
  if (chat) rows.push(...(await foldRows(setup, chat, 'state')));
  rows.push(...(await markFolds(setup)));
  return rows;
}

async function foldRows(setup: Setup, mix: Mix, name: 'state' | 'views'): Promise<Row[]> {
  const bench = await prepare(setup, mix, name);
  await bench.publish(WAITING);
  const fold = bench.folds[name];
  const ended = new AbortController();
  const began = performance.now();
  const used = process.cpuUsage();
  const running = run(bench, fold, ended.signal);
  await reached(fold, (await bench.log.state(0)).last);
  const rate = WAITING / ((performance.now() - began) / 1_000);
  const { user, system } = process.cpuUsage(used);
  const lags = await paced(bench, fold, GOAL / 2);
  ended.abort();
  await running;
  await bench.nats.close();
  const what = `${name}, ${mix.name}`;
  const at = (share: number) => `${Math.round(lags[Math.floor(lags.length * share)] ?? 0)} ms`;
  const perCpu = Math.round(WAITING / ((user + system) / 1_000_000));
  return [
    {
      what: `${what}: entries a second in a partition`,
      measured: `${Math.round(rate)}, of the worker ${perCpu} a second of CPU`,
      goal: GOAL.toLocaleString('en'),
    },
    {
      what: `${what}: behind at half of the goal, median and most`,
      measured: `${at(0.5)}, ${at(0.999)}`,
      goal: 'under 2 s',
    },
  ];
}

async function prepare(setup: Setup, mix: Mix, name: string): Promise<Bench> {
  const sink = start('tools/bench/mongo-sink.ts', {}, setup.teardown);
  const port = await answer<number>(sink);
  const config = loadConfig('worker', {
    CHAT_INSTANCE: `folds-${process.pid}-${name}-${mix.messages}`,
    CHAT_NATS_URL: setup.nats.url,
    CHAT_MONGODB_URI: `mongodb://127.0.0.1:${port}/?directConnection=true`,
    CHAT_PARTITIONS: '1',
    CHAT_PROCESS_NAME: 'bench',
  });
  const names = namesOf(config.instance);
  const nats = await connectNats(config, 'bench');
  setup.teardown.add(() => nats.close());
  const jsm = await managerOf(nats);
  const store = mongoStore(config.mongodbUri, names.database);
  setup.teardown.add(() => store.close());
  const streams = new Streams(nats, {
    names,
    options: config,
    holder: 'bench',
    floor: async () => ({ offset: 0, complete: null, rolledBack: false }),
    known: async () => [],
    settle: async () => undefined,
    rescue: async () => undefined,
    changed: () => undefined,
    fewCopies: () => undefined,
    now: () => systemClock.now(),
  });
  await streams.ensure(0);
  const log = foldLog(nats, jsm, names);
  const next = entries(mix);
  return {
    nats,
    names,
    log,
    async publish(count) {
      const before = (await log.state(0)).last;
      for (let sent = 0; sent < count; sent++) {
        next(before + sent + 1, (room, type, body, user, target = 0) => {
          const envelope = {
            type,
            user,
            id: `m${before + sent + 1}`,
            dedupe: '',
            time: 1,
            client: 'c',
            traceparent: '',
          };
          const headers = writeEnvelope({ ...envelope, cv: 0, seen: 0, targets: target > 0 ? [target] : [] });
          nats.publish(names.log(0, room), JSON.stringify(body), { headers });
        });
        if (sent % 500 === 499) await nats.flush();
      }
      await until('the stream has the entries', async () => (await log.state(0)).last === before + count);
    },
    folds: {
      views: new ViewsFold({
        store,
        storedUpTo: async () => Number.POSITIVE_INFINITY,
        firstKept: firstKept(jsm, names),
        erasing: new Erasing({
          store,
          erase: eraser(jsm, names),
          forgottenIds: forgottenIds(nats, names),
          stateUpTo: async () => Number.POSITIVE_INFINITY,
          failed: () => undefined,
          clock: systemClock,
          log: pino({ level: 'warn' }),
        }),
        counts: new CountMarks({
          store: store.counts,
          areAllCounting: () => true,
          lastOf: async partition => (await log.state(partition)).last,
          storedUpTo: async () => Number.POSITIVE_INFINITY,
        }),
        clock: systemClock,
      }),
      state: stateFold(
        {
          config,
          names,
          connection: nats,
          jsm,
          store,
          digests: digests(nats, names),
          metrics: new WorkerMetrics(),
          clock: systemClock,
          log: pino({ level: 'warn' }),
        },
        () => Number.POSITIVE_INFINITY,
      ),
    },
  };
}

type Publish = (room: string, type: string, body: object, user: string, target?: number) => void;

/** Entries about the last messages, in the shares of a mix. */
function entries(mix: Mix): (offset: number, publish: Publish) => void {
  const random = seeded(1);
  const known: { readonly target: number; readonly room: string }[] = [];
  return (offset, publish) => {
    const user = `user-${integer(random, 1_000)}`;
    const share = integer(random, 100);
    if (share < mix.messages || known.length < 10) {
      const room = `channel:room-${integer(random, ROOMS)}`;
      known.push({ target: offset, room });
      if (known.length > 1_000) known.shift();
      return publish(
        room,
        'message',
        { type: 'message', id: `m${offset}`, text: 'a message of the usual length' },
        user,
      );
    }
    const { target, room } = pick(random, known);
    const about = { target, of: `m${target}` };
    if (share < mix.messages + mix.edits)
      return publish(room, 'edit', { ...about, text: 'another text of it' }, user, target);
    if (share < mix.messages + mix.edits + mix.deletes)
      return publish(room, 'delete', { targets: [about] }, user, target);
    publish(room, 'reaction', { ...about, emoji: pick(random, ['👍', '🎉', '🚀']), on: random() < 0.8 }, user, target);
  };
}

async function run({ log, names }: Bench, fold: WorkerFold, signal: AbortSignal): Promise<void> {
  const runner = new Runner({
    fold,
    foldLog: log,
    names,
    ready: async () => undefined,
    folded: () => undefined,
    failing: (_, problem) => problem && console.error(problem),
    clock: systemClock,
    random: Math.random,
    log: pino({ level: 'warn' }),
  });
  await runner.run({ fold: fold.name, partition: 0, epoch: Date.now(), signal });
}

const reached = (fold: WorkerFold, offset: number) =>
  until('the fold has everything', async () => ((await fold.readPosition(0))?.at ?? 0) >= offset, { ms: 120_000 });

/** Publishes so many entries a second. @returns ascending ms from the publish of entries to the position above them */
async function paced(bench: Bench, fold: WorkerFold, rate: number): Promise<number[]> {
  const lags: number[] = [];
  const waiting: { readonly offset: number; readonly at: number }[] = [];
  const began = performance.now();
  let sent = 0;
  let isOver = false;
  const look = async () => {
    while (!isOver || waiting.length > 0) {
      const { at = 0 } = (await fold.readPosition(0)) ?? {};
      while ((waiting[0]?.offset ?? Number.POSITIVE_INFINITY) <= at)
        lags.push(performance.now() - (waiting.shift()?.at ?? 0));
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  };
  const looking = look();
  while (performance.now() - began < PACED_SECONDS * 1_000) {
    const due = Math.floor(((performance.now() - began) / 1_000) * rate) - sent;
    if (due > 0) await bench.publish(due);
    sent += Math.max(0, due);
    waiting.push({ offset: (await bench.log.state(0)).last, at: performance.now() });
    await new Promise(resolve => setTimeout(resolve, STEP_MS));
  }
  isOver = true;
  await looking;
  return lags.sort((a, b) => a - b);
}
