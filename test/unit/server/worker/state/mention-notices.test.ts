import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid7Source } from '../../../../../client/uuid7.ts';
import type { Digest } from '../../../../../server/bus/last-entry.ts';
import type { Mentions } from '../../../../../server/fold/mentions.ts';
import { NO_PAIR, pairUsers, withContact } from '../../../../../server/fold/pair.ts';
import { FILLED, NOT_FILLED } from '../../../../../server/membership/policy-filled.ts';
import type { UserRoom } from '../../../../../server/membership/room-states.ts';
import { writeUserRoom } from '../../../../../server/membership/user-documents.ts';
import { StoreUnavailable } from '../../../../../server/room/history-store.ts';
import { MentionNotices } from '../../../../../server/worker/state/mention-notices.ts';
import { Notices } from '../../../../../server/worker/state/notices.ts';
import { publishControl } from '../../../../support/chat/control-entries.ts';
import { fillPolicy } from '../../../../support/chat/filled-policy.ts';
import { CREATE, policyFoldBench, ROOM } from '../../../../support/chat/policy-fold-bench.ts';
import { ENTRY_EXAMPLES, shapeOf } from '../../../../support/docs/entry-examples.ts';

const WINDOW_MS = 120_000;
const OPEN = 'channel:open';
type Text = Mentions & { readonly history?: 'All' | 'Joined'; readonly rev?: number };

/** A worker that has folded a group of ann and bob into POLICY, and tells who is mentioned. */
async function bench() {
  const at = await policyFoldBench();
  const { log, policy, clock, writes } = at;
  clock.pass(10 * WINDOW_MS); // ids have a time before it
  await fillPolicy(policy);
  await publishControl(log, ROOM, 1, CREATE);
  await at.run();
  /** Keys of notices as LOG recognises them, with their times. */
  const keys = new Map<string, number>();
  /** MongoDB: it has what is older than a moment. */
  const store = { up: true, asked: 0, pairs: new Map<string, boolean>() };
  const told: string[] = [];
  /** Offsets of entries that wait for MongoDB. */
  const waiting: number[] = [];
  const notices = new Notices({
    log: {
      async publish(inbox, body, { dedupe }) {
        if (clock.wallClock() - (keys.get(dedupe) ?? Number.NEGATIVE_INFINITY) < WINDOW_MS) return;
        keys.set(dedupe, clock.wallClock());
        const entry = JSON.parse(Buffer.from(body).toString()) as object;
        bodies.push(entry);
        told.push(`${inbox.slice('user:'.length)} ${(entry as { offset: number }).offset}`);
      },
    },
    isStored: async (_, { dedupe }) => {
      store.asked += 1;
      return store.up ? keys.has(dedupe) : null;
    },
    waits: waits => void waiting.push(waits.offset),
    writes,
    logTime: async () => ({ now: clock.wallClock(), windowMs: WINDOW_MS }),
  });
  const bodies: object[] = [];
  const away = async () => {
    if (!store.up) throw new StoreUnavailable('switched off');
  };
  const entriesOf = async (room: string) => (await log.readAfter(room, 0, 1_000)).messages;
  const mentions = new MentionNotices({
    policy,
    archive: {
      async room(room) {
        await away();
        return at.archived.get(room) ?? null;
      },
      async roomsOf() {
        await away();
        return new Map();
      },
    },
    pairs: {
      async pair() {
        await away();
        return null;
      },
    },
    log: {
      body: async (_, offset) => (await at.entries()).find(entry => entry.offset === offset)?.body ?? null,
      edits: async (room, target, { after, upto }) =>
        (await entriesOf(room)).filter(
          ({ type, offset, targets }) =>
            type === 'edit' && targets.includes(target) && offset > after && offset <= upto,
        ),
    },
    counting: (room, entries) => at.fold.counting(room, entries),
    notices,
    waits: ({ offset }) => void waiting.push(offset),
  });
  const idOf = uuid7Source(
    () => clock.wallClock(),
    length => crypto.getRandomValues(new Uint8Array(length)),
  );
  const publish = async (
    room: string,
    user: string,
    parts: object,
    content: object,
    { history = 'All' }: Text = {},
  ) => {
    const time = clock.wallClock();
    const entry = { id: idOf(), dedupe: '', time, user, client: '', traceparent: '', targets: [], cv: 0, seen: 0 };
    const envelope = { ...entry, type: 'message', mentions: history, ...parts };
    const { type, id } = envelope;
    const { offset } = await log.publish(room, Buffer.from(JSON.stringify({ type, id, ...content, time })), envelope);
    return { offset, id };
  };
  const send = (users: readonly string[], { history, ...more }: Text = {}, user = 'ann', room = ROOM) =>
    publish(room, user, {}, { text: 'x', mentions: users, ...more }, history ? { history } : {});
  const edit = (
    { offset: target, id: of }: { offset: number; id: string },
    users: readonly string[],
    text: Text = {},
  ) => {
    const { history, ...more } = text;
    const content = { target, of, text: 'y', mentions: users, ...more };
    return publish(ROOM, 'ann', { type: 'edit', targets: [target] }, content, history ? { history } : {});
  };
  const remove = ({ offset: target, id: of }: { offset: number; id: string }) =>
    publish(ROOM, 'ann', { type: 'delete', targets: [target], mentions: undefined }, { targets: [{ target, of }] });
  let done = 0;
  /** Looks at the deletes of a digest. */
  let looks = 0;
  /** Folds what is new, or everything again. @param deleted messages that LAST says are deleted */
  const fold = async ({ again = false, deleted = [] as readonly number[] } = {}) => {
    await at.run();
    const entries = at.withoutBodies(await at.entries()).filter(({ offset }) => again || offset > done);
    const stored = entries.map(entry => ({
      ...entry,
      message: entry.message && { ...entry.message, storedAt: entry.message.time * 1_000 },
    }));
    done = Math.max(done, ...entries.map(({ offset }) => offset));
    const digest: Digest = {
      top: done,
      get deletions() {
        looks += 1;
        return [{ at: done, targets: deleted }];
      },
    };
    await mentions.apply(0, stored, new Map([[ROOM, { revision: 1, value: digest }]]));
  };
  const join = async (user: string, cv: number) =>
    await publishControl(log, ROOM, cv, { act: 'add', users: [{ user, rank: 'member' }] });
  return { ...at, store, told, waiting, bodies, publish, send, edit, remove, fold, join, looked: () => looks };
}

