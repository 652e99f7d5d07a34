import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerbName } from '../../../../client/verbs.ts';
import { HIDDEN } from '../../../../server/access/rights.ts';
import type { Verb } from '../../../../server/chat/verb.ts';
import { VERBS } from '../../../../server/chat/verbs.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** Verbs that name a room which may be hidden from the caller. */
const ABOUT_ROOMS = (Object.entries(VERBS) as [VerbName, Verb][]).filter(([, { params }]) => 'room' in params);

const NOWHERE = 'group:0190f3a3-0a00-7a11-8b2c-000000000000';

/** Parameters that fit, with users who are members. */
const paramsOf = (verb: Verb, room: string) => ({
  ...verb.example.params,
  room,
  ...('user' in verb.params ? { user: 'bob' } : {}),
  ...('users' in verb.params ? { users: ['bob', 'dan'] } : {}),
  ...('until' in verb.params ? { until: 4_000_000_000_000 } : {}),
});

for (const [name, verb] of ABOUT_ROOMS)
  test(`${name} answers a stranger the same for a room that is not there, and for one of others in any state`, async () => {
    const chat = roomChat();
    const { as, create, refused } = chat;
    const rooms = {
      plain: await create('ann', ['bob']),
      frozen: await create('ann', ['bob']),
      deleted: await create('ann', ['bob']),
      left: await create('ann', ['bob', 'eve']),
      kicked: await create('ann', ['bob', 'eve']),
      banned: await create('ann', ['bob', 'eve']),
      declined: await create('ann', ['bob']),
    };
    await as('ann', 'room.freeze', { room: rooms.frozen, on: true });
    await as('ann', 'room.delete', { room: rooms.deleted });
    await as('eve', 'room.leave', { room: rooms.left });
    await as('ann', 'room.kick', { room: rooms.kicked, user: 'eve' });
    await as('ann', 'room.ban', { room: rooms.banned, user: 'eve' });
    await as('ann', 'room.invite', { room: rooms.declined, users: ['eve'] });
    await as('eve', 'room.decline', { room: rooms.declined });
    const answer = (room: string) => refused('eve', name, paramsOf(verb, room));
    const nowhere = await answer(NOWHERE);
    // A link is the only thing that a stranger may know of a room: without a good one both rooms answer as if it had ended.
    const expected =
      name === 'room.join'
        ? { code: 410, message: 'the link has ended or never was' }
        : { code: HIDDEN.error.code, message: HIDDEN.detail };
    assert.deepEqual(nowhere, expected);
    for (const [state, room] of Object.entries(rooms)) assert.deepEqual(await answer(room), nowhere, state);
    if (name !== 'room.join') return;
    const { link: _, ...without } = paramsOf(verb, NOWHERE) as { readonly link?: string };
    const hidden = { code: HIDDEN.error.code, message: HIDDEN.detail };
    for (const room of [NOWHERE, ...Object.values(rooms)])
      assert.deepEqual(await refused('eve', name, { ...without, room }), hidden);
  });
