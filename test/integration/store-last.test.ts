import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deliveryInfo } from '../../server/bus/delivery.ts';
import { epochOf } from '../../server/bus/epoch.ts';
import { forgetTops } from '../../server/bus/forget-tops.ts';
import { readCover, readTop, writeTop } from '../../server/bus/last-entry.ts';
import { noteTops } from '../../server/bus/note-tops.ts';
import { readPurgedTops } from '../../server/bus/purged-tops.ts';
import { purgeNoted } from '../../server/worker/noted-purge.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { numbered, type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';
import { faultyNats } from '../support/chat/faulty-nats.ts';

const backends = await startBackends({ after });
const PURGING = { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' };
const HOLDING = { CHAT_HOT_WINDOW_SECONDS: '3600' };

/** Content of LAST: the offset of a room, or null; and its cover. */
const last = (bench: StoreBench) => {
  const value = async (subject: string) => {
    const found = await bench.jsm.streams.getMessage(bench.names.lastStream(0), { last_by_subj: subject });
    return found?.data ?? new Uint8Array();
  };
  return {
    top: async (room: string) => readTop(await value(bench.names.last(0, room))),
    cover: async () => readCover(await value(bench.names.lastMark(0))),
  };
};
const logInfo = (bench: StoreBench) => bench.jsm.streams.info(bench.names.logStream(0));
const parts = (bench: StoreBench) => ({ connection: bench.nats, jsm: bench.jsm, names: bench.names, partition: 0 });

test('before a message is purged, the last offset of its room is in LAST, also in a stream that existed before', async t => {
  const bench = await storeBench(t, backends, PURGING);
  const early = await bench.worker('early', { hotWindowSeconds: 3_600 });
  await streamsReady(early);
  await bench.publish('channel:a.b *>%é界', 'm1');
  const quiet = await bench.publish('channel:a.b *>%é界', 'm2');
  await Promise.all(numbered(1, 50).map(text => bench.publish('channel:busy', text)));
  await early.stop();
  await bench.jsm.streams.delete(bench.names.lastStream(0)); // as a version without LAST left it

  const worker = await bench.worker('late');
  const { epoch, end } = await logInfo(bench).then(info => ({ epoch: epochOf(info), end: info.state.last_seq }));
  await until('everything stored is gone', async () => (await logInfo(bench)).state.messages === 0);
  const { top, cover } = last(bench);
  assert.deepEqual(
    [await top('channel:a.b *>%é界'), await top('channel:busy'), await top('channel:none')],
    [2, end, null],
  );
  assert.equal(quiet, 2);
  assert.deepEqual(await cover(), { epoch, from: 1, below: end + 1 });
  assert.equal(await bench.metric(worker, 'chatcluster_last_rooms_total'), 2);

  const later = await bench.publish('channel:a.b *>%é界', 'm3');
  await until('the next one is gone too', async () => (await logInfo(bench)).state.messages === 0);
  assert.deepEqual([await top('channel:a.b *>%é界'), (await cover())?.below], [later, later + 1]);
});

test('a purge by another program begins the cover anew', async t => {
  const bench = await storeBench(t, backends, HOLDING);
  await streamsReady(await bench.worker());
  const { cover } = last(bench);
  for (const text of numbered(1, 20)) await bench.publish(`channel:${text}`, text);
  await purgeNoted(parts(bench), 1, 5, false);
  assert.deepEqual(await cover(), { epoch: epochOf(await logInfo(bench)), from: 1, below: 5 });
  await bench.jsm.streams.purge(bench.names.logStream(0), { seq: 9 });
  await purgeNoted(parts(bench), 9, 12, false);
  assert.deepEqual(await cover(), { epoch: epochOf(await logInfo(bench)), from: 9, below: 12 });
});

test('workers that note at the same time never leave an offset behind the one purged', async t => {
  const bench = await storeBench(t, backends, HOLDING);
  await streamsReady(await bench.worker());
  const { top, cover } = last(bench);
  const rooms = Array.from({ length: 40 }, (_, i) => `channel:${i}`);
  const purged = new Map<string, number>();
  let lost = 0;
  for (let round = 0; round < 8; round++) {
    const offsets = await Promise.all(rooms.map(async room => [room, await bench.publish(room, 'x')] as const));
    const { first_seq: first, last_seq: end } = (await logInfo(bench)).state;
    const attempts = [end - 20, end, end + 1].map(below => purgeNoted(parts(bench), first, below, false));
    for (const { unnoted } of await Promise.all(attempts)) if (unnoted !== null) lost += 1;
    const state = (await logInfo(bench)).state;
    for (const [room, offset] of offsets) if (offset < state.first_seq) purged.set(room, offset);
    for (const [room, offset] of purged) assert.ok(((await top(room)) ?? 0) >= offset, `${room} at ${offset}`);
    assert.ok(((await cover())?.below ?? 0) >= state.first_seq);
    assert.equal((await cover())?.from, 1);
  }
  assert.ok(purged.size > 0, 'nothing was purged');
  assert.ok(lost > 0, 'they never met');
  assert.ok(purged.size > 0, 'nothing was purged');
});

/** Last offsets of rooms without a message in LOG. */
const purgedTops = (bench: StoreBench, rooms: readonly string[]) =>
  readPurgedTops(bench.nats, rooms, {
    names: bench.names,
    partition: 0,
    timeoutMs: 2_000,
    state: async () => {
      const info = await logInfo(bench);
      return { epoch: epochOf(info), first: info.state.first_seq, last: info.state.last_seq, lost: [] };
    },
  });

test('a chain of writes that another worker came into covers nothing, also when the end of it would be taken', async t => {
  const bench = await storeBench(t, backends, HOLDING);
  await streamsReady(await bench.worker());
  for (const room of ['a', 'b', 'c']) await bench.publish(`channel:${room}`, 'x'); // at 1, 2, 3
  const { names, nats } = bench;
  let met: Promise<unknown> | null = null;
  const before = async (subject: string) => {
    if (!subject.startsWith(names.lastSubjects(0).replace('*', ''))) return;
    // The first two writes of a worker that purges less: its third is late.
    met ??= nats
      .request(names.last(0, 'channel:x'), writeTop(1))
      .then(() => nats.request(names.last(0, 'channel:y'), writeTop(1)));
    await met;
  };
  const interrupted = { ...parts(bench), connection: faultyNats(nats, { before }) };
  const { removed, unnoted } = await purgeNoted(interrupted, 1, 4, true);
  assert.ok(unnoted instanceof Error);
  assert.equal(removed, 3);
  const tops = await purgedTops(bench, ['channel:a', 'channel:b', 'channel:c']);
  for (const [room, offset] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const)
    assert.ok(
      (tops.get(`channel:${room}`) ?? 0) >= offset,
      `${room} has missed nothing from ${tops.get(`channel:${room}`)} on`,
    );
});

test('messages that a broken connection loses are not taken for absent', async t => {
  const bench = await storeBench(t, backends, HOLDING);
  await streamsReady(await bench.worker());
  for (const text of numbered(1, 9)) await bench.publish(`channel:${text}`, text);
  const loses = ({ reply = '' }: { reply?: string }) => [4, 5].includes(deliveryInfo(reply)?.sequence ?? 0);
  const lossy = { ...parts(bench), connection: faultyNats(bench.nats, { loses }) };
  await assert.rejects(noteTops(lossy, 8), /lost messages/);
  assert.deepEqual([await last(bench).top('channel:m4'), await last(bench).cover()], [null, null]);
  await noteTops(parts(bench), 8);
  assert.equal(await last(bench).top('channel:m4'), 4);
  await assert.rejects(forgetTops(lossy, 1), /lost messages/);
});

test('what LAST does not take stays in the stream, unless that is nearly full', async t => {
  const bench = await storeBench(t, backends, HOLDING);
  const worker = await bench.worker();
  await streamsReady(worker);
  for (const text of numbered(1, 10)) await bench.publish('channel:a', text);
  await worker.stop();
  await bench.jsm.streams.delete(bench.names.lastStream(0));
  const kept = await purgeNoted(parts(bench), 1, 5, false);
  assert.deepEqual([kept.removed, kept.noted, kept.unnoted instanceof Error], [0, 0, true]);
  assert.equal((await logInfo(bench)).state.first_seq, 1);
  const gone = await purgeNoted(parts(bench), 1, 5, true);
  assert.deepEqual([gone.removed, gone.noted, gone.unnoted instanceof Error], [4, 0, true]);
});

test('LAST keeps so many rooms, and says that it knows nothing of those it has forgotten', async t => {
  const bench = await storeBench(t, backends, HOLDING);
  await streamsReady(await bench.worker());
  const { top, cover } = last(bench);
  const rooms = Array.from({ length: 60 }, (_, i) => `channel:${i}`);
  for (const room of rooms) await bench.publish(room, 'x'); // room i at offset i + 1
  await noteTops(parts(bench), 31);
  await noteTops(parts(bench), 61);
  assert.equal(await forgetTops(parts(bench), 60), 0);
  assert.equal(await forgetTops(parts(bench), 40), 21); // of 60 rooms and the cover
  const { messages } = (await bench.jsm.streams.info(bench.names.lastStream(0))).state;
  assert.equal(messages, 40);
  const { from = 0, below } = (await cover()) ?? {};
  assert.equal(below, 61);
  for (const [i, room] of rooms.entries()) assert.equal(await top(room), i + 1 < from ? null : i + 1, room);
  assert.equal(from, 22);
});

test('rooms above CHAT_LAST_ROOMS are forgotten by the worker', async t => {
  const bench = await storeBench(t, backends, PURGING);
  const worker = await bench.worker('worker-0', { lastRooms: 20 });
  await streamsReady(worker);
  await Promise.all(Array.from({ length: 100 }, (_, i) => bench.publish(`channel:${i}`, 'x')));
  const held = async () => (await bench.jsm.streams.info(bench.names.lastStream(0))).state.messages;
  await until('everything stored is gone', async () => (await logInfo(bench)).state.messages === 0);
  await until('LAST is at its limit', async () => (await held()) <= 22);
  assert.ok(((await last(bench).cover())?.from ?? 0) > 70);
});

test('messages that were deleted from the stream do not end the scan', async t => {
  const bench = await storeBench(t, backends, HOLDING);
  await streamsReady(await bench.worker());
  const { top } = last(bench);
  for (const text of numbered(1, 10)) await bench.publish('channel:a', text);
  for (const seq of [4, 5, 9, 10]) await bench.jsm.streams.deleteMessage(bench.names.logStream(0), seq);
  assert.equal(await noteTops(parts(bench), 6), 1);
  assert.equal(await top('channel:a'), 3);
  await noteTops(parts(bench), 11);
  assert.equal(await top('channel:a'), 8);
});
