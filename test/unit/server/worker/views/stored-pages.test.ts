import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Control, controlBody, typeOfAct } from '../../../../../server/fold/control.ts';
import { foldControl } from '../../../../../server/fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../../../../../server/fold/room-state.ts';
import type { LoggedMessage } from '../../../../../server/room/history-store.ts';
import type { EntryReader, MessageChange, ViewPosition } from '../../../../../server/room/views.ts';
import { StoredPages } from '../../../../../server/worker/views/stored-pages.ts';
import { ViewsFold, type ViewsParts } from '../../../../../server/worker/views/views.ts';
import { created } from '../../../../support/chat/control-log.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

const ROOM = 'group:tea';
const SECOND_US = 1_000_000;
type Act = Exclude<Control, { act: 'unknown' }>;

/** An entry that is stored as many seconds after 1970 as its offset says. */
const stored = (offset: number, type: string, user: string, seen: number, more: Partial<LoggedMessage> = {}) => ({
  room: ROOM,
  epoch: 'e1',
  offset,
  storedAt: offset * SECOND_US,
  type,
  id: `id${offset}`,
  dedupe: '',
  time: offset,
  user,
  client: '',
  traceparent: '',
  cv: 0,
  seen,
  targets: [],
  body: Buffer.from('{}'),
  ...more,
});

function control(offset: number, cv: number, act: Act): LoggedMessage {
  const type = typeOfAct(act.act);
  const body = controlBody({ id: `id${offset}`, cv, by: 'ann', time: offset, control: act }, type);
  return stored(offset, type, 'ann', 0, { cv, body: Buffer.from(JSON.stringify(body)) });
}

/** Entries as the store reads them. */
function reader(entries: readonly LoggedMessage[]): EntryReader & { readonly asked: string[][] } {
  const asked: string[][] = [];
  const between = (after: number, upto: number) => entries.filter(({ offset }) => offset > after && offset <= upto);
  const cutTo = (found: readonly LoggedMessage[], upto: number, limit: number) => {
    const end = found.length < limit ? upto : (found[limit - 1]?.offset ?? upto) - 1;
    return { entries: found.filter(({ offset }) => offset <= end), upto: end };
  };
  return {
    asked,
    readEntries: async (_, types, { after, upto, limit }) =>
      cutTo(
        between(after, upto).filter(({ type }) => types.includes(type)),
        upto,
        limit,
      ),
    readChecked: async (rooms, { after, upto, limit }) => {
      asked.push([...rooms]);
      return cutTo(
        between(after, upto).filter(({ room, cv }) => cv === 0 && rooms.includes(room)),
        upto,
        limit,
      );
    },
  };
}

const members = created({ ann: 'owner', bob: 'member' }) as Act;
const KICK = { act: 'kick', user: 'bob' } as const;

test('messages that an act made void are emptied when MongoDB is folded again', async () => {
  const entries = [
    control(1, 1, members),
    stored(2, 'message', 'bob', 1),
    control(905, 2, KICK),
    stored(906, 'message', 'bob', 1),
    stored(907, 'edit', 'bob', 1, { targets: [2], body: Buffer.from('{"target":2,"of":"id2","text":"void"}') }),
    stored(908, '', 'bob', 0),
    stored(909, 'message', 'ann', 1),
  ];
  for (const at of [0, 900, 905]) {
    let saved: ViewPosition | null = { epoch: 'e1', at };
    const applied: MessageChange[] = [];
    let state: RoomState = NO_ROOM;
    const apply = (controls: Parameters<ViewsParts['store']['applyRooms']>[0]) => {
      for (const { entry } of controls) state = foldControl(state, entry);
    };
    if (at > 0) state = foldControl(state, { offset: 1, cv: 1, id: 'id1', by: 'ann', time: 1, control: members });
    if (at === 905)
      state = foldControl(state, { offset: 905, cv: 2, id: 'id905', by: 'ann', time: 905, control: KICK });
    const store: Partial<ViewsParts['store']> = {
      ...reader(entries),
      readPosition: async () => saved,
      savePosition: async (_, __, to) => {
        saved = to;
        return true;
      },
      applyRooms: async controls => apply(controls),
      applyChanges: async (_, changes) => {
        applied.push(...changes);
        return [];
      },
      room: async () => state,
    };
    const fold = new ViewsFold({
      store: store as ViewsParts['store'],
      storedUpTo: async () => assert.fail(),
      firstKept: async () => 2_000,
      erasing: { look: async () => undefined, run: async () => undefined },
      counts: { begin: () => undefined, step: async () => 0 },
      clock: new ManualClock(),
    });
    const lease = { fold: 'views', partition: 0, epoch: 1, signal: new AbortController().signal };
    await fold.begin({ partition: 0, from: saved, to: { epoch: 'e2', at: 1_500 }, gap: true }, lease);
    assert.deepEqual(saved, { epoch: 'e2', at: 1_500, counted: 0 });
    assert.deepEqual(
      applied.map(({ entry: { type, offset } }) => `${type} ${offset}`),
      ['void 906', 'void 907', 'void 908'],
      `from ${at}`,
    );
  }
});

test('every entry comes once, in order, and rooms are read while an act in them is young', async () => {
  const entries = [
    control(1, 1, members),
    control(2, 2, KICK),
    ...Array.from({ length: 1_000 }, (_, index) => stored(3 + index, index % 3 === 0 ? 'edit' : 'message', 'ann', 2)),
    stored(2_000, 'edit', 'ann', 2),
    stored(2_001, 'message', 'ann', 2),
  ];
  const store = reader(entries);
  const pages = new StoredPages(store, 0);
  await pages.begin(0);
  const found: number[] = [];
  for (let at = 0; at < 2_100; ) {
    const page = await pages.read(at, 2_100);
    assert.ok(page.entries.every(({ offset }) => offset > at && offset <= page.upto));
    found.push(...page.entries.map(({ offset }) => offset));
    at = page.upto;
  }
  const young = entries.filter(({ offset }) => offset < 602).map(({ offset }) => offset);
  assert.deepEqual(found.slice(0, young.length), young);
  assert.deepEqual(
    found,
    [...new Set(found)].sort((a, b) => a - b),
  );
  const later = entries.filter(({ offset, type }) => offset > 602 && type === 'edit').map(({ offset }) => offset);
  assert.ok(later.every(offset => found.includes(offset)));
  assert.equal(found.includes(2_001), false);
  assert.ok(store.asked.length < 10, `${store.asked.length}`);
});
