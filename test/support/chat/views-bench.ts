import { jetstream } from '@nats-io/jetstream';
import { pino } from 'pino';
import { writeEnvelope } from '../../../server/bus/envelope.ts';
import { eraser } from '../../../server/bus/erase.ts';
import { firstKept } from '../../../server/bus/first-kept.ts';
import { foldLog } from '../../../server/bus/fold-log.ts';
import type { Entry } from '../../../server/fold/entry.ts';
import { RoomFold } from '../../../server/fold/room-fold.ts';
import { mongoStore } from '../../../server/store/mongo.ts';
import { systemClock } from '../../../server/time/clock.ts';
import { Runner } from '../../../server/worker/fold/runner.ts';
import { CountMarks } from '../../../server/worker/views/count-marks.ts';
import { Erasing } from '../../../server/worker/views/erasing.ts';
import { ViewsFold, type ViewsParts } from '../../../server/worker/views/views.ts';
import type { BackendAddresses, Teardown } from '../../../tools/support/backends.ts';
import { storeBench, streamsReady } from '../../../tools/support/store-bench.ts';
import { until } from '../../../tools/support/until.ts';

export const VIEWS_ROOM = 'channel:views';
export const WHOLE_ROOM = { after: 0, before: Number.POSITIVE_INFINITY, limit: 1_000, reverse: false };

/** A stream and a database without a worker. Entries are stored as they are published; a test runs the fold. */
export async function viewsBench(t: Teardown, backends: BackendAddresses) {
  const bench = await storeBench(t, backends);
  const { names, nats, jsm } = bench;
  const worker = await bench.worker();
  await streamsReady(worker);
  await worker.stop();
  const store = mongoStore(backends.mongo.uri, names.database);
  t.after(() => store.close());
  const state = foldLog(nats, jsm, names);
  const { epoch } = await state.state(0);
  const published: Entry[] = [];
  /** Publishes an entry. @returns its offset */
  const publish = async (entry: Omit<Entry, 'offset'> & Readonly<Record<string, unknown>>): Promise<number> => {
    const { type, id = '', user = 'ann', ...rest } = entry as { type: string; id?: string; user?: string };
    const envelope = { type, id, user, dedupe: '', time: 1, client: 'c', traceparent: '', cv: 0, seen: 0, targets: [] };
    const body = Buffer.from(JSON.stringify({ type, id, ...rest }));
    const { seq } = await jetstream(nats).publish(names.log(0, VIEWS_ROOM), body, { headers: writeEnvelope(envelope) });
    await store.write(0, [{ ...envelope, room: VIEWS_ROOM, epoch, offset: seq, storedAt: seq, body }]);
    published.push({ ...entry, id, user, offset: seq } as unknown as Entry);
    return seq;
  };
  /** Called at each step of the fold; may throw. */
  const steps: { at: (step: string) => void } = { at: () => undefined };
  const around =
    <A extends unknown[], R>(step: string, work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      steps.at(`before ${step}`);
      const result = await work(...args);
      steps.at(`after ${step}`);
      return result;
    };
  /** False while a worker of an earlier release is alive. */
  const counting = { all: true };
  /** Time up to which ids are forgotten: a text may be erased. */
  const forgotten = { before: Number.POSITIVE_INFINITY };
  const stepped: ViewsParts['store'] = {
    readPosition: async partition => {
      steps.at('read');
      return await store.readPosition(partition);
    },
    room: room => store.room(room),
    applyRooms: store.applyRooms.bind(store),
    users: store.users,
    contacts: store.contacts,
    readEntries: around('page', store.readEntries.bind(store)),
    readChecked: store.readChecked.bind(store),
    applyChanges: around('apply', store.applyChanges.bind(store)),
    savePosition: around('save', store.savePosition.bind(store)),
    positionLease: store.positionLease.bind(store),
    noteErasures: around('note', store.noteErasures.bind(store)),
    readErasures: store.readErasures.bind(store),
    dropErasures: around('drop', store.dropErasures.bind(store)),
  };
  const parts = (): ViewsParts => ({
    store: stepped,
    storedUpTo: async () => Number.POSITIVE_INFINITY,
    firstKept: firstKept(jsm, names),
    erasing: new Erasing({
      store: stepped,
      erase: around('erase', eraser(jsm, names)),
      forgottenIds: async () => forgotten.before,
      stateUpTo: async () => Number.POSITIVE_INFINITY,
      failed: () => undefined,
      clock: systemClock,
      log: pino({ level: 'silent' }),
    }),
    counts: new CountMarks({
      store: store.counts,
      areAllCounting: () => counting.all,
      storedUpTo: async () => Number.POSITIVE_INFINITY,
      lastOf: async partition => (await state.state(partition)).last,
    }),
    clock: systemClock,
  });
  let lease = systemClock.wallClock(); // above that of the worker, which may have folded
  /** Starts a holder of the lease. The returned function ends its lease, as a killed process does. */
  const hold = (): (() => void) => {
    const ended = new AbortController();
    const runner = new Runner({
      fold: new ViewsFold(parts()),
      foldLog: state,
      names,
      ready: async () => undefined,
      folded: () => undefined,
      failing: () => undefined,
      clock: systemClock,
      random: () => 0,
      log: pino({ level: 'silent' }),
    });
    void runner.run({ fold: 'views', partition: 0, epoch: ++lease, signal: ended.signal });
    t.after(() => ended.abort());
    return () => ended.abort();
  };
  const folded = () => {
    const fold = new RoomFold();
    for (const entry of published) fold.add(entry);
    return fold.messages();
  };
  const reached = async () => {
    const { last } = await state.state(0);
    await until('everything is folded', async () => (await store.readPosition(0))?.at === last, {
      state: () => store.readPosition(0),
    });
    return (await store.readFolded(VIEWS_ROOM, WHOLE_ROOM)).messages;
  };
  /** Texts in a stream, by offset. */
  const textsIn = async (stream: string) => {
    const { first_seq, last_seq } = (await jsm.streams.info(stream)).state;
    const found: string[] = [];
    for (let seq = first_seq; seq <= last_seq; seq++)
      found.push((await jsm.streams.getMessage(stream, { seq }).catch(() => null))?.string() ?? '');
    return found.join('\n');
  };
  /** Removes all entries from LOG, as workers of a version without folds do once MongoDB has them. */
  const purge = async () => {
    const { last } = await state.state(0);
    await until('LIVE has all', async () => (await jsm.streams.info(names.liveStream(0))).state.last_seq === last);
    await jsm.streams.purge(names.logStream(0), { seq: last + 1 });
  };
  return { ...bench, counting, store, publish, steps, hold, folded, reached, purge, textsIn, forgotten };
}
