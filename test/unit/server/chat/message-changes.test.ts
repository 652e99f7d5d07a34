import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageDelete } from '../../../../server/chat/message-delete.ts';
import { messageEdit } from '../../../../server/chat/message-edit.ts';
import { messageList } from '../../../../server/chat/message-list.ts';
import { messageReact } from '../../../../server/chat/message-react.ts';
import { messageSend } from '../../../../server/chat/message-send.ts';
import { callVerb } from '../../../../server/chat/verb.ts';
import { DEFAULTS_BY_ACCESS } from '../../../../server/contract/room-kinds.ts';
import { readEntry } from '../../../../server/fold/entry.ts';
import { RoomFold } from '../../../../server/fold/room-fold.ts';
import type { Items } from '../../../support/chat/folded-items.ts';
import { FreeCall } from '../../../support/chat/free-call.ts';
import { verbChat } from '../../../support/chat/verb-chat.ts';

const ROOM = 'channel:room';

/** A chat in which alice has sent a message. */
async function afterMessage() {
  const chat = verbChat();
  const of = chat.idOf();
  const { offset: target } = (await chat.call(messageSend, { room: ROOM, id: of, text: 'helo' })) as { offset: number };
  const folded = async () => {
    const fold = new RoomFold();
    for (const entry of await chat.entriesOf(ROOM)) {
      const read = readEntry(entry, entry.data);
      if (read) fold.add(read);
    }
    return fold.messages().map(({ text, deleted, reactions }) => ({ text, deleted, reactions }));
  };
  return { ...chat, target, of, folded };
}

test('beside a gateway that masks nothing a message is deleted for its reader alone, and a delete of before is answered', async () => {
  const { call, idOf, target, of, rights } = await afterMessage();
  const mine = { room: ROOM, id: idOf(), targets: [{ target, of }], scope: 'me' };
  const all = { room: ROOM, id: idOf(), targets: [{ target, of }] };
  rights.kept = false;
  await assert.rejects(call(messageDelete, all), /gateways of the release before/);
  await call(messageDelete, mine);
  rights.kept = true;
  const done = (await call(messageDelete, all)) as object;
  rights.kept = false;
  assert.deepEqual(await call(messageDelete, all), { ...done, duplicate: true });
});

test('an edit is an entry of its own, made once, and its author alone makes it', async () => {
  const { call, idOf, target, of, folded } = await afterMessage();
  const edit = { room: ROOM, id: idOf(), target, of, text: 'hello' };
  assert.deepEqual(await call(messageEdit, edit), { offset: 2, epoch: 'first', duplicate: false });
  assert.deepEqual(await call(messageEdit, edit), { offset: 2, epoch: 'first', duplicate: true });
  await assert.rejects(call(messageEdit, { ...edit, id: idOf(), text: 'hacked' }, new FreeCall('eve')), {
    message: 'permission denied: the message is of another user',
  });
  assert.deepEqual(await folded(), [{ text: 'hello', deleted: 0, reactions: [] }]);
});

test('a message that is not there is not changed: both its offset and its id have to fit', async () => {
  const { call, idOf, target, of, log } = await afterMessage();
  const another = idOf();
  const rest = { room: ROOM, text: 'x', emoji: '👍', on: true };
  for (const wrong of [
    { target: target + 1, of },
    { target, of: another },
  ]) {
    const expected = { error: { code: 404 }, message: `the room has no message ${wrong.of} at offset ${wrong.target}` };
    const hasCode = (error: unknown) => {
      const {
        error: { code },
        message,
      } = error as typeof expected;
      assert.deepEqual({ error: { code }, message }, expected);
      return true;
    };
    await assert.rejects(call(messageEdit, { ...rest, id: idOf(), ...wrong }), hasCode);
    await assert.rejects(call(messageReact, { ...rest, id: idOf(), ...wrong }), hasCode);
    await assert.rejects(call(messageDelete, { room: ROOM, id: idOf(), targets: [{ target, of }, wrong] }), hasCode);
  }
  assert.equal(log.last, 1);
});

