import { pino } from 'pino';
import { connectNats } from '../../server/bus/connect.ts';
import { managerOf } from '../../server/bus/jetstream-api.ts';
import { marksLog } from '../../server/bus/marks-log.ts';
import { names as namesOf } from '../../server/bus/names.ts';
import { marksConfig } from '../../server/bus/stream-config.ts';
import { loadConfig } from '../../server/settings/config.ts';
import { mongoStore } from '../../server/store/mongo.ts';
import { systemClock } from '../../server/time/clock.ts';
import { MarksFold } from '../../server/worker/fold/marks-fold.ts';
import { until } from '../support/until.ts';
import { answer, type Row, type Setup, start } from './setup.ts';

/** Marks that wait when the fold starts, of so many users in so many rooms. */
const USERS = 1_000;
const ROOMS = 50;
/** Marks a second that a worker must get through. */
const GOAL = 5_000;

/** Marks a second that the fold `marks` gets through, with the stand-in of MongoDB that {@link folds} has. */
export async function markFolds(setup: Setup): Promise<Row[]> {
  const sink = start('tools/bench/mongo-sink.ts', {}, setup.teardown);
  const config = loadConfig('worker', {
    CHAT_INSTANCE: `mark-folds-${process.pid}`,
    CHAT_NATS_URL: setup.nats.url,
    CHAT_MONGODB_URI: `mongodb://127.0.0.1:${await answer<number>(sink)}/?directConnection=true`,
    CHAT_PROCESS_NAME: 'bench',
  });
  const names = namesOf(config.instance);
  const nats = await connectNats(config, 'bench');
  setup.teardown.add(() => nats.close());
  const store = mongoStore(config.mongodbUri, names.database);
  setup.teardown.add(() => store.close());
  const jsm = await managerOf(nats);
  await jsm.streams.add(marksConfig(names, config));
  for (let mark = 0; mark < USERS * ROOMS; mark++) {
    const read = 1_000 + mark;
    const subject = names.marks(`user-${mark % USERS}`, `group:room-${Math.floor(mark / USERS)}`);
    nats.publish(subject, JSON.stringify({ read, delivered: read }));
    if (mark % 500 === 499) await nats.flush();
  }
  const marks = marksLog(nats, jsm, names);
  await until('the stream has the marks', async () => (await marks.state()).last === USERS * ROOMS);

  const ended = new AbortController();
  const fold = new MarksFold({
    marks,
    writer: store.marks,
    ready: async () => undefined,
    folded: () => undefined,
    failing: problem => problem && console.error(problem),
    clock: systemClock,
    random: Math.random,
    log: pino({ level: 'warn' }),
  });
  const began = performance.now();
  const used = process.cpuUsage();
  const running = fold.run({ fold: fold.name, partition: 0, epoch: Date.now(), signal: ended.signal });
  const isDone = async () => ((await store.marks.readPosition())?.at ?? 0) >= USERS * ROOMS;
  await until('the fold has everything', isDone, { ms: 120_000 });
  const rate = (USERS * ROOMS) / ((performance.now() - began) / 1_000);
  const { user, system } = process.cpuUsage(used);
  ended.abort();
  await running;
  await nats.close();
  const perCpu = Math.round((USERS * ROOMS) / ((user + system) / 1_000_000));
  return [
    {
      what: 'marks: marks a second of a worker',
      measured: `${Math.round(rate)}, ${perCpu} a second of CPU`,
      goal: GOAL.toLocaleString('en'),
    },
  ];
}
