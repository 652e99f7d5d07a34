import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LiveMessage, RoomLog } from '../../../server/room/log.ts';
import { until } from '../../../tools/support/until.ts';

/** A {@link RoomLog} of one partition without messages, and what only a worker may do with it. */
export interface LogUnderTest {
  readonly log: RoomLog;
  /** @param noted whether the last offsets of the rooms are noted, as a worker does; default: they are */
  purge(upTo: number, noted?: boolean): Promise<void>;
}

const ROOM = 'channel:a.b *>%é界';
const OTHER = 'channel:a';
const body = new Uint8Array(Buffer.from('{"é":1}'));
const offsets = (messages: readonly { readonly offset: number }[]) => messages.map(({ offset }) => offset);

async function publish(log: RoomLog, room: string, id = ''): Promise<number> {
  const envelope = {
    type: 'message',
    id,
    dedupe: '',
    time: 7,
    user: 'aé\r\nb',
    client: 'c',
    traceparent: '',
    cv: 3,
    seen: 2,
    targets: [4, 1_000_000_000_000],
  } as const;
  return (await log.publish(room, body, envelope)).offset;
}

/** Contract of every {@link RoomLog}: the real one, and the one in memory that unit tests use in its place. */
export function roomLogContract(name: string, make: (t: TestContext) => Promise<LogUnderTest>): void {
  /** ROOM has odd offsets from 1 to 9, OTHER the even ones to 10. */
  const filled = async (t: TestContext) => {
    const made = await make(t);
    for (let i = 0; i < 5; i++) {
      assert.equal(await publish(made.log, ROOM, `id ${i}`), 2 * i + 1);
      assert.equal(await publish(made.log, OTHER), 2 * i + 2);
    }
    return made;
  };

  test(`${name}: a message comes back as it was published`, async t => {
    const { log } = await filled(t);
    const [first] = (await log.readAfter(ROOM, 0, 1)).messages;
    const { epoch } = await log.state(0);
    const last = (await log.readAfter(ROOM, 8, 1)).messages[0];
    assert.deepEqual(
      { ...last, body: Buffer.from(last?.body ?? []).toString() },
      {
        room: ROOM,
        epoch,
        offset: 9,
        type: 'message',
        id: 'id 4',
        dedupe: '',
        time: 7,
        user: 'aé\r\nb',
        client: 'c',
        traceparent: '',
        cv: 3,
        seen: 2,
        targets: [4, 1_000_000_000_000],
        body: '{"é":1}',
      },
    );
    assert.equal(first?.offset, 1);
  });

  test(`${name}: an acknowledgement carries the place of the message, and a repeat that of the first`, async t => {
    const { log } = await make(t);
    const envelope = {
      type: 'message',
      id: 'a',
      dedupe: 'key',
      time: 7,
      user: 'u',
      client: 'c',
      traceparent: '',
      cv: 0,
      seen: 0,
      targets: [],
    };
    const first = await log.publish(ROOM, body, envelope);
    await publish(log, OTHER);
    const again = await log.publish(ROOM, body, envelope);
    const { epoch } = await log.state(0);
    assert.notEqual(epoch, '');
    assert.deepEqual(
      [first, again],
      [
        { offset: 1, epoch, duplicate: false },
        { offset: 1, epoch, duplicate: true },
      ],
    );
    assert.equal(await log.currentEpoch(0), epoch);
  });

  test(`${name}: pages forward count what is left`, async t => {
    const { log } = await filled(t);
    const page = async (after: number, limit: number) => {
      const { messages, pending } = await log.readAfter(ROOM, after, limit);
      return [offsets(messages), pending];
    };
    assert.deepEqual(await page(0, 2), [[1, 3], 3]);
    assert.deepEqual(await page(2, 2), [[3, 5], 2]);
    assert.deepEqual(await page(3, 10), [[5, 7, 9], 0]);
    assert.deepEqual(await page(9, 10), [[], 0]);
    assert.deepEqual(await page(1_000, 10), [[], 0]);
  });

  test(`${name}: the last below, the next above, the top, and the tops of many rooms`, async t => {
    const { log } = await filled(t);
    const below = async (before: number) => (await log.readLastBelow(ROOM, before))?.offset ?? null;
    assert.deepEqual([await below(11), await below(9), await below(4), await below(2)], [9, 7, 3, 1]);
    assert.deepEqual([await log.next(ROOM, 0), await log.next(ROOM, 4), await log.next(ROOM, 9)], [1, 5, 0]);
    assert.deepEqual([await log.top(ROOM), await log.top(OTHER), await log.top('channel:none')], [9, 10, 0]);
    const many = Array.from({ length: 998 }, (_, i) => `channel:none ${i}`);
    const tops = await log.tops(0, [ROOM, ...many, OTHER]);
    assert.deepEqual([...tops.offsets].toSorted(), [
      [OTHER, 10],
      [ROOM, 9],
    ]);
    assert.equal(tops.upTo, 10);
    // The leader's word is needed for rooms without a message: how far a replica is stands only beside messages.
    const none = await log.tops(0, ['channel:none']);
    assert.deepEqual([none.offsets.get('channel:none'), none.upTo], [undefined, 10]);
  });

  test(`${name}: what is purged is gone from every read, and the state says so`, async t => {
    const { log, purge } = await filled(t);
    const { epoch } = await log.state(0);
    assert.deepEqual(await log.state(0), { epoch, from: 1, first: 1, last: 10, lost: [] });
    await purge(4);
    assert.deepEqual(await log.state(0), { epoch, from: 1, first: 5, last: 10, lost: [] });
    assert.deepEqual(offsets((await log.readAfter(ROOM, 0, 10)).messages), [5, 7, 9]);
    assert.deepEqual([await log.next(ROOM, 0), await log.readLastBelow(ROOM, 5)], [5, null]);
    await purge(10);
    assert.deepEqual(await log.state(0), { epoch, from: 1, first: 11, last: 10, lost: [] });
    assert.deepEqual(await log.readAfter(ROOM, 0, 10), { messages: [], pending: 0, reached: 0 });
    assert.deepEqual([await log.next(ROOM, 0), await log.top(ROOM)], [0, 0]);
    const tops = await log.tops(0, [ROOM]);
    assert.equal(tops.offsets.size, 0);
    assert.ok(tops.upTo >= 10, `an empty stream is known up to ${tops.upTo}`);
    assert.equal(await publish(log, ROOM), 11);
  });

  test(`${name}: the last offset of a room outlives its messages, as far as purges were noted`, async t => {
    const { log, purge } = await filled(t);
    const none = Array.from({ length: 997 }, (_, i) => `channel:none ${i}`);
    const purged = async () => {
      const tops = await log.purgedTops(0, [ROOM, ...none, OTHER]);
      assert.equal(tops.size, 999);
      return [tops.get(ROOM), tops.get(OTHER), tops.get('channel:none 7')];
    };
    assert.deepEqual(await purged(), [0, 0, 0]);
    await purge(4);
    const [room = 0, other = 0, unused] = await purged();
    assert.ok(room >= 3 && other >= 4 && unused === 0, 'rooms with messages in LOG have at least what was purged');
    await purge(10);
    assert.deepEqual(await purged(), [9, 10, 0]);
    assert.deepEqual([await publish(log, ROOM), await publish(log, OTHER)], [11, 12]);
    await purge(11, false);
    assert.deepEqual(await purged(), [11, 11, 11]);
    await purge(12);
    assert.deepEqual(await purged(), [11, 12, 11]);
  });

  test(`${name}: the end of a room is its last entry, and its last message once workers have seen it`, async t => {
    const { log, purge } = await filled(t);
    const many = Array.from({ length: 997 }, (_, i) => `channel:none ${i}`);
    const ends = async () => {
      const found = await log.newest(0, [ROOM, ...many, OTHER]);
      assert.equal(found.size, 999);
      return [ROOM, OTHER, 'channel:none 7'].map(room => {
        const { top, entry, countable } = found.get(room) ?? {};
        return [top, entry?.offset, countable];
      });
    };
    assert.deepEqual((await ends()).slice(0, 2), [
      [9, 9, null],
      [10, 10, null],
    ]);
    await purge(4);
    assert.deepEqual(await ends(), [
      [9, 9, 9],
      [10, 10, 10],
      [0, undefined, 0],
    ]);
    await purge(10);
    assert.deepEqual(await ends(), [
      [9, undefined, 9],
      [10, undefined, 10],
      [0, undefined, 0],
    ]);
    assert.equal(await publish(log, ROOM), 11);
    assert.deepEqual((await ends())[0], [11, 11, null]);
    await purge(11, false);
    assert.deepEqual((await ends())[0], [0, undefined, null]);
  });

  test(`${name}: the deletes of a room come from before and after a purge of other messages`, async t => {
    const { log, purge } = await filled(t);
    const { epoch: _, ...rest } = await log.state(0);
    assert.equal(rest.last, 10);
    assert.deepEqual(await log.deletions(ROOM), { targets: [], recent: [], upto: 10 });
    const remove = async (room: string, ...targets: number[]) => {
      const envelope = {
        type: 'delete',
        id: '',
        dedupe: '',
        time: 7,
        user: 'a',
        client: 'c',
        traceparent: '',
      } as const;
      await log.publish(room, Buffer.from('{}'), { ...envelope, cv: 0, seen: 4, targets });
    };
    await remove(ROOM, 1, 3);
    await remove(OTHER, 2);
    const deleted = async (room: string) => {
      const { targets, recent } = await log.deletions(room);
      return [...targets, ...recent.flatMap(each => each.targets)].sort();
    };
    assert.deepEqual([await deleted(ROOM), (await log.deletions(ROOM)).upto], [[1, 3], 12]);
    await purge(10);
    await remove(ROOM, 9);
    assert.deepEqual(await deleted(ROOM), [1, 3, 9]);
    const { offset, targets, user, seen } = (await log.deletions(ROOM)).recent.at(-1) ?? assert.fail();
    assert.deepEqual([offset, targets, user, seen], [13, [9], 'a', 4]);
    assert.deepEqual(await deleted(OTHER), [2]);
    assert.deepEqual(await deleted('channel:none'), []);
  });

  test(`${name}: live messages carry their predecessor in the room, until the watch is stopped`, async t => {
    const { log } = await make(t);
    const seen: LiveMessage[] = [];
    const watch = log.watch(ROOM, message => void seen.push(message));
    const other: LiveMessage[] = [];
    const otherWatch = log.watch(OTHER, message => void other.push(message));
    await Promise.all([watch.ready(), otherWatch.ready()]);
    for (let i = 0; i < 3; i++) {
      await publish(log, ROOM);
      await publish(log, OTHER);
    }
    await until('they have arrived', () => seen.length === 3 && other.length === 3);
    assert.deepEqual(
      seen.map(({ message, previous }) => [message.offset, previous]),
      [
        [1, 0],
        [3, 1],
        [5, 3],
      ],
    );
    watch.stop();
    await publish(log, ROOM);
    await publish(log, OTHER);
    await until('the other has arrived', () => other.length === 4);
    assert.equal(seen.length, 3);
  });

  test(`${name}: a state is never older than the question`, async t => {
    const { log } = await make(t);
    for (let i = 1; i <= 5; i++) {
      const early = log.state(0);
      const offset = await publish(log, ROOM);
      const late = await Promise.all([log.state(0), log.state(0)]);
      for (const { last } of late) assert.equal(last, offset);
      await early;
    }
  });
}