test('a reaction says what shall be: sent by two devices at once it is there once', async () => {
  const { call, idOf, target, of, folded } = await afterMessage();
  const react = (user: string, on: boolean) =>
    call(messageReact, { room: ROOM, id: idOf(), target, of, emoji: '👍', on }, new FreeCall(user));
  await Promise.all([react('bob', true), react('bob', true), react('eve', true)]);
  await react('eve', false);
  const [message] = await folded();
  assert.deepEqual(
    message?.reactions.map(({ emoji, users }) => [emoji, users.map(({ user }) => user)]),
    [['👍', ['bob']]],
  );
});

test('400 users who react to a message at once share a few reads, and all are answered', async () => {
  const { call, idOf, target, of, folded, log } = await afterMessage();
  log.wait = () => new Promise(resolve => setImmediate(resolve));
  const before = log.asked.length;
  const users = Array.from({ length: 400 }, (_, index) => `user${index}`);
  const react = (user: string) =>
    call(messageReact, { room: ROOM, id: idOf(), target, of, emoji: '👍', on: true }, new FreeCall(user));
  await Promise.all(users.map(react));
  const reads = log.asked.slice(before).filter(request => request !== 'publish');
  assert.ok(reads.length > 0 && reads.length < 20, `${reads.length}: ${reads.join(' ')}`);
  const [message] = await folded();
  assert.equal(message?.reactions[0]?.users.length, 400);
  // A delete that is acknowledged is known to the next reaction, whatever is being read.
  const early = react('early').catch(() => undefined);
  await call(messageDelete, { room: ROOM, id: idOf(), targets: [{ target, of }] });
  await assert.rejects(react('late'), { message: 'the message is deleted' });
  await early;
  assert.deepEqual((await folded())[0]?.reactions, []);
});

test('a delete takes all of its messages, or none if one of them is of another user', async () => {
  const { call, idOf, target, of, folded } = await afterMessage();
  const id = idOf();
  const { offset } = (await call(messageSend, { room: ROOM, id, text: 'mine' }, new FreeCall('bob'))) as {
    offset: number;
  };
  const targets = [
    { target, of },
    { target: offset, of: id },
  ];
  await assert.rejects(call(messageDelete, { room: ROOM, id: idOf(), targets }), { message: /of another user/ });
  await call(messageDelete, { room: ROOM, id: idOf(), targets: targets.slice(0, 1) });
  assert.deepEqual(
    (await folded()).map(({ text, deleted }) => [text, deleted]),
    [
      ['', 3],
      ['mine', 0],
    ],
  );
});

test('what is stored names the messages it is about, a delete also their authors and times', async () => {
  const { call, idOf, target, of, entriesOf, log } = await afterMessage();
  const about = { room: ROOM, target, of };
  await call(messageEdit, { ...about, id: idOf(), text: 'hello' });
  await call(messageReact, { ...about, id: idOf(), emoji: '👍', on: true }, new FreeCall('bob'));
  await call(messageDelete, { room: ROOM, id: idOf(), targets: [{ target, of }] });
  const { messages } = await log.readAfter(ROOM, 0, 10);
  assert.deepEqual(
    messages.map(({ targets }) => targets),
    [[], [target], [target], [target]],
  );
  const [message, , , deletion] = await entriesOf(ROOM);
  const time = message?.data['time'];
  assert.equal(messages[0]?.time, time, 'envelope and body have one time');
  assert.deepEqual(deletion?.data['targets'], [{ target, of, user: 'alice', time }]);
});

test('a hundred messages are deleted at once, however long the ids of their authors are', async () => {
  const { call, idOf } = verbChat();
  const author = new FreeCall('"'.repeat(200));
  const targets = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const of = idOf();
      const { offset } = (await call(messageSend, { room: ROOM, id: of, text: 'a' }, author)) as { offset: number };
      return { target: offset, of };
    }),
  );
  assert.ok(await call(messageDelete, { room: ROOM, id: idOf(), targets }, author));
});

