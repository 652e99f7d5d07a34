import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { deliveryInfo } from '../../server/bus/delivery.ts';
import { epochOf } from '../../server/bus/epoch.ts';
import { type Digest, readCover, readDigest, readTop, writeCover } from '../../server/bus/last-entry.ts';
import { readPurgedTops } from '../../server/bus/purged-tops.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { numbered, type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';
import { faultyNats } from '../support/chat/faulty-nats.ts';
import { foldState, startState } from '../support/chat/fold-state.ts';

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
    digest: async (room: string) => readDigest(await value(bench.names.last(0, room))),
    cover: async () => readCover(await value(bench.names.lastMark(0))),
  };
};
const logInfo = (bench: StoreBench) => bench.jsm.streams.info(bench.names.logStream(0));
const parts = (bench: StoreBench) => ({ connection: bench.nats, jsm: bench.jsm, names: bench.names, partition: 0 });

describe('LAST', { concurrency: 4 }, () => {
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
    const { epoch: covered, from, below } = (await cover()) ?? {};
    assert.deepEqual({ covered, from, below }, { covered: epoch, from: 1, below: end + 1 });
    assert.ok((await bench.metric(worker, 'chatcluster_last_rooms_total')) >= 2);

    const later = await bench.publish('channel:a.b *>%é界', 'm3');
    await until('the next one is gone too', async () => (await logInfo(bench)).state.messages === 0);
    assert.deepEqual([await top('channel:a.b *>%é界'), (await cover())?.below], [later, later + 1]);
  });

  /** Last offsets of rooms without a message in LOG. */
  const purgedTops = (bench: StoreBench, rooms: readonly string[]) =>
    readPurgedTops(bench.nats, rooms, {
      names: bench.names,
      partition: 0,
      timeoutMs: 2_000,
      state: async () => {
        const info = await logInfo(bench);
        return { epoch: epochOf(info), from: 1, first: info.state.first_seq, last: info.state.last_seq, lost: [] };
      },
    });

  test('a purge of what was not folded begins the cover anew', async t => {
    const bench = await storeBench(t, backends);
    const { cover } = last(bench);
    await madeStreams(bench);
    for (const text of numbered(1, 20)) await bench.publish(`channel:${text}`, text);
    await foldState(parts(bench));
    for (const text of numbered(21, 30)) await bench.publish(`channel:${text}`, text);
    await bench.jsm.streams.purge(bench.names.logStream(0), { seq: 26 });
    await foldState(parts(bench));
    const { from, below } = (await cover()) ?? {};
    assert.deepEqual([from, below], [26, 31]);
    const tops = await purgedTops(bench, ['channel:m20', 'channel:m22', 'channel:none']);
    assert.deepEqual([...tops.values()], [25, 25, 25], 'the last message of each may have been purged unread');
  });

  /** Makes the streams, and leaves them to the test. */
  async function madeStreams(bench: StoreBench): Promise<void> {
    const worker = await bench.worker();
    await streamsReady(worker);
    await worker.stop();
  }

  test('digests hold each last offset and each delete through holders that follow each other and die anywhere', async t => {
    const bench = await storeBench(t, backends);
    await madeStreams(bench);
    const rooms = Array.from({ length: 12 }, (_, i) => `channel:${i}`);
    const expected = new Map<string, Digest>();
    let ends: (() => void)[] = [];
    for (let round = 0; round < 15; round++) {
      for (const room of rooms) {
        const before = expected.get(room) ?? { top: 0, deletions: [], countable: 0 };
        const targets = round % 3 === 2 ? [before.top] : [];
        const top = await bench.publish(room, 'x', targets.length > 0 ? { type: 'delete', targets } : {});
        const added = targets.length > 0 ? [{ at: top, targets }] : [];
        const countable = targets.length > 0 ? (before.countable ?? 0) : top;
        expected.set(room, { top, deletions: [...(before.deletions ?? []), ...added], countable });
      }
      // Two at once: the later lease wins. The connection of one loses every third write on its way.
      let writes = 0;
      const before = async (subject: string) => {
        if (subject.includes('.last.') && ++writes % 3 === 0) throw new Error('lost on the way');
      };
      const lossy = { ...parts(bench), connection: faultyNats(bench.nats, { before }) };
      ends.push(startState(lossy), startState(parts(bench)));
      if (round % 4 === 3) for (const end of ends.splice(0)) end();
    }
    await foldState(parts(bench));
    for (const end of ends) end();
    ends = [];
    for (const [room, digest] of expected) assert.deepEqual(await last(bench).digest(room), digest, room);
  });

  test('entries that a broken connection loses are not taken for absent', async t => {
    const bench = await storeBench(t, backends);
    await madeStreams(bench);
    for (const text of numbered(1, 9)) await bench.publish(`channel:${text}`, text);
    let lost = 0;
    const loses = ({ reply = '' }: { reply?: string }) =>
      [4, 5].includes(deliveryInfo(reply)?.sequence ?? 0) && lost++ < 4;
    await foldState({ ...parts(bench), connection: faultyNats(bench.nats, { loses }) });
    assert.ok(lost > 0);
    for (let i = 1; i <= 9; i++) assert.equal(await last(bench).top(`channel:m${i}`), i);
  });

  test('what a worker of an earlier release wrote over digests is restored before anything is purged', async t => {
    const bench = await storeBench(t, backends, { ...PURGING, CHAT_HOT_WINDOW_SECONDS: '3600' });
    const { names, nats } = bench;
    await streamsReady(await bench.worker());
    const { top, digest, cover } = last(bench);
    const first = await bench.publish('channel:a', 'one');
    await bench.publish('channel:a', 'gone', { type: 'delete', targets: [first] });
    const end = await bench.publish('channel:a', 'three');
    await until('it is folded', async () => (await cover())?.below === end + 1);
    const whole = await digest('channel:a');
    assert.deepEqual(whole, { top: end, deletions: [{ at: 2, targets: [1] }], countable: end });

    // It died before it wrote the cover.
    await nats.request(names.last(0, 'channel:a'), JSON.stringify({ top: first }));
    await until('the list is there again', async () => (await digest('channel:a'))?.deletions?.length === 1);
    assert.equal(await top('channel:a'), end);

    // It came to the end of its notes.
    await nats.request(names.last(0, 'channel:a'), JSON.stringify({ top: first }));
    await nats.request(names.lastMark(0), writeCover({ epoch: (await cover())?.epoch ?? '', from: 1, below: end + 1 }));
    await until('LOG is folded again', async () => (await cover())?.checked !== undefined);
    await until('the digest is whole', async () => (await digest('channel:a'))?.deletions?.length === 1);
    assert.equal(await top('channel:a'), end);
  });

  test('without LAST nothing is purged; rebuilt from the stream it is what it was', async t => {
    const bench = await storeBench(t, backends, PURGING);
    await madeStreams(bench);
    const { digest } = last(bench);
    for (const text of numbered(1, 10)) await bench.publish(`channel:${text}`, text);
    await foldState(parts(bench));
    await bench.jsm.streams.delete(bench.names.lastStream(0));
    await streamsReady(await bench.worker());
    await until('everything stored is gone', async () => (await logInfo(bench)).state.messages === 0);
    for (let i = 1; i <= 10; i++)
      assert.deepEqual(await digest(`channel:m${i}`), { top: i, deletions: [], countable: i });
  });

  test('LAST keeps so many rooms, and says that it knows nothing of those it has forgotten', async t => {
    const bench = await storeBench(t, backends, HOLDING);
    await madeStreams(bench);
    const { top, cover } = last(bench);
    const rooms = Array.from({ length: 60 }, (_, i) => `channel:${i}`);
    for (const room of rooms) {
      await bench.publish(room, 'x'); // room i at offset i + 1
      if (room.endsWith('9')) await foldState(parts(bench));
    }
    const end = startState({ ...parts(bench), lastRooms: 40 });
    const held = async () => (await bench.jsm.streams.info(bench.names.lastStream(0))).state.messages;
    await until('LAST is at its limit', async () => (await held()) === 40);
    end();
    const { from = 0, below } = (await cover()) ?? {};
    assert.equal(below, 61);
    for (const [i, room] of rooms.entries()) if (i + 1 >= from) assert.equal(await top(room), i + 1, room);
    assert.ok(from > 20 && from < 41, `${from}`);
    await bench.jsm.streams.purge(bench.names.logStream(0), { seq: 61 });
    const tops = await purgedTops(bench, rooms);
    for (const [i, room] of rooms.entries()) assert.ok((tops.get(room) ?? 0) >= i + 1, room);
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
});