test('members who are mentioned are told once, and nobody else is', async () => {
  const { send, fold, told, bodies } = await bench();
  const { offset, id } = await send(['bob', 'ann', 'stranger']);
  await fold();
  await fold({ again: true });
  assert.deepEqual(told, [`bob ${offset}`]);
  const [{ time, ...body } = { time: 0 }] = bodies as { time: number }[];
  assert.deepEqual(body, { type: 'mention', id, room: ROOM, offset, by: 'ann' });
  const documented = ENTRY_EXAMPLES.filter(({ tags }) => tags.type === 'mention');
  assert.deepEqual(
    documented.map(({ data }) => shapeOf(data)),
    [shapeOf({ ...body, time })],
  );
});

test('a mention of everybody, and one in an inbox, tell nobody', async () => {
  const { send, fold, told } = await bench();
  await send([], { all: true });
  await send(['bob'], {}, 'ann', 'user:ann');
  await fold();
  assert.deepEqual(told, []);
});

test('an edit tells those alone whom no text of the message mentioned before, also much later', async () => {
  const { send, edit, fold, join, clock, told } = await bench();
  await join('eve', 2);
  const sent = await send(['bob']);
  await fold();
  await edit(sent, []);
  await edit(sent, ['eve', 'bob']);
  await fold();
  assert.deepEqual(told, [`bob ${sent.offset}`, `eve ${sent.offset}`]);
  clock.pass(WINDOW_MS * 3);
  await edit(sent, ['eve', 'bob']);
  await fold();
  assert.equal(told.length, 2);
});

test('while MongoDB is away an edit of an old message waits, since it may have told its users', async () => {
  const { send, edit, fold, join, clock, store, told, waiting } = await bench();
  await join('eve', 2);
  const sent = await send(['bob']);
  await fold();
  clock.pass(WINDOW_MS * 3);
  store.up = false;
  const edited = await edit(sent, ['bob', 'eve']);
  const other = await send(['bob']);
  await fold();
  const before = [`bob ${sent.offset}`, `bob ${other.offset}`];
  assert.deepEqual([told, new Set(waiting)], [before, new Set([edited.offset])]);
  store.up = true;
  await fold({ again: true });
  assert.deepEqual(told, [...before, `eve ${sent.offset}`]);
});