test('a delete that is sent again is a duplicate although its messages are gone; another one answers that they are', async () => {
  const { call, idOf, target, of, log, store } = await afterMessage();
  const targets = [{ target, of }];
  const act = { room: ROOM, id: idOf(), targets };
  assert.deepEqual(await call(messageDelete, act), { offset: 2, epoch: 'first', duplicate: false });
  const gone = { message: /is deleted$/ };
  const check = async () => {
    assert.deepEqual(await call(messageDelete, act), { offset: 2, epoch: 'first', duplicate: true });
    await assert.rejects(call(messageDelete, { ...act, id: idOf() }), gone);
    await assert.rejects(call(messageEdit, { room: ROOM, id: idOf(), target, of, text: 'again' }), gone);
    await assert.rejects(call(messageReact, { room: ROOM, id: idOf(), target, of, emoji: '👍', on: true }), gone);
    await assert.rejects(
      call(messageSend, { room: ROOM, id: idOf(), text: 'x', replyTo: { offset: target, id: of } }),
      gone,
    );
  };
  await check();
  log.purge(1);
  log.blank(target);
  await check();
  assert.equal(store.messages[0]?.type, 'erased');
  assert.equal(log.last, 2);
});

test('a reply names a message of its room, and is stored once with it', async () => {
  const { call, idOf, target, of, entriesOf, log } = await afterMessage();
  const replyTo = { offset: target, id: of };
  const reply = { room: ROOM, id: idOf(), text: 'yes', replyTo };
  assert.deepEqual(await call(messageSend, reply), { offset: 2, epoch: 'first', duplicate: false });
  assert.deepEqual(await call(messageSend, reply), { offset: 2, epoch: 'first', duplicate: true });
  const [, stored] = await entriesOf(ROOM);
  assert.deepEqual([stored?.type, stored?.data['text'], stored?.data['replyTo']], ['message', 'yes', replyTo]);
  for (const wrong of [
    { offset: target + 5, id: of },
    { offset: target, id: idOf() },
  ])
    await assert.rejects(call(messageSend, { ...reply, id: idOf(), replyTo: wrong }), {
      message: `the room has no message ${wrong.id} at offset ${wrong.offset}`,
    });
  await assert.rejects(call(messageSend, { ...reply, id: idOf(), replyTo: { offset: target } }), {
    message: 'replyTo.id must be a UUIDv7 in lower case',
  });
  assert.equal(log.last, 2);
});

test('a reply to a message of another room is refused', async () => {
  const { call, idOf, target, of, log } = await afterMessage();
  const elsewhere = { room: 'channel:other', id: idOf(), text: 'yes', replyTo: { offset: target, id: of } };
  await assert.rejects(call(messageSend, elsewhere), { message: /has no message/ });
  assert.equal(log.last, 1);
});

test('a text has at most as many characters as its kind allows, in a message and in an edit', async () => {
  const rules = { channel: { limits: { textCharacters: 3 } } };
  const { call, idOf } = verbChat({ CHAT_ROOM_RULES: JSON.stringify(rules) });
  const room = ROOM;
  const refusal = {
    error: { code: 107, message: 'bad request' },
    message: 'text must have at most 3 characters (limits.textCharacters of the kind channel)',
  };
  const of = idOf();
  const { offset: target } = (await call(messageSend, { room, id: of, text: '👍👍👍' })) as { offset: number };
  await assert.rejects(call(messageSend, { room, id: idOf(), text: 'long' }), refusal);
  await assert.rejects(call(messageEdit, { room, id: idOf(), target, of, text: 'long' }), refusal);
  await call(messageEdit, { room, id: idOf(), target, of, text: 'abc' });
});

