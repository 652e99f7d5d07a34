import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageDelete } from '../../../../server/chat/message-delete.ts';
import { messageEdit } from '../../../../server/chat/message-edit.ts';
import { messageSend } from '../../../../server/chat/message-send.ts';
import { RoomFold } from '../../../../server/fold/room-fold.ts';
import { ReadFailed } from '../../../../server/room/log.ts';
import { integer } from '../../../../tools/support/random.ts';
import { FreeCall } from '../../../support/chat/free-call.ts';
import { anyLog } from '../../../support/chat/room-entries.ts';
import { verbChat } from '../../../support/chat/verb-chat.ts';
import { fuzz } from '../../../support/fuzz/fuzz.ts';

const ROOMS = ['channel:a', 'channel:b', 'channel:c'] as const;

/** A chat with rooms, and ways to act in them. */
function chatOfRooms() {
  const chat = verbChat();
  const { clock, idOf, call, log } = chat;
  const send = async (room: string, text: string) => {
    const of = idOf();
    const { offset } = (await call(messageSend, { room, id: of, text })) as { offset: number };
    return { target: offset, of };
  };
  type Sent = Awaited<ReturnType<typeof send>>;
  const edit = (room: string, sent: Sent, text: string) => call(messageEdit, { room, id: idOf(), ...sent, text });
  const remove = (room: string, sent: Sent) => call(messageDelete, { room, id: idOf(), targets: [sent] });
  const hide = (room: string, sent: Sent) =>
    call(messageDelete, { room, id: idOf(), targets: [sent], scope: 'me' }, new FreeCall('reader'));
  /** Ends of rooms as a user sees them. Positions are read anew. */
  const ends = async (rooms: readonly string[] = ROOMS, readableAbove = 0) => {
    clock.pass(1_001);
    return await chat.chat.lasts.of(
      'reader',
      rooms.map(room => ({ room, readableAbove })),
    );
  };
  const texts = async (rooms: readonly string[] = ROOMS) => {
    const found = await ends(rooms);
    return rooms.map(room => {
      const message = found.get(room)?.message;
      return message ? `${message.text}${message.deleted > 0 ? 'deleted' : ''}` : null;
    });
  };
  /** The worker gets as far as the log. */
  const work = () => {
    log.storeUpTo(log.last);
    chat.store.apply(log.last);
    log.noted = log.last;
  };
  return { ...chat, send, edit, remove, hide, ends, texts, work };
}

fuzz(
  'the last message of a room is that of the log, however far each part of the worker is',
  [1, 2, 3],
  100,
  async random => {
    const { log, store, ends } = chatOfRooms();
    const entries = anyLog(random, 25);
    for (const { offset, ...entry } of entries) {
      while (log.last < offset - 1) log.append('channel:other');
      const { user = 'ann', id = '' } = entry as { user?: string; id?: string };
      const envelope = {
        type: entry.type,
        id,
        dedupe: '',
        time: 0,
        user,
        client: 'c',
        traceparent: '',
        cv: 0,
        seen: 0,
      };
      await log.publish('channel:a', Buffer.from(JSON.stringify(entry)), { ...envelope, targets: [] });
      const upTo = () => integer(random, log.last + 1);
      if (random() < 0.5) log.storeUpTo(upTo());
      if (random() < 0.5) store.apply(Math.min(log.floor, upTo()));
      log.noted = Math.max(log.noted, upTo());
      if (random() < 0.3) log.purge(Math.min(store.viewed, log.noted, upTo()));
      if (random() < 0.5) continue;
      const fold = new RoomFold();
      for (const each of entries) if (each.offset <= offset) fold.add(each);
      const found = await ends(['channel:a', 'channel:other', 'channel:none']);
      assert.deepEqual(found.get('channel:a')?.message, fold.messages().at(-1) ?? null);
      assert.equal(found.get('channel:other')?.message, null);
      assert.deepEqual(found.get('channel:none'), {
        top: 0,
        message: null,
        countable: 0,
        isNoted: false,
        isViewed: true,
      });
    }
  },
);

test('rooms whose entries workers have seen are read together', async () => {
  const { log, store, send, remove, edit, ends, work } = chatOfRooms();
  const rooms = Array.from({ length: 200 }, (_, i) => `channel:${i}`);
  for (const [i, room] of rooms.entries()) {
    const sent = await send(room, `text ${i}`);
    if (i % 4 === 1) await edit(room, sent, `edited ${i}`);
    if (i % 4 === 2) await remove(room, sent);
  }
  work();
  log.asked.length = 0;
  store.reads = 0;
  const found = await ends(rooms);
  assert.deepEqual([store.reads, log.asked.length < 8], [1, true], log.asked.join());
  assert.deepEqual(
    [found.get('channel:0'), found.get('channel:1')].map(end => end?.message?.text),
    ['text 0', 'edited 1'],
  );
  assert.ok((found.get('channel:2')?.message?.deleted ?? 0) > 0);
});

test('a text that is deleted or edited is in no later answer, whatever of the worker is behind', async () => {
  for (const behind of ['nothing', 'everything', 'MongoDB', 'LAST']) {
    const { send, edit, remove, texts, work, log, store } = chatOfRooms();
    const [a, b] = [await send('channel:a', 'secret a'), await send('channel:b', 'secret b')];
    await send('channel:c', 'open');
    work();
    assert.deepEqual(await texts(), ['secret a', 'secret b', 'open']);
    await remove('channel:a', a);
    await edit('channel:b', b, 'edited');
    if (behind === 'nothing') work();
    if (behind === 'MongoDB') log.noted = log.last;
    if (behind === 'LAST') {
      log.storeUpTo(log.last);
      store.apply(log.last);
    }
    assert.deepEqual(await texts(), ['deleted', 'edited', 'open'], behind);
  }
});

test('a message that the user has hidden is not the last one, and nothing at or below the join is', async () => {
  const { store, send, hide, ends, work } = chatOfRooms();
  const [first, second] = [await send('channel:a', 'one'), await send('channel:a', 'two')];
  const last = async (above = 0) => (await ends(['channel:a'], above)).get('channel:a')?.message?.text;
  await hide('channel:a', second);
  assert.equal(await last(), 'one');
  store.hides.set('reader channel:a', [second.target]);
  work();
  assert.equal(await last(), 'one');
  assert.equal(await last(first.target), undefined);
  assert.equal(await last(Number.POSITIVE_INFINITY), undefined);
});

test('while MongoDB is away the messages that LOG has are known', async () => {
  const { send, edit, texts, work, log, store } = chatOfRooms();
  await send('channel:a', 'old');
  work();
  log.purge(log.last);
  await edit('channel:b', await send('channel:b', 'b'), 'edited b');
  await send('channel:c', 'c');
  store.up = false;
  assert.deepEqual(await texts(), [null, 'edited b', 'c']);
});

test('a replica that lags is not believed', async () => {
  const { send, remove, ends, log } = chatOfRooms();
  const sent = await send('channel:a', 'secret');
  await remove('channel:a', sent);
  log.replicaLast = sent.target;
  await assert.rejects(ends(), ReadFailed);
});