test('a fold that begins again tells nobody, also not who has joined since', async () => {
  const { send, fold, join, clock, told, store } = await bench();
  const sent = await send(['bob', 'eve']);
  await fold();
  await join('eve', 2);
  clock.pass(WINDOW_MS * 3);
  await fold({ again: true });
  assert.deepEqual(told, [`bob ${sent.offset}`]);
  assert.equal(store.asked, 1);
});

test('of a deleted message nobody is told', async () => {
  const { send, edit, remove, fold, told } = await bench();
  const [one, other] = [await send(['bob']), await send([])];
  await remove(one);
  await fold();
  await edit(other, ['bob']);
  await fold({ deleted: [other.offset] });
  assert.deepEqual(told, []);
});

test('an edit that lost the race for its revision tells nobody', async () => {
  const { send, edit, fold, told } = await bench();
  const sent = await send([]);
  await edit(sent, [], { rev: sent.offset });
  const lost = await edit(sent, ['bob'], { rev: sent.offset });
  await edit(sent, [], { rev: lost.offset }); // does not count either
  await fold();
  assert.deepEqual(told, []);
  const other = await send([]);
  const first = await edit(other, [], { rev: other.offset + 9 });
  await edit(other, ['bob'], { rev: other.offset });
  await fold();
  assert.deepEqual(told, [`bob ${other.offset}`], `${first.offset} did not count`);
});

test('who may not read the message is not told: by the kind, or as a guest', async () => {
  const { send, edit, fold, join, log, told } = await bench();
  const old = await send([]);
  await join('eve', 2);
  await edit(old, ['eve'], { history: 'Joined' });
  await fold();
  assert.deepEqual(told, []);
  await publishControl(log, ROOM, 3, { act: 'role', user: 'eve', rank: 'guest' });
  await edit(old, ['eve']);
  await fold();
  assert.deepEqual(told, []);
  await publishControl(log, ROOM, 4, { act: 'role', user: 'eve', rank: 'member' });
  await edit(old, ['eve']);
  await fold();
  assert.deepEqual(told, [`eve ${old.offset}`]);
});

for (const blocker of ['ann', 'bob'] as const)
  test(`nobody is told across a block, which ${blocker} has made`, async () => {
    const { send, fold, policy, told, store } = await bench();
    const other = blocker === 'ann' ? 'bob' : 'ann';
    const act = { user: blocker, other, offset: 7, id: 'b', act: 'block', of: 0, ends: 'decline', note: '' } as const;
    const key = { pair: pairUsers('ann', 'bob') };
    await policy.write(key, withContact(NO_PAIR, act), 0);
    await send(['bob']);
    await fold();
    assert.deepEqual(told, []);
    const found = await policy.read(key);
    const undone = withContact(NO_PAIR, { ...act, act: 'unblock', offset: 8 });
    await policy.write(key, undone, found?.revision ?? 0);
    const { offset } = await send(['bob']);
    await fold();
    assert.deepEqual([told, store.asked], [[`bob ${offset}`], 0]);
  });

test('in an open room who has joined is told, and a channel without a state asks for no more than POLICY', async () => {
  const { send, fold, policy, told } = await bench();
  const joined: UserRoom = { state: 'member', rank: 'member', since: 0, cv: 0, kind: 'channel', own: 3 };
  await writeUserRoom(policy, 'eve', OPEN, joined);
  const { offset } = await send(['bob', 'eve'], {}, 'ann', OPEN);
  await fold();
  assert.deepEqual(told, [`eve ${offset}`]);
});

test('while POLICY may lack blocks MongoDB is asked, and while it is away mentions wait', async () => {
  const { send, fold, policy, told, store, waiting } = await bench();
  const found = await policy.read(FILLED);
  await policy.write(FILLED, NOT_FILLED, found?.revision ?? 0);
  store.up = false;
  const { offset } = await send(['bob']);
  await fold();
  assert.deepEqual([told, waiting], [[], [offset]]);
  store.up = true;
  await fold({ again: true });
  assert.deepEqual(told, [`bob ${offset}`]);
});

test('a batch that mentions nobody costs no look at the deletes of its rooms', async () => {
  const { fold, send, publish, looked } = await bench();
  await publish(ROOM, 'ann', { mentions: undefined }, { text: 'x' });
  await fold();
  assert.equal(looked(), 0);
  await send(['bob']);
  await fold();
  assert.ok(looked() > 0);
});