test('a message that was stored under an older limit answers its place when it is sent again', async () => {
  let most = 10;
  const kindOf = () => ({
    ...DEFAULTS_BY_ACCESS.Open,
    limits: { ...DEFAULTS_BY_ACCESS.Open.limits, textCharacters: most },
  });
  const { chat, idOf } = verbChat();
  const params = { room: ROOM, id: idOf(), text: 'ten at most' };
  const send = () => callVerb(messageSend, new FreeCall(), params, { ...chat, kindOf });
  await assert.rejects(send(), { message: /at most 10 characters/ });
  most = 11;
  assert.equal((await send()).duplicate, false);
  most = 10;
  assert.equal((await send()).duplicate, true);
});

test('an author changes a message within the windows of its kind alone', async () => {
  const rules = { channel: { limits: { editSeconds: 60, deleteSeconds: 90 } } };
  const { call, idOf, clock, log } = verbChat({ CHAT_ROOM_RULES: JSON.stringify(rules) });
  const of = idOf();
  const { offset: target } = (await call(messageSend, { room: ROOM, id: of, text: 'helo' })) as { offset: number };
  const edit = () => call(messageEdit, { room: ROOM, id: idOf(), target, of, text: 'hello' });
  const remove = () => call(messageDelete, { room: ROOM, id: idOf(), targets: [{ target, of }] });
  const gone = (message: string) => ({ error: { code: 410, message: 'gone' }, message });
  await clock.passSettling(60_000);
  await edit();
  await clock.passSettling(1);
  await assert.rejects(edit(), gone('the time to edit a message is 60 s (limits.editSeconds of the kind channel)'));
  await clock.passSettling(30_000);
  await assert.rejects(
    remove(),
    gone('the time to delete a message is 90 s (limits.deleteSeconds of the kind channel)'),
  );
  assert.equal(log.last, 2);
});

test('a window of 0 s is closed at once', async () => {
  const rules = { channel: { limits: { editSeconds: 0, deleteSeconds: 0 } } };
  const { call, idOf } = verbChat({ CHAT_ROOM_RULES: JSON.stringify(rules) });
  const of = idOf();
  const { offset: target } = (await call(messageSend, { room: ROOM, id: of, text: 'helo' })) as { offset: number };
  await assert.rejects(call(messageEdit, { room: ROOM, id: idOf(), target, of, text: 'hello' }), /time to edit/);
  await assert.rejects(call(messageDelete, { room: ROOM, id: idOf(), targets: [{ target, of }] }), /time to delete/);
});

test('an edit whose answer was lost answers its place after the window, too', async () => {
  const { call, idOf, clock, target, of } = await afterMessage();
  const edit = { room: ROOM, id: idOf(), target, of, text: 'hello' };
  await call(messageEdit, edit);
  await clock.passSettling(86_400_001);
  assert.equal(((await call(messageEdit, edit)) as { duplicate: boolean }).duplicate, true);
});

const failure = (error: unknown) => {
  const { error: answered, message } = error as {
    readonly error?: { readonly code: number };
    readonly message: string;
  };
  return `${answered?.code} ${message}`;
};
const answerOf = (call: Promise<unknown>) => call.then(() => 'stored', failure);

test('of two edits of one revision one counts, and the other author learns the current revision', async () => {
  const { call, idOf, target, of, folded } = await afterMessage();
  const edit = (text: string, rev: number, id = idOf()) => call(messageEdit, { room: ROOM, id, target, of, text, rev });
  const ids = [idOf(), idOf()];
  const answers = await Promise.all(ids.map(id => answerOf(edit(id, target, id))));
  assert.deepEqual(answers.toSorted(), ['409 the message was edited: its revision is 2', 'stored']);
  const won = ids[answers.indexOf('stored')];
  assert.deepEqual(
    (await folded()).map(({ text }) => text),
    [won],
  );
  assert.equal(await answerOf(edit('late', target)), '409 the message was edited: its revision is 2');
  assert.equal(await answerOf(edit('now', 2)), 'stored');
  assert.deepEqual(
    (await folded()).map(({ text }) => text),
    ['now'],
  );
  // The client does not know the answer to its edit, and sends it again.
  assert.ok(won);
  assert.deepEqual(((await edit(won, target, won)) as { duplicate: boolean }).duplicate, true);
});

test('an edit that another one overtakes on its way to the log is told so, whatever is folded already', async () => {
  for (const applied of [0, 1, 2, 3]) {
    const { call, idOf, target, of, log, store } = await afterMessage();
    const edit = (text: string, rev?: number) =>
      call(messageEdit, { room: ROOM, id: idOf(), target, of, text, ...(rev === undefined ? {} : { rev }) });
    await edit('first');
    log.storeUpTo(log.last);
    store.apply(Math.min(2, applied), Math.min(2, applied));
    const publish = log.publish.bind(log);
    log.publish = async (...parts) => {
      log.publish = publish;
      await edit('overtakes');
      log.storeUpTo(log.last);
      store.apply(applied);
      return await publish(...parts);
    };
    assert.equal(await answerOf(edit('second', 2)), '409 the message was edited: its revision is 3');
  }
});

test('a deleted message takes no edit, no reaction and no second delete', async () => {
  const { call, idOf, target, of } = await afterMessage();
  const remove = { room: ROOM, id: idOf(), targets: [{ target, of }] };
  await call(messageDelete, remove);
  const about = { room: ROOM, target, of };
  const gone = '410 the message is deleted';
  assert.equal(await answerOf(call(messageEdit, { ...about, id: idOf(), text: 'again' })), gone);
  assert.equal(await answerOf(call(messageReact, { ...about, id: idOf(), emoji: '👍', on: true })), gone);
  assert.equal(await answerOf(call(messageDelete, { ...remove, id: idOf() })), gone);
  assert.deepEqual(await call(messageDelete, remove), { offset: 2, epoch: 'first', duplicate: true });
});

test('a message takes so many different emoji; one that is there, and taking one away, is always possible', async () => {
  const { call, idOf, target, of } = await afterMessage();
  const react = (emoji: string, on = true, user = 'bob') =>
    answerOf(call(messageReact, { room: ROOM, id: idOf(), target, of, emoji, on }, new FreeCall(user)));
  for (let emoji = 0; emoji < 20; emoji++) assert.equal(await react(`e${emoji}`), 'stored');
  const refused = '106 a message must have at most 20 different emoji (limits.emojiPerMessage of the kind channel)';
  assert.equal(await react('e20'), refused);
  assert.equal(await react('e19', true, 'eve'), 'stored');
  assert.equal(await react('e0', false), 'stored');
  assert.equal(await react('e20'), 'stored');
});

test('a message that a user hides is left out for that user alone, from the inbox and then from MongoDB', async () => {
  const { call, idOf, target, of, log, store, clock } = await afterMessage();
  const send = (text: string) =>
    call(messageSend, { room: ROOM, id: idOf(), text }) as unknown as Promise<{ offset: number }>;
  const { offset: second } = await send('second');
  const texts = async (user: string, params: object = {}) => {
    clock.pass(1_001);
    const { items } = (await call(messageList, { room: ROOM, ...params }, new FreeCall(user))) as unknown as Items;
    return items.map(({ text }) => text);
  };
  const hide = (user: string, offset: number, id: string) =>
    call(
      messageDelete,
      { room: ROOM, id: idOf(), targets: [{ target: offset, of: id }], scope: 'me' },
      new FreeCall(user),
    );
  await hide('bob', target, of);
  assert.equal(await answerOf(hide('bob', second, of)), `404 the room has no message ${of} at offset ${second}`);
  assert.deepEqual(await texts('bob'), ['second']);
  assert.deepEqual(await texts('eve'), ['helo', 'second']);
  // A page of hidden messages alone is not the end.
  await send('third');
  assert.deepEqual(await texts('bob', { limit: 1, after: 0 }), ['second']);
  log.storeUpTo(log.last);
  store.apply(log.last);
  store.hides.set(`bob ${ROOM}`, [target]);
  log.purge(log.last);
  assert.deepEqual(await texts('bob'), ['second', 'third']);
});
